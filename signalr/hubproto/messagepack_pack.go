package hubproto

import (
	"encoding/binary"
	"math"
	"time"
)

// packer appends MessagePack values, each in its smallest form.
type packer struct{ buf []byte }

func (p *packer) null() { p.buf = append(p.buf, codeNil) }

func (p *packer) boolean(b bool) {
	if b {
		p.buf = append(p.buf, codeTrue)
		return
	}
	p.buf = append(p.buf, codeFalse)
}

func (p *packer) unsigned(n uint64) {
	switch {
	case n < codeFixMap:
		p.buf = append(p.buf, byte(n))
	case n <= math.MaxUint8:
		p.buf = append(p.buf, codeUint8, byte(n))
	case n <= math.MaxUint16:
		p.buf = binary.BigEndian.AppendUint16(append(p.buf, codeUint8+1), uint16(n))
	case n <= math.MaxUint32:
		p.buf = binary.BigEndian.AppendUint32(append(p.buf, codeUint8+2), uint32(n))
	default:
		p.buf = binary.BigEndian.AppendUint64(append(p.buf, codeUint8+3), n)
	}
}

// integer writes what is not negative as unsigned (MP-24).
func (p *packer) integer(n int64) {
	switch {
	case n >= 0:
		p.unsigned(uint64(n))
	case n >= -32:
		p.buf = append(p.buf, byte(n))
	case n >= math.MinInt8:
		p.buf = append(p.buf, codeInt8, byte(n))
	case n >= math.MinInt16:
		p.buf = binary.BigEndian.AppendUint16(append(p.buf, codeInt8+1), uint16(n))
	case n >= math.MinInt32:
		p.buf = binary.BigEndian.AppendUint32(append(p.buf, codeInt8+2), uint32(n))
	default:
		p.buf = binary.BigEndian.AppendUint64(append(p.buf, codeInt8+3), uint64(n))
	}
}

func (p *packer) float32(f float32) {
	p.buf = binary.BigEndian.AppendUint32(append(p.buf, codeFloat32), math.Float32bits(f))
}

func (p *packer) float64(f float64) {
	p.buf = binary.BigEndian.AppendUint64(append(p.buf, codeFloat64), math.Float64bits(f))
}

func (p *packer) text(s string) {
	if n := len(s); n < codeNil-codeFixString {
		p.buf = append(p.buf, codeFixString|byte(n))
	} else {
		p.length8(codeString8, n)
	}
	p.buf = append(p.buf, s...)
}

func (p *packer) binary(data []byte) {
	p.length8(codeBinary8, len(data))
	p.buf = append(p.buf, data...)
}

// length8 writes a length of one, two or four bytes behind its code.
func (p *packer) length8(code byte, n int) {
	if n <= math.MaxUint8 {
		p.buf = append(p.buf, code, byte(n))
		return
	}
	p.length16(code+1, n)
}

func (p *packer) length16(code byte, n int) {
	if n <= math.MaxUint16 {
		p.buf = binary.BigEndian.AppendUint16(append(p.buf, code), uint16(n))
		return
	}
	p.buf = binary.BigEndian.AppendUint32(append(p.buf, code+1), uint32(n))
}

// array opens an array; n elements must follow.
func (p *packer) array(n int) {
	if n < codeFixString-codeFixArray {
		p.buf = append(p.buf, codeFixArray|byte(n))
		return
	}
	p.length16(codeArray16, n)
}

// members opens a map; n keys with their values must follow.
func (p *packer) members(n int) {
	if n < codeFixArray-codeFixMap {
		p.buf = append(p.buf, codeFixMap|byte(n))
		return
	}
	p.length16(codeMap16, n)
}

// raw appends a value that is encoded already.
func (p *packer) raw(raw Raw) {
	if len(raw) == 0 {
		p.null()
		return
	}
	p.buf = append(p.buf, raw...)
}

// instant writes the shortest of the three timestamp forms (MP-22).
func (p *packer) instant(t time.Time) {
	seconds, nanoseconds := t.Unix(), uint32(t.Nanosecond())
	switch {
	case seconds < 0 || seconds >= 1<<34:
		p.buf = append(p.buf, codeExt8, 12, codeMinusOne)
		p.buf = binary.BigEndian.AppendUint32(p.buf, nanoseconds)
		p.buf = binary.BigEndian.AppendUint64(p.buf, uint64(seconds))
	case nanoseconds > 0 || seconds > math.MaxUint32:
		p.buf = append(p.buf, codeFixExt8, codeMinusOne)
		p.buf = binary.BigEndian.AppendUint64(p.buf, uint64(nanoseconds)<<34|uint64(seconds))
	default:
		p.buf = append(p.buf, codeFixExt4, codeMinusOne)
		p.buf = binary.BigEndian.AppendUint32(p.buf, uint32(seconds))
	}
}
