package hubproto

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"strings"
	"time"
)

// errEndOfStream says that a record ends inside a value (MP-17).
var errEndOfStream = &ProtocolError{name: nameEndOfStream, text: "Attempted to read past the end of the stream."}

var errBehind = errors.New("bytes after the value")

// packKind is what a MessagePack value is, whatever form it has.
type packKind uint8

const (
	packNil packKind = iota
	packBool
	packUnsigned // every integer that is not negative
	packNegative
	packFloat32
	packFloat64
	packString
	packBinary
	packArray
	packMap
	packExt
)

// packHead is the head of a value, all of it but for bytes and elements.
type packHead struct {
	kind packKind
	code byte // the first byte
	ext  int8
	// bits is a bool, an integer in two's complement, the bits of a float, or
	// how many bytes, elements or members follow. That many bytes at least are
	// really there.
	bits uint64
}

// unpacker walks MessagePack values. It never copies.
type unpacker struct {
	data []byte
	pos  int
}

func (u *unpacker) left() int { return len(u.data) - u.pos }

// null consumes a nil if it comes next.
func (u *unpacker) null() bool {
	if u.left() == 0 || u.data[u.pos] != codeNil {
		return false
	}
	u.pos++
	return true
}

// head consumes the head of the next value. The elements or bytes behind it
// are for the caller to consume.
func (u *unpacker) head() (packHead, error) {
	if u.left() == 0 {
		return packHead{}, errEndOfStream
	}
	code := u.data[u.pos]
	u.pos++
	switch h := (packHead{code: code}); {
	case code < codeFixMap:
		h.kind, h.bits = packUnsigned, uint64(code)
		return h, nil
	case code < codeFixArray:
		return u.sized(h, packMap, uint64(code-codeFixMap))
	case code < codeFixString:
		return u.sized(h, packArray, uint64(code-codeFixArray))
	case code < codeNil:
		return u.sized(h, packString, uint64(code-codeFixString))
	case code >= firstNegative:
		return signed(h, int64(int8(code))), nil
	default:
		return u.longHead(h)
	}
}

// longHead reads the heads whose numbers have bytes of their own.
func (u *unpacker) longHead(h packHead) (packHead, error) {
	code := h.code
	switch {
	case code == codeNil:
		return h, nil
	case code == codeNever:
		return h, unexpected(code)
	case code <= codeTrue:
		h.kind, h.bits = packBool, uint64(code-codeFalse)
		return h, nil
	case code < codeExt8:
		return u.counted(h, packBinary, 1<<(code-codeBinary8))
	case code < codeFloat32:
		return u.counted(h, packExt, 1<<(code-codeExt8))
	case code < codeFixExt1:
		return u.numeric(h)
	case code < codeString8:
		return u.sized(h, packExt, 1<<(code-codeFixExt1))
	case code < codeArray16:
		return u.counted(h, packString, 1<<(code-codeString8))
	case code < codeMap16:
		return u.counted(h, packArray, 2<<(code-codeArray16))
	default:
		return u.counted(h, packMap, 2<<(code-codeMap16))
	}
}

func (u *unpacker) numeric(h packHead) (packHead, error) {
	var err error
	switch code := h.code; {
	case code == codeFloat32:
		h.kind = packFloat32
		h.bits, err = u.number(4)
	case code == codeFloat64:
		h.kind = packFloat64
		h.bits, err = u.number(8)
	case code < codeInt8:
		h.kind = packUnsigned
		h.bits, err = u.number(1 << (code - codeUint8))
	default:
		width := 1 << (code - codeInt8)
		h.bits, err = u.number(width)
		unused := 64 - 8*width
		h = signed(h, int64(h.bits<<unused)>>unused)
	}
	return h, err
}

func signed(h packHead, n int64) packHead {
	h.kind, h.bits = packUnsigned, uint64(n)
	if n < 0 {
		h.kind = packNegative
	}
	return h
}

// counted reads the length of what follows, and sizes it.
func (u *unpacker) counted(h packHead, kind packKind, width int) (packHead, error) {
	n, err := u.number(width)
	if err != nil {
		return h, err
	}
	return u.sized(h, kind, n)
}

// sized makes sure that as many bytes are there as n bytes, elements or members
// take at least, so that nobody allocates for what is only announced (MP-26).
func (u *unpacker) sized(h packHead, kind packKind, n uint64) (packHead, error) {
	h.kind, h.bits = kind, n
	switch kind {
	case packMap:
		n *= 2
	case packExt:
		n++ // its type
	default: // one byte at least for each of n
	}
	if n > uint64(u.left()) {
		return h, errEndOfStream
	}
	if kind == packExt {
		h.ext = int8(u.data[u.pos])
		u.pos++
	}
	return h, nil
}

// number reads an unsigned number of 1, 2, 4 or 8 bytes.
func (u *unpacker) number(width int) (uint64, error) {
	if u.left() < width {
		return 0, errEndOfStream
	}
	data := u.data[u.pos:]
	u.pos += width
	switch width {
	case 1:
		return uint64(data[0]), nil
	case 2:
		return uint64(binary.BigEndian.Uint16(data)), nil
	case 4:
		return uint64(binary.BigEndian.Uint32(data)), nil
	default:
		return binary.BigEndian.Uint64(data), nil
	}
}

// bytes consumes the bytes of a string, bin or extension. head made sure that
// they are there.
func (u *unpacker) bytes(h packHead) []byte {
	end := u.pos + int(h.bits)
	data := u.data[u.pos:end:end]
	u.pos = end
	return data
}

// text consumes the bytes of a string. Broken UTF-8 is replaced, as in .NET.
func (u *unpacker) text(h packHead) string {
	return strings.ToValidUTF8(string(u.bytes(h)), "\uFFFD")
}

// skip consumes one value, however deep it nests.
func (u *unpacker) skip() error {
	for pending := uint64(1); pending > 0; pending-- {
		h, err := u.head()
		if err != nil {
			return err
		}
		switch h.kind {
		case packString, packBinary, packExt:
			u.bytes(h)
		case packArray:
			pending += h.bits
		case packMap:
			pending += 2 * h.bits
		default: // read with its head
		}
	}
	return nil
}

// instant consumes the bytes of one of the three timestamp forms (MP-22).
func (u *unpacker) instant(h packHead) (time.Time, error) {
	data := u.bytes(h)
	var seconds int64
	var nanoseconds uint64
	switch {
	case h.ext == extTimestamp && len(data) == 4:
		seconds = int64(binary.BigEndian.Uint32(data))
	case h.ext == extTimestamp && len(data) == 8:
		both := binary.BigEndian.Uint64(data)
		seconds, nanoseconds = int64(both&(1<<34-1)), both>>34
	case h.ext == extTimestamp && len(data) == 12:
		seconds, nanoseconds = int64(binary.BigEndian.Uint64(data[4:])), uint64(binary.BigEndian.Uint32(data))
	default:
		return time.Time{}, fmt.Errorf("extension %d of %d bytes is no timestamp", h.ext, len(data))
	}
	if nanoseconds >= uint64(time.Second) {
		return time.Time{}, fmt.Errorf("timestamp with %d nanoseconds", nanoseconds)
	}
	return time.Unix(seconds, int64(nanoseconds)).UTC(), nil
}

// float returns a number as a float (MP-25); ok is false if it is none.
func (h packHead) float() (f float64, ok bool) {
	switch h.kind {
	case packUnsigned:
		return float64(h.bits), true
	case packNegative:
		return float64(int64(h.bits)), true
	case packFloat32:
		return float64(math.Float32frombits(uint32(h.bits))), true
	case packFloat64:
		return math.Float64frombits(h.bits), true
	default:
		return 0, false
	}
}

// integer returns a number as an int64; ok is false if it is none, or larger.
func (h packHead) integer() (n int64, ok bool) {
	switch h.kind {
	case packUnsigned:
		return int64(h.bits), h.bits <= math.MaxInt64
	case packNegative:
		return int64(h.bits), true
	default:
		return 0, false
	}
}

// checkPacked makes sure that data is exactly one value.
func checkPacked(data []byte) error {
	u := unpacker{data: data}
	if err := u.skip(); err != nil {
		return err
	}
	if u.left() > 0 {
		return errBehind
	}
	return nil
}

func unexpected(code byte) error {
	return &ProtocolError{
		name: nameMessagePack,
		text: fmt.Sprintf("Unexpected msgpack code %d (%s) encountered.", code, formatName(code)),
	}
}
