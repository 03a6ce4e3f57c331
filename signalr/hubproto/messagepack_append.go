package hubproto

import (
	"maps"
	"slices"
)

// The resultKind of a Completion (MP-08).
const (
	resultError = 1
	resultVoid  = 2
	resultValue = 3
)

// Append appends m with its length before it, the items in their order (MP-05
// to MP-14). An argument, item or result that is nil is written as nil.
func (*MessagePack) Append(dst []byte, m Message) []byte {
	start := len(dst)
	p := packer{buf: append(dst, 0)} // most messages have a length of one byte
	p.message(m)
	return prefixed(p.buf, start)
}

// prefixed writes the length of the message that begins behind the byte at
// start, and moves the message if that takes more than the byte.
func prefixed(buf []byte, start int) []byte {
	body := buf[start+1:]
	length := len(body)
	var prefix [maxPrefix]byte
	size := 0
	for n := uint32(length); ; n >>= 7 {
		prefix[size] = byte(n & 0x7f)
		size++
		if n < 0x80 {
			break
		}
		prefix[size-1] |= 0x80
	}
	if size > 1 {
		buf = append(buf, prefix[1:size]...) // room; the bytes do not matter yet
		copy(buf[start+size:], buf[start+1:start+1+length])
	}
	copy(buf[start:], prefix[:size])
	return buf
}

func (p *packer) message(m Message) {
	switch m := m.(type) {
	case *Invocation:
		p.invocation(m)
	case *StreamItem:
		p.open(4, m, m.Headers)
		p.text(m.InvocationID)
		p.raw(m.Item)
	case *Completion:
		p.completion(m)
	case *CancelInvocation:
		p.open(3, m, m.Headers)
		p.text(m.InvocationID)
	case *Close:
		p.array(3)
		p.unsigned(uint64(TypeClose))
		p.optional(m.Error)
		p.boolean(m.AllowReconnect)
	case *Ack:
		p.numbered(TypeAck, m.SequenceID)
	case *Sequence:
		p.numbered(TypeSequence, m.SequenceID)
	case *Ping:
		p.array(1)
		p.unsigned(uint64(TypePing))
	}
}

func (p *packer) invocation(m *Invocation) {
	p.open(6, m, m.Headers)
	p.optional(m.InvocationID)
	p.text(m.Target)
	p.array(len(m.Arguments))
	for _, argument := range m.Arguments {
		p.raw(argument)
	}
	p.array(len(m.StreamIDs))
	for _, id := range m.StreamIDs {
		p.text(id)
	}
}

func (p *packer) completion(m *Completion) {
	items := 5
	if !m.HasError && !m.HasResult {
		items = 4
	}
	p.open(items, m, m.Headers)
	p.text(m.InvocationID)
	switch {
	case m.HasError:
		p.unsigned(resultError)
		p.text(m.Error)
	case m.HasResult:
		p.unsigned(resultValue)
		p.raw(m.Result)
	default:
		p.unsigned(resultVoid)
	}
}

// open opens a message of that many items and writes the first two.
func (p *packer) open(items int, m Message, headers map[string]string) {
	p.array(items)
	p.unsigned(uint64(m.Type()))
	p.members(len(headers))
	if len(headers) == 0 {
		return
	}
	for _, name := range slices.Sorted(maps.Keys(headers)) {
		p.text(name)
		p.text(headers[name])
	}
}

func (p *packer) numbered(t MessageType, id int64) {
	p.array(2)
	p.unsigned(uint64(t))
	p.integer(id)
}

// optional writes nil for an empty text (MP-05, MP-12).
func (p *packer) optional(s string) {
	if s == "" {
		p.null()
		return
	}
	p.text(s)
}
