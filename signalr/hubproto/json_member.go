package hubproto

import "strconv"

// The readers of single members, shared by messages and the handshake.

// expectObject fails unless an object comes next. Another sound token is named
// in the error (JSON-07).
func (s *scanner) expectObject() error {
	if s.peek() == '{' {
		return nil
	}
	var kind string
	switch s.peek() {
	case '[':
		kind = "Array"
	case '"':
		kind = "String"
	case 'n':
		kind = "Null"
	case 't':
		kind = "True"
	case 'f':
		kind = "False"
	default:
		kind = "Number"
	}
	return s.blame(invalidData("Unexpected JSON Token Type '%s'. Expected a JSON Object.", kind))
}

func (s *scanner) raw() (Raw, error) {
	value, ok := s.value()
	if !ok {
		return nil, errReading
	}
	return Raw(value), nil
}

func (s *scanner) requiredString(member string) (string, error) {
	if s.peek() != '"' {
		return "", s.blame(mistyped(member, "String"))
	}
	text, ok := s.text()
	if !ok {
		return "", errReading
	}
	return plain(text), nil
}

// optionalString takes null as absent (JSON-08).
func (s *scanner) optionalString(member string) (value string, present bool, err error) {
	if s.peek() == 'n' {
		return "", false, s.skipElement()
	}
	value, err = s.requiredString(member)
	return value, err == nil, err
}

// integer takes null as absent.
func (s *scanner) integer(member string, size int) (value int64, present bool, err error) {
	if s.peek() == 'n' {
		return 0, false, s.skipElement()
	}
	if b := s.peek(); b != '-' && !isDigit(b) {
		return 0, false, s.blame(mistyped(member, "Number"))
	}
	digits, ok := s.number()
	if !ok {
		return 0, false, errReading
	}
	value, err = strconv.ParseInt(string(digits), 10, size)
	if err != nil {
		return 0, false, &ProtocolError{
			name: nameFormat,
			text: "Either the JSON value is not in a supported format, or is out of bounds for an Int" + strconv.Itoa(size) + ".",
		}
	}
	return value, true, nil
}

func (s *scanner) boolean(member string) (bool, error) {
	switch s.peek() {
	case 't':
		return true, s.skipElement()
	case 'f':
		return false, s.skipElement()
	default:
		return false, s.blame(invalidData("Expected '%s' to be true or false.", member))
	}
}

// blame returns err, or errReading if what comes next is not even a token.
func (s *scanner) blame(err error) error {
	switch s.peek() {
	case '{', '[':
		return err
	}
	if _, ok := s.value(); !ok {
		return errReading
	}
	return err
}
