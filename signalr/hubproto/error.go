package hubproto

import (
	"cmp"
	"fmt"
)

// The names under which .NET clients know the errors of this package. They
// stand before the text where detailed errors are shown (INV-16).
const (
	nameInvalidData      = "InvalidDataException"
	nameFormat           = "FormatException"
	nameInvalidOperation = "InvalidOperationException"
	nameJSON             = "JsonException"
	nameJSONReader       = "JsonReaderException"
	nameMessagePack      = "MessagePackSerializationException"
	nameEndOfStream      = "EndOfStreamException"
)

// ProtocolError says what is wrong with a record of the peer. Its text is the
// one that ASP.NET Core shows with detailed errors (JSON-07, HS-12).
type ProtocolError struct {
	name string
	text string
}

// Error returns ASP.NET Core's text, without the name of the exception.
func (e *ProtocolError) Error() string { return e.text }

// ErrorName returns the name of the .NET exception that the text belongs to.
func (e *ProtocolError) ErrorName() string { return e.name }

// SizeError says that a record is longer than the receiver accepts (SIZE-02).
type SizeError struct {
	Limit int // bytes, framing included
}

// Error returns ASP.NET Core's text.
func (e *SizeError) Error() string {
	return fmt.Sprintf("The maximum message size of %dB was exceeded. The message size can be configured in AddHubOptions.", e.Limit)
}

// ErrorName returns the name of the .NET exception that the text belongs to.
func (*SizeError) ErrorName() string { return nameInvalidData }

// ValueError says that one value could not be encoded or decoded (INV-08,
// INV-25). The message around it is sound.
type ValueError struct {
	Op  string // "marshal" or "unmarshal"
	Err error

	name string // of the .NET exception; empty is JSON's
}

// Error names the operation and what went wrong.
func (e *ValueError) Error() string { return e.Op + " value: " + e.Err.Error() }

// Unwrap returns the encoder's or decoder's own error.
func (e *ValueError) Unwrap() error { return e.Err }

// ErrorName returns the name under which .NET clients know it.
func (e *ValueError) ErrorName() string { return cmp.Or(e.name, nameJSON) }

func invalidData(format string, args ...any) error {
	return &ProtocolError{name: nameInvalidData, text: fmt.Sprintf(format, args...)}
}

// errReading is the one text for all JSON that cannot be read (JSON-07).
var errReading = invalidData("Error reading JSON.")

func missing(member string) error {
	return invalidData("Missing required property '%s'.", member)
}

func mistyped(member, want string) error {
	return invalidData("Expected '%s' to be of type %s.", member, want)
}
