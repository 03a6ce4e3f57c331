package hubproto

import (
	"bytes"
	"encoding/json"
	"strings"
)

// maxDepth is how deep JSON may nest, the message object included (JSON-09).
const maxDepth = 64

// scanner walks one JSON text strictly (RFC 8259). It never copies.
type scanner struct {
	data  []byte
	pos   int
	depth int // how many objects and arrays are open around pos
}

// peek skips white space and returns the byte that comes next; 0 at the end.
func (s *scanner) peek() byte {
	for ; s.pos < len(s.data); s.pos++ {
		switch b := s.data[s.pos]; b {
		case ' ', '\t', '\r', '\n':
		default:
			return b
		}
	}
	return 0
}

// take consumes want if it comes next.
func (s *scanner) take(want byte) bool {
	if s.peek() != want {
		return false
	}
	s.pos++
	return true
}

// object walks the members of the object that comes next. visit must consume
// the value.
func (s *scanner) object(visit func(name []byte) error) error {
	if !s.enter('{') {
		return errReading
	}
	defer s.leave()
	if s.take('}') {
		return nil
	}
	for {
		name, ok := s.text()
		if !ok || !s.take(':') {
			return errReading
		}
		if err := visit(name); err != nil {
			return err
		}
		if s.take('}') {
			return nil
		}
		if !s.take(',') {
			return errReading
		}
	}
}

// array walks the elements of the array that comes next. visit must consume
// one value.
func (s *scanner) array(visit func() error) error {
	if !s.enter('[') {
		return errReading
	}
	defer s.leave()
	if s.take(']') {
		return nil
	}
	for {
		if err := visit(); err != nil {
			return err
		}
		if s.take(']') {
			return nil
		}
		if !s.take(',') {
			return errReading
		}
	}
}

func (s *scanner) enter(open byte) bool {
	if s.depth == maxDepth || !s.take(open) {
		return false
	}
	s.depth++
	return true
}

func (s *scanner) leave() { s.depth-- }

// value consumes the value that comes next, whatever it is. It recurses at
// most maxDepth deep.
func (s *scanner) value() ([]byte, bool) {
	kind := s.peek()
	start := s.pos
	var ok bool
	switch kind {
	case '{':
		ok = s.object(s.skipMember) == nil
	case '[':
		ok = s.array(s.skipElement) == nil
	case '"':
		_, ok = s.text()
	case 't':
		ok = s.word("true")
	case 'f':
		ok = s.word("false")
	case 'n':
		ok = s.word("null")
	default:
		_, ok = s.number()
	}
	return s.data[start:s.pos:s.pos], ok
}

func (s *scanner) skipMember([]byte) error { return s.skipElement() }

func (s *scanner) skipElement() error {
	if _, ok := s.value(); !ok {
		return errReading
	}
	return nil
}

func (s *scanner) word(want string) bool {
	s.peek()
	if !bytes.HasPrefix(s.data[s.pos:], []byte(want)) {
		return false
	}
	s.pos += len(want)
	return true
}

// text consumes a string and returns its inside, still escaped.
func (s *scanner) text() ([]byte, bool) {
	if !s.take('"') {
		return nil, false
	}
	start := s.pos
	for {
		s.pos += ordinary(s.data[s.pos:])
		if s.pos == len(s.data) {
			return nil, false
		}
		switch s.data[s.pos] {
		case '"':
			s.pos++
			return s.data[start : s.pos-1], true
		case '\\':
			if !s.escape() {
				return nil, false
			}
		default: // a control character
			return nil, false
		}
	}
}

// ordinary counts the bytes before the first one that a string cannot hold as
// it is.
func ordinary(data []byte) int {
	for i, b := range data {
		if b < ' ' || b == '"' || b == '\\' {
			return i
		}
	}
	return len(data)
}

// escape consumes a backslash and what belongs to it.
func (s *scanner) escape() bool {
	tail := s.data[s.pos:]
	if len(tail) < 2 {
		return false
	}
	switch tail[1] {
	case '"', '\\', '/', 'b', 'f', 'n', 'r', 't':
		s.pos += 2
		return true
	case 'u':
		if len(tail) < 6 || !isHex(tail[2:6]) {
			return false
		}
		s.pos += 6
		return true
	default:
		return false
	}
}

func isHex(digits []byte) bool {
	for _, b := range digits {
		if !isDigit(b) && (b|0x20 < 'a' || b|0x20 > 'f') {
			return false
		}
	}
	return true
}

func isDigit(b byte) bool { return '0' <= b && b <= '9' }

// number consumes a number.
func (s *scanner) number() ([]byte, bool) {
	s.peek()
	start := s.pos
	s.skip("-")
	if !s.skip("0") && s.digits() == 0 {
		return nil, false
	}
	if s.skip(".") && s.digits() == 0 {
		return nil, false
	}
	if s.skip("eE") {
		s.skip("+-")
		if s.digits() == 0 {
			return nil, false
		}
	}
	return s.data[start:s.pos], true
}

// skip consumes the next byte if it is one of set.
func (s *scanner) skip(set string) bool {
	if s.pos == len(s.data) || strings.IndexByte(set, s.data[s.pos]) < 0 {
		return false
	}
	s.pos++
	return true
}

func (s *scanner) digits() int {
	start := s.pos
	for s.pos < len(s.data) && isDigit(s.data[s.pos]) {
		s.pos++
	}
	return s.pos - start
}

// plain returns the string whose escaped inside is text.
func plain(text []byte) string {
	if bytes.IndexByte(text, '\\') < 0 {
		return string(text)
	}
	var decoded string
	quoted := append(append([]byte{'"'}, text...), '"')
	if json.Unmarshal(quoted, &decoded) != nil {
		return string(text) // never: the scanner has read it
	}
	return decoded
}
