package signalr

// Delivery says how a message may be treated in the queue of a client that is
// slow. It changes nothing for the others: a queue exists only while a client
// does not take what is there. The zero value keeps the order of all messages.
type Delivery struct {
	// Key names what the message is ordered within. Default is what the target
	// names: its group, user or connection, the first of several. Messages with
	// one key reach a client in the order of their sending, whatever else is
	// said here, but that Conflate and Logged leave some out.
	Key string
	// Urgent moves the message ahead of all that is not urgent and waits for
	// the same client. What its key has in the queue moves with it, in order.
	Urgent bool
	// Conflate lets the message take the place of the one before it of the same
	// key, if that has Conflate too and still waits: only the newest of such
	// neighbours is sent. It is for messages that each tell a whole state. An
	// argument that is [Conflatable] tells the receiver how many were left out.
	Conflate bool
	// Logged says that the receiver can be given the message again from
	// elsewhere. If it does not fit into a queue, that queue drops all that it
	// has of the key instead of ending the connection, and no more of the key
	// is queued there until [Caller.Forget]; [Hub.NextOverflow] tells of it.
	Logged bool
	// Position is what the receiver has of the key before this message, in the
	// application's own count: [Overflow] and [Conflatable] give it back. The
	// server does not look at it.
	Position uint64
}

// With returns the same target with another treatment of what is sent to it.
func (t Target) With(d Delivery) Target {
	t.delivery = d
	return t
}

// key is what messages are ordered within: a name that the sender chose, or
// what their target names.
type key struct {
	kind targetKind
	name string
}

// handling is how a connection's queue treats one message.
type handling struct {
	key      key // the zero key is none
	urgent   bool
	conflate bool
	logged   bool
	numbered bool // stateful reconnect counts it (SR-02)
	position uint64
	again    *again // nil if conflation does not change what is sent
}

// How a connection's own frames are treated.
//
//nolint:gochecknoglobals // constants that Go cannot write as such
var (
	asAnswer  = &handling{numbered: true} // Completions and StreamItems
	asControl = &handling{}               // what has no number: Pings, Acks, Pongs, the handshake
)

// handling is that of what is sent to the target.
func (t Target) handling() handling {
	h := handling{
		urgent: t.delivery.Urgent, conflate: t.delivery.Conflate, logged: t.delivery.Logged,
		numbered: true, position: t.delivery.Position,
	}
	switch {
	case t.delivery.Key != "":
		h.key = key{toKey, t.delivery.Key}
	case len(t.names) > 0:
		h.key = key{t.kind, t.names[0]}
	default:
		h.key = key{kind: toAll}
	}
	return h
}
