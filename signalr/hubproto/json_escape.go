package hubproto

import "unicode/utf8"

const upperHex = "0123456789ABCDEF"

// appendString appends s as a JSON string, escaped as ASP.NET Core does: raw
// UTF-8 up to U+FFFF but for controls and the two line separators (JSON-27).
// Broken UTF-8 becomes U+FFFD.
func appendString(dst []byte, s string) []byte {
	dst = append(dst, '"')
	done := 0
	for i := 0; i < len(s); {
		if b := s[i]; b >= ' ' && b != '"' && b != '\\' && b < 0x7f {
			i++
			continue
		}
		r, size := utf8.DecodeRuneInString(s[i:])
		if !needsEscape(r) && (r != utf8.RuneError || size > 1) {
			i += size
			continue
		}
		dst = append(dst, s[done:i]...)
		dst = appendEscaped(dst, r)
		i += size
		done = i
	}
	dst = append(dst, s[done:]...)
	return append(dst, '"')
}

func needsEscape(r rune) bool {
	return r < ' ' || r == '"' || r == '\\' || 0x7f <= r && r < 0xa0 || r == 0x2028 || r == 0x2029 || r > 0xffff
}

func appendEscaped(dst []byte, r rune) []byte {
	switch r {
	case '"', '\\':
		return append(dst, '\\', byte(r))
	case '\b':
		return append(dst, '\\', 'b')
	case '\f':
		return append(dst, '\\', 'f')
	case '\n':
		return append(dst, '\\', 'n')
	case '\r':
		return append(dst, '\\', 'r')
	case '\t':
		return append(dst, '\\', 't')
	}
	if r > 0xffff {
		r -= 0x10000
		dst = appendUnit(dst, 0xd800+r>>10)
		return appendUnit(dst, 0xdc00+r&0x3ff)
	}
	if r == utf8.RuneError {
		return utf8.AppendRune(dst, r)
	}
	return appendUnit(dst, r)
}

// appendUnit appends one UTF-16 code unit as \uXXXX.
func appendUnit(dst []byte, unit rune) []byte {
	return append(dst, '\\', 'u', upperHex[unit>>12&15], upperHex[unit>>8&15], upperHex[unit>>4&15], upperHex[unit&15])
}

// escapeJSON brings a JSON text of another encoder into the form that
// appendString writes. Outside of strings all is ASCII without backslashes, so
// that strings need not be told apart.
func escapeJSON(data []byte) []byte {
	first := firstForeign(data)
	if first < 0 {
		return data
	}
	out := append(make([]byte, 0, len(data)+16), data[:first]...)
	for i := first; i < len(data); {
		if data[i] == '\\' && i+1 < len(data) {
			out, i = appendForeignEscape(out, data, i)
			continue
		}
		r, size := utf8.DecodeRune(data[i:])
		if r >= 0x7f && needsEscape(r) {
			out = appendEscaped(out, r)
		} else {
			out = append(out, data[i:i+size]...)
		}
		i += size
	}
	return out
}

// firstForeign finds the first byte that escapeJSON might write otherwise.
func firstForeign(data []byte) int {
	for i, b := range data {
		if b == '\\' || b >= 0x7f {
			return i
		}
	}
	return -1
}

// appendForeignEscape copies the escape at i, \uXXXX in upper case.
func appendForeignEscape(out, data []byte, i int) (longer []byte, next int) {
	if data[i+1] != 'u' || i+6 > len(data) {
		return append(out, data[i], data[i+1]), i + 2
	}
	out = append(out, '\\', 'u')
	for _, b := range data[i+2 : i+6] {
		if 'a' <= b && b <= 'f' {
			b -= 'a' - 'A'
		}
		out = append(out, b)
	}
	return out, i + 6
}
