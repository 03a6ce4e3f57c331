package client

import (
	"errors"
	"fmt"
	"net/http"
)

var (
	// ErrNotStarted is returned by calls on a client that is not connected yet.
	ErrNotStarted = errors.New("client is not started")

	// ErrStarted is returned by Start on a client that was started before.
	ErrStarted = errors.New("client was started already")

	// ErrClosed is returned by calls on a connection that has ended, and by
	// those that were waiting for an answer when it did. It wraps the cause.
	ErrClosed = errors.New("connection is closed")

	// ErrReconnecting is returned by calls while a lost connection's place is not
	// taken by another yet.
	ErrReconnecting = errors.New("client is reconnecting")

	// ErrStreamOverflow ends a stream whose loop takes nothing: when more than
	// 16 MiB has come while others were waiting, or [Options.StreamBuffer] is
	// full for longer than [Options.ServerTimeout].
	ErrStreamOverflow = errors.New("stream is not taken from")

	// ErrServerTimeout ends a connection whose server was silent for longer
	// than [Options.ServerTimeout].
	ErrServerTimeout = errors.New("server timeout elapsed without a message")

	// errCloseTimeout cuts a connection whose server does not take part in
	// the closing handshake.
	errCloseTimeout = errors.New("server did not finish the closing handshake")
)

// HubError is the answer of a hub whose method failed: the server's text,
// verbatim.
type HubError struct{ Message string }

func (e *HubError) Error() string { return e.Message }

// CloseError says that the server ended the connection.
type CloseError struct {
	// Message is the server's reason; empty if it gave none.
	Message string
	// AllowReconnect says that the server would welcome a new connection.
	AllowReconnect bool
}

func (e *CloseError) Error() string {
	if e.Message == "" {
		return "server closed the connection"
	}
	return "server closed the connection: " + e.Message
}

// HandshakeError is the server's refusal of the handshake, verbatim.
type HandshakeError struct{ Message string }

func (e *HandshakeError) Error() string { return "server refused the handshake: " + e.Message }

// NegotiateError is the server's refusal of an HTTP request: to negotiate, to
// open a transport, or to go on with it.
type NegotiateError struct {
	// StatusCode is the HTTP status. It is 200 if the server refused in the
	// negotiate document itself (NEG-02).
	StatusCode int
	// Message is the server's text, or the status's if it gave none.
	Message string
}

func (e *NegotiateError) Error() string {
	if e.StatusCode == http.StatusOK {
		return e.Message
	}
	return fmt.Sprintf("%s: status code %d", e.Message, e.StatusCode)
}

// closedBy is ErrClosed with its cause, if there is one.
func closedBy(cause error) error {
	if cause == nil {
		return ErrClosed
	}
	return fmt.Errorf("%w: %w", ErrClosed, cause)
}
