package hubproto

// MessageType is the number that stands first in every hub message.
type MessageType int

// The message types (HubProtocol.md).
const (
	TypeInvocation       MessageType = 1
	TypeStreamItem       MessageType = 2
	TypeCompletion       MessageType = 3
	TypeStreamInvocation MessageType = 4
	TypeCancelInvocation MessageType = 5
	TypePing             MessageType = 6
	TypeClose            MessageType = 7
	TypeAck              MessageType = 8
	TypeSequence         MessageType = 9
)

// String returns the name of the message type in HubProtocol.md.
func (t MessageType) String() string {
	names := [...]string{
		"Unknown", "Invocation", "StreamItem", "Completion", "StreamInvocation", "CancelInvocation", "Ping", "Close", "Ack", "Sequence",
	}
	if t < 0 || int(t) >= len(names) {
		return names[0]
	}
	return names[t]
}

// Raw is one value (an argument, an item, a result) in the encoding of the
// codec that made it. A Raw that came from Codec.Parse aliases the record.
type Raw []byte

// Message is one of the nine message structs of this package, by pointer.
type Message interface {
	Type() MessageType
}

// Invocation calls a method. With an empty InvocationID nobody waits for an
// answer. Type StreamInvocation is the same with Stream set (JSON-20).
type Invocation struct {
	Headers      map[string]string
	InvocationID string
	Target       string
	Arguments    []Raw
	StreamIDs    []string
	Stream       bool
	// ArgumentsError says why a received invocation has no arguments at all. It
	// fails that invocation only, not the connection (MP-18).
	ArgumentsError error
}

// StreamItem carries one item of a running stream, in either direction.
type StreamItem struct {
	Headers      map[string]string
	InvocationID string
	Item         Raw
}

// Completion ends an invocation or a stream: with an Error, with a Result
// (HasResult; a null result is a result), or with neither.
type Completion struct {
	Headers      map[string]string
	InvocationID string
	Result       Raw
	HasResult    bool
	Error        string
	HasError     bool
}

// CancelInvocation asks the other side to end a stream.
type CancelInvocation struct {
	Headers      map[string]string
	InvocationID string
}

// Ping keeps a quiet connection alive.
type Ping struct{}

// Close is the last message of a connection.
type Close struct {
	Error          string
	HasError       bool
	AllowReconnect bool
}

// Ack confirms all numbered messages up to SequenceID (stateful reconnect).
type Ack struct{ SequenceID int64 }

// Sequence announces the number of the next message (stateful reconnect).
type Sequence struct{ SequenceID int64 }

// Type is TypeInvocation, or TypeStreamInvocation with Stream set.
func (m *Invocation) Type() MessageType {
	if m.Stream {
		return TypeStreamInvocation
	}
	return TypeInvocation
}

// Type is TypeStreamItem.
func (*StreamItem) Type() MessageType { return TypeStreamItem }

// Type is TypeCompletion.
func (*Completion) Type() MessageType { return TypeCompletion }

// Type is TypeCancelInvocation.
func (*CancelInvocation) Type() MessageType { return TypeCancelInvocation }

// Type is TypePing.
func (*Ping) Type() MessageType { return TypePing }

// Type is TypeClose.
func (*Close) Type() MessageType { return TypeClose }

// Type is TypeAck.
func (*Ack) Type() MessageType { return TypeAck }

// Type is TypeSequence.
func (*Sequence) Type() MessageType { return TypeSequence }
