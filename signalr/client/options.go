package client

import (
	"context"
	"log/slog"
	"net/http"
	"time"
)

const (
	defaultKeepAliveInterval = 15 * time.Second // half of a server's default ClientTimeoutInterval
	defaultServerTimeout     = 30 * time.Second
	defaultHandshakeTimeout  = 15 * time.Second

	// Servers do not bound what they send, but a client has to stop somewhere.
	defaultMaximumMessageSize = 16 << 20
	defaultHandlerQueue       = 256
	defaultStreamBuffer       = 1 << 20

	// closeTimeout is how long the other side may take to finish the closing
	// handshake before the connection is cut (WS-11).
	closeTimeout = 5 * time.Second
)

// Options configure a [Client]. The zero value of every field is its default.
type Options struct {
	// HTTPClient sends the negotiate requests. The WebSocket takes over its
	// cookies, for load balancers that route by them, and, if its Transport is
	// an [http.Transport], DialContext and TLSClientConfig of that; not Proxy.
	// Nil is [http.DefaultClient].
	HTTPClient *http.Client

	// Header is added to every request, the WebSocket upgrade included.
	Header http.Header

	// AccessToken gives the bearer token of every request. It is asked before
	// each negotiation, and not after a redirect that brings a token of its own
	// (NEG-19). Nil sends none.
	AccessToken func(ctx context.Context) (string, error)

	// SkipNegotiation opens the WebSocket without a negotiate request before
	// it (WS-01); the connection then has no ID. False negotiates.
	SkipNegotiation bool

	// KeepAliveInterval is the time between two pings to the server, 15 s if
	// zero. It should be less than half of the server's client timeout.
	KeepAliveInterval time.Duration

	// ServerTimeout is how long the server may be silent before the connection
	// counts as lost, 30 s if zero. WebSocket control frames do not count.
	ServerTimeout time.Duration

	// HandshakeTimeout bounds the handshake that follows the opening of the
	// WebSocket, 15 s if zero.
	HandshakeTimeout time.Duration

	// MaximumMessageSize bounds one message of the server in bytes, framing
	// included, 16 MiB if zero. A longer one ends the connection.
	MaximumMessageSize int

	// HandlerQueue is how many calls of the hub may wait for their handler
	// before the client stops reading, 256 if zero.
	HandlerQueue int

	// StreamBuffer is how many bytes of one stream may wait for the loop that
	// takes them before the client stops reading, 1 MiB if zero. One item may
	// always wait.
	StreamBuffer int

	// Logger gets what has no caller to be told: calls that were dropped,
	// errors of handlers. Nil discards.
	Logger *slog.Logger

	// OnClose is called once, when a connection that Start has made is over:
	// after the last handler and before Done is closed, with what Err returns.
	// It must not call Stop.
	OnClose func(err error)
}

// withDefaults is a copy of o, which may be nil, with every zero field filled.
func (o *Options) withDefaults() Options {
	var filled Options
	if o != nil {
		filled = *o
	}
	if filled.HTTPClient == nil {
		filled.HTTPClient = http.DefaultClient
	}
	if filled.Logger == nil {
		filled.Logger = slog.New(slog.DiscardHandler)
	}
	if filled.OnClose == nil {
		filled.OnClose = func(error) {}
	}
	orDefault(&filled.KeepAliveInterval, defaultKeepAliveInterval)
	orDefault(&filled.ServerTimeout, defaultServerTimeout)
	orDefault(&filled.HandshakeTimeout, defaultHandshakeTimeout)
	orDefault(&filled.MaximumMessageSize, defaultMaximumMessageSize)
	orDefault(&filled.HandlerQueue, defaultHandlerQueue)
	orDefault(&filled.StreamBuffer, defaultStreamBuffer)
	return filled
}

func orDefault[T int | time.Duration](field *T, value T) {
	if *field <= 0 {
		*field = value
	}
}
