package ws

import (
	"fmt"
	"unicode/utf8"

	"github.com/gobwas/ws"
)

// Code is the status code of a Close frame.
type Code uint16

// The codes that this module sends or looks for (RFC 6455, section 7.4.1).
const (
	CodeNormal        Code = 1000
	CodeGoingAway     Code = 1001
	CodeProtocolError Code = 1002
	CodeNoStatus      Code = 1005 // never sent: the peer's Close frame had no code
	CodeInvalidData   Code = 1007
	CodeTooBig        Code = 1009
	CodeInternalError Code = 1011
	CodeRestart       Code = 1012
)

// The codes that were registered after RFC 6455, which the library does not
// know: service restart, try again later, bad gateway.
const (
	lateFirst = 1012
	lateLast  = 1014
)

// maxReason is what a control frame of at most 125 bytes leaves for a reason.
const maxReason = ws.MaxControlFramePayloadSize - 2

// CloseError is the end of the messages: the peer sent a Close frame.
type CloseError struct {
	Code   Code // CodeNoStatus if the frame had none
	Reason string
}

// Error says the code and the reason.
func (e *CloseError) Error() string {
	return fmt.Sprintf("websocket closed by the peer: %d %q", e.Code, e.Reason)
}

// ProtocolError says how the peer broke the protocol. The connection cannot
// be read any more; Code is what a Close frame should tell the peer.
type ProtocolError struct {
	Code   Code
	Reason string
}

// Error says the reason.
func (e *ProtocolError) Error() string { return "websocket protocol: " + e.Reason }

// parseClose turns the payload of a Close frame into the error that ends
// reading.
func parseClose(payload []byte) error {
	if len(payload) == 0 {
		return &CloseError{Code: CodeNoStatus}
	}
	if len(payload) == 1 {
		return &ProtocolError{CodeProtocolError, "close code of one byte"}
	}
	code, reason := ws.ParseCloseFrameData(payload)
	checked := code
	if code >= lateFirst && code <= lateLast {
		checked = ws.StatusNormalClosure
	}
	if err := ws.CheckCloseFrameData(checked, reason); err != nil {
		return &ProtocolError{CodeProtocolError, err.Error()}
	}
	return &CloseError{Code: Code(code), Reason: reason}
}

func closePayload(code Code, reason string) []byte {
	if code == CodeNoStatus {
		return nil
	}
	for len(reason) > maxReason || !utf8.ValidString(reason) {
		_, size := utf8.DecodeLastRuneInString(reason)
		reason = reason[:len(reason)-size]
	}
	return ws.NewCloseFrameBody(ws.StatusCode(code), reason)
}
