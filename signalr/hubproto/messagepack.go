package hubproto

import "bytes"

// MessagePackOptions configures the MessagePack protocol. nil means all
// defaults.
type MessagePackOptions struct {
	// Marshal replaces the encoder of values. It returns exactly one MessagePack
	// value. nil is the encoding that [MessagePack.Marshal] describes.
	Marshal func(v any) ([]byte, error)
	// Unmarshal replaces the decoder of values. It must not keep data. nil is
	// the strict reading that [MessagePack.Unmarshal] describes.
	Unmarshal func(data []byte, v any) error
}

// MessagePackMarshaler is for types with a MessagePack form of their own.
// MessagePack.Marshal helps to make it of simpler values.
type MessagePackMarshaler interface {
	// MarshalMessagePack returns exactly one MessagePack value.
	MarshalMessagePack() ([]byte, error)
}

// MessagePackUnmarshaler is for types with a MessagePack form of their own.
// MessagePack.Unmarshal helps to read it as simpler values.
type MessagePackUnmarshaler interface {
	// UnmarshalMessagePack reads data, one MessagePack value, perhaps nil. It
	// must not keep data.
	UnmarshalMessagePack(data []byte) error
}

// MessagePack is the protocol "messagepack". NewMessagePack makes one.
type MessagePack struct {
	marshal   func(v any) ([]byte, error)
	unmarshal func(data []byte, v any) error
}

// NewMessagePack returns the MessagePack protocol.
func NewMessagePack(o *MessagePackOptions) *MessagePack {
	c := &MessagePack{marshal: packValue, unmarshal: unpackValue}
	if o != nil && o.Marshal != nil {
		c.marshal = checkedMarshal(o.Marshal)
	}
	if o != nil && o.Unmarshal != nil {
		c.unmarshal = o.Unmarshal
	}
	return c
}

// checkedMarshal refuses what would break the message around the value.
func checkedMarshal(marshal func(any) ([]byte, error)) func(any) ([]byte, error) {
	return func(v any) ([]byte, error) {
		data, err := marshal(v)
		if err == nil {
			err = checkPacked(data)
		}
		return data, err
	}
}

// Name is "messagepack".
func (*MessagePack) Name() string { return "messagepack" }

// Binary is true: messages travel in binary frames (WS-05).
func (*MessagePack) Binary() bool { return true }

// maxPrefix is how many bytes the length before a message may have (MP-01).
const maxPrefix = 5

// errTooLong says that a message announces more than 0x7FFFFFFF bytes (MP-02).
var errTooLong = &ProtocolError{name: nameFormat, text: "Messages over 2GB in size are not supported."}

// Next splits the first message off data. The record comes without the length
// that stands before it, and may be empty. The error is a *SizeError as soon
// as more than limit bytes are there and the first limit of them hold no whole
// message (SIZE-02), or a *ProtocolError for a length that cannot be (MP-02).
func (*MessagePack) Next(data []byte, limit int) (record, rest []byte, err error) {
	window := data
	if limit > 0 && len(data) > limit {
		window = data[:limit]
	}
	length, prefix, err := readVarInt(window)
	if err != nil {
		return nil, data, err
	}
	if prefix > 0 && uint64(length) <= uint64(len(window)-prefix) {
		end := prefix + int(length)
		return data[prefix:end:end], data[end:], nil
	}
	if len(window) < len(data) {
		return nil, data, &SizeError{Limit: limit}
	}
	return nil, data, nil
}

// readVarInt reads a length and how many bytes it takes, which is 0 while they
// are not all there.
func readVarInt(data []byte) (length uint32, size int, err error) {
	for i, b := range data[:min(len(data), maxPrefix)] {
		if i == maxPrefix-1 && b > 7 { // beyond 31 bits, or going on
			return 0, 0, errTooLong
		}
		length |= uint32(b&0x7f) << (7 * i)
		if b < 0x80 {
			return length, i + 1, nil
		}
	}
	return 0, 0, nil
}

// Marshal encodes one value (MP-19 to MP-24):
//
//   - a struct is a map of its exported members, named by their `msgpack` tag
//     or by the Go field's name, exactly so written. The tag "-" leaves a member
//     out; the options omitempty and omitzero mean what they do in
//     encoding/json. Untagged embedded structs give their members to the outer;
//   - []byte is bin, time.Time the timestamp extension, json.Number a number,
//     a nil pointer, slice, map or interface nil. Maps are sorted by key;
//   - a MessagePackMarshaler writes itself; other types that are an
//     encoding.TextMarshaler are strings, so that an enum goes by its name;
//   - integers take the smallest form, positive ones an unsigned one.
//
// A Raw stands for itself. Values that nest deeper than 500, as cyclic ones
// do, cannot be encoded. An error is a *ValueError.
func (c *MessagePack) Marshal(v any) (Raw, error) {
	if raw, ok := v.(Raw); ok {
		return raw, nil
	}
	data, err := c.marshal(v)
	if err != nil {
		return nil, &ValueError{Op: "marshal", Err: err, name: nameMessagePack}
	}
	return data, nil
}

// Unmarshal decodes one value into what v points to, without coercion: an
// integer takes integers that fit, in any form, and no floats; a float takes
// integers too (MP-24, MP-25); a string takes no bin; an enum that is an
// encoding.TextUnmarshaler takes no number (MP-20). []byte also takes strings
// and arrays of bytes (MP-21), an array only as many elements as it has. nil
// is taken by pointers, strings, slices, maps, structs, interfaces and by types
// that decode themselves. Member names are compared in their case, unknown ones
// skipped (MP-19).
//
// In an untyped value integers become int64, or uint64 if they do not fit,
// floats float64, bin []byte, arrays []any, timestamps time.Time in UTC, and
// maps, which must have strings for keys, map[string]any.
//
// A *Raw gets a copy of raw. Values that nest deeper than 500 are refused. An
// error is a *ValueError.
func (c *MessagePack) Unmarshal(raw Raw, v any) error {
	if into, ok := v.(*Raw); ok {
		*into = bytes.Clone(raw)
		return nil
	}
	if err := c.unmarshal(raw, v); err != nil {
		return &ValueError{Op: "unmarshal", Err: err, name: nameMessagePack}
	}
	return nil
}

var _ Codec = (*MessagePack)(nil)
