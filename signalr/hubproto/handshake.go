package hubproto

import (
	"errors"
	"strconv"
)

// MaxVersion is the highest version of the hub protocols that is spoken here.
// Every lower one, negative ones too, is the same on the wire (HS-07, HS-08).
const MaxVersion = 2

// HandshakeRequest is the first record that a client sends (HS-01).
type HandshakeRequest struct {
	Protocol string // as sent; compared without case (HS-05)
	Version  int
}

// HandshakeResponse is the server's answer. An empty Error is success.
type HandshakeResponse struct {
	Error string
}

// ParseHandshakeRequest reads a record that NextRecord split off. An error is
// a *ProtocolError with one of the reasons of HS-12.
func ParseHandshakeRequest(record []byte) (HandshakeRequest, error) {
	s := scanner{data: record}
	if err := s.expectObject(); err != nil {
		return HandshakeRequest{}, handshakeError(err)
	}
	var request HandshakeRequest
	var hasProtocol, hasVersion bool
	err := s.object(func(name []byte) error {
		var err error
		switch plain(name) {
		case "protocol":
			request.Protocol, err = s.requiredString("protocol")
			hasProtocol = true
		case "version":
			var version int64
			version, hasVersion, err = s.integer("version", 32)
			request.Version = int(version)
		default:
			err = s.skipElement()
		}
		return err
	})
	switch {
	case err != nil:
		return HandshakeRequest{}, handshakeError(err)
	case !hasProtocol:
		return HandshakeRequest{}, missingContent("protocol", record)
	case !hasVersion:
		return HandshakeRequest{}, missingContent("version", record)
	}
	return request, nil
}

// AppendHandshakeRequest appends r with its 0x1E.
func AppendHandshakeRequest(dst []byte, r HandshakeRequest) []byte {
	dst = appendString(append(dst, `{"protocol":`...), r.Protocol)
	dst = strconv.AppendInt(append(dst, `,"version":`...), int64(r.Version), 10)
	return append(dst, '}', recordSeparator)
}

// ParseHandshakeResponse reads a record that NextRecord split off. A member
// "type" means that the server sent a hub message instead (HS-02).
func ParseHandshakeResponse(record []byte) (HandshakeResponse, error) {
	s := scanner{data: record}
	if err := s.expectObject(); err != nil {
		return HandshakeResponse{}, handshakeError(err)
	}
	var response HandshakeResponse
	err := s.object(func(name []byte) error {
		var err error
		switch plain(name) {
		case "error":
			response.Error, _, err = s.optionalString("error")
		case "type":
			err = invalidData("Expected a handshake response from the server.")
		default:
			err = s.skipElement()
		}
		return err
	})
	if err != nil {
		return HandshakeResponse{}, handshakeError(err)
	}
	return response, nil
}

// AppendHandshakeResponse appends r with its 0x1E: three bytes for success
// (HS-02, HS-03).
func AppendHandshakeResponse(dst []byte, r HandshakeResponse) []byte {
	dst = append(dst, '{')
	if r.Error != "" {
		dst = appendString(append(dst, `"error":`...), r.Error)
	}
	return append(dst, '}', recordSeparator)
}

// handshakeError gives unreadable JSON the name that it has only in the
// handshake (HS-12).
func handshakeError(err error) error {
	if errors.Is(err, errReading) {
		return &ProtocolError{name: nameJSONReader, text: err.Error()}
	}
	return err
}

func missingContent(member string, record []byte) error {
	return invalidData("Missing required property '%s'. Message content: %s", member, record)
}
