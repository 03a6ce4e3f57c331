package ws

import (
	"encoding/binary"
	"math"

	"github.com/gobwas/ws"
)

// Opcode says what a frame carries.
type Opcode byte

// The opcodes of RFC 6455, section 11.8.
const (
	continuation Opcode = 0x0
	Text         Opcode = 0x1
	Binary       Opcode = 0x2
	Close        Opcode = 0x8
	Ping         Opcode = 0x9
	Pong         Opcode = 0xA
)

// String returns the opcode's name.
func (op Opcode) String() string {
	switch op {
	case continuation:
		return "continuation"
	case Text:
		return "text"
	case Binary:
		return "binary"
	case Close:
		return "close"
	case Ping:
		return "ping"
	case Pong:
		return "pong"
	default:
		return "reserved"
	}
}

// MaxHeader is the most that AppendFrame adds to a payload, in bytes.
const MaxHeader = 10

// AppendFrame appends one whole unmasked frame, as a server sends it, to dst.
// It is the same for every receiver, so it can be made once and shared.
func AppendFrame(dst []byte, op Opcode, payload []byte) []byte {
	return append(appendHeader(dst, op, len(payload), nil), payload...)
}

// NextFrame takes the first frame off bytes that AppendFrame made. It is for
// those who send the payloads by other ways than a WebSocket.
func NextFrame(frames []byte) (op Opcode, payload, rest []byte) {
	const head = 2
	size, start := uint64(frames[1]), head
	switch size {
	case length16:
		size, start = uint64(binary.BigEndian.Uint16(frames[head:])), head+2
	case length64:
		size, start = binary.BigEndian.Uint64(frames[head:]), head+8
	}
	payload, rest = frames[start:][:size], frames[start:][size:]
	return Opcode(frames[0] &^ finalBit), payload, rest
}

// AppendClose appends an unmasked Close frame with a code and a reason, cut
// to what a control frame can hold.
func AppendClose(dst []byte, code Code, reason string) []byte {
	return AppendFrame(dst, Close, closePayload(code, reason))
}

// appendMasked appends one whole masked frame, as a client sends it.
func appendMasked(dst []byte, op Opcode, payload []byte) []byte {
	mask := ws.NewMask()
	dst = append(appendHeader(dst, op, len(payload), &mask), payload...)
	ws.Cipher(dst[len(dst)-len(payload):], mask, 0)
	return dst
}

// parseHeader reads the header at the beginning of b and returns its size; 0
// if it is not whole yet.
func parseHeader(b []byte) (head ws.Header, size int, err error) {
	if len(b) < 2 {
		return head, 0, nil
	}
	head = ws.Header{
		Fin: b[0]&finalBit != 0, Rsv: b[0] & reservedBits >> 4, OpCode: ws.OpCode(b[0] & opcodeBits),
		Masked: b[1]&maskBit != 0, Length: int64(b[1] &^ maskBit),
	}
	size = headerSize(head)
	if len(b) < size {
		return head, 0, nil
	}
	switch head.Length {
	case length16:
		head.Length = int64(binary.BigEndian.Uint16(b[2:]))
	case length64:
		length := binary.BigEndian.Uint64(b[2:])
		if length > math.MaxInt64 {
			return head, size, ws.ErrHeaderLengthMSB
		}
		head.Length = int64(length)
	}
	if head.Masked {
		copy(head.Mask[:], b[size-len(head.Mask):])
	}
	return head, size, nil
}

// headerSize is how long a header is that begins like that.
func headerSize(head ws.Header) int {
	size := 2
	switch head.Length {
	case length16:
		size += 2
	case length64:
		size += 8
	}
	if head.Masked {
		size += len(head.Mask)
	}
	return size
}

const (
	finalBit     = 0x80
	reservedBits = 0x70
	opcodeBits   = 0x0F
	maskBit      = 0x80
	length16     = 126 // the payload's length stands in the next two bytes
	length64     = 127 // ... in the next eight
)

func appendHeader(dst []byte, op Opcode, size int, mask *[4]byte) []byte {
	var masked byte
	if mask != nil {
		masked = maskBit
	}
	dst = append(dst, finalBit|byte(op))
	switch {
	case size < length16:
		dst = append(dst, masked|byte(size&0x7F))
	case size <= 0xFFFF:
		dst = append(dst, masked|length16)
		dst = binary.BigEndian.AppendUint16(dst, uint16(size&0xFFFF))
	default:
		dst = append(dst, masked|length64)
		dst = binary.BigEndian.AppendUint64(dst, uint64(size))
	}
	if mask != nil {
		dst = append(dst, mask[:]...)
	}
	return dst
}
