package client

import (
	"context"
	"log/slog"
	"net/http"
	"time"

	"github.com/fanfare-hub/fanfare/signalr/hubproto"
)

const (
	defaultKeepAliveInterval = 15 * time.Second // half of a server's default ClientTimeoutInterval
	defaultServerTimeout     = 30 * time.Second
	defaultHandshakeTimeout  = 15 * time.Second

	// Servers do not bound what they send, but a client has to stop somewhere.
	defaultMaximumMessageSize = 16 << 20
	defaultHandlerQueue       = 256
	defaultStreamBuffer       = 1 << 20

	// The official clients' default (SR-22).
	defaultStatefulReconnectBufferSize = 100_000

	// closeTimeout is how long the other side may take to finish the closing
	// handshake before the connection is cut (WS-11).
	closeTimeout = 5 * time.Second
)

// Options configure a [Client]. The zero value of every field is its default.
type Options struct {
	// HTTPClient sends the HTTP requests. Its Timeout holds for negotiation
	// only. WebSockets take over its cookies, for load balancers that route by
	// them, and, if its Transport is an [http.Transport], DialContext,
	// TLSClientConfig and Proxy of that; the proxy must be an HTTP one. Nil is
	// [http.DefaultClient].
	HTTPClient *http.Client

	// Header is added to every request, the WebSocket upgrade included.
	Header http.Header

	// AccessToken gives the bearer token of every request. It is asked anew for
	// each negotiation, and once more when another request is refused with 401
	// (AUTH-06), but not after a redirect that brings a token of its own
	// (NEG-19). It may be asked by several goroutines at once. Nil sends none.
	AccessToken func(ctx context.Context) (string, error)

	// Transports are those that may be used, all if zero. Of those that the
	// server offers the first is taken that can be opened, in its order:
	// WebSockets, Server-Sent Events, long polling.
	Transports Transports

	// Protocol is the encoding of messages, [hubproto.NewJSON] with its defaults
	// if nil. The other is [hubproto.NewMessagePack], which Server-Sent Events
	// cannot carry (SSE-06).
	Protocol hubproto.Codec

	// SkipNegotiation opens the WebSocket without a negotiate request before
	// it (WS-01); the connection then has no ID, no other transport to fall
	// back to and no stateful reconnect. False negotiates.
	SkipNegotiation bool

	// Reconnect says when a client that has lost its connection tries to make
	// another: [ReconnectAfter] has the usual answers. Nil never does.
	Reconnect ReconnectPolicy

	// OnReconnecting is called when the connection was lost and another is
	// being made, with the reason. It runs where handlers run, between them.
	OnReconnecting func(err error)

	// OnReconnected is called when another connection was made, with its ID. It
	// runs where handlers run, before the new connection's first call. To the
	// hub the client is a new one: it is in no group, for instance.
	OnReconnected func(connectionID string)

	// StatefulReconnect asks the server to keep the connection for some time
	// when its WebSocket is lost; the client then opens another, and both sides
	// send again what was under way: nothing is lost, and nothing comes twice
	// (SR-01). A server that cannot, or another transport, makes the connection
	// an ordinary one. False does not ask.
	StatefulReconnect bool

	// StatefulReconnectBufferSize is how many bytes of unacknowledged messages
	// are kept for that, 100,000 if zero. Above it calls wait for the server's
	// acknowledgement; one message may always be under way (SR-07).
	StatefulReconnectBufferSize int

	// KeepAliveInterval is the time between two pings to the server, 15 s if
	// zero. It should be less than half of the server's client timeout.
	KeepAliveInterval time.Duration

	// ServerTimeout is how long the server may be silent before the connection
	// counts as lost, 30 s if zero. WebSocket control frames do not count. Long
	// polling has times of its own: three polls of 100 s without an answer.
	ServerTimeout time.Duration

	// HandshakeTimeout bounds the opening of each transport that is tried, and
	// the handshake that follows, 15 s if zero.
	HandshakeTimeout time.Duration

	// MaximumMessageSize bounds one message of the server in bytes, framing
	// included, 16 MiB if zero. A longer one ends the connection.
	MaximumMessageSize int

	// HandlerQueue is how many calls of the hub may wait for their handler
	// before the client stops reading, 256 if zero, and never more than 16 MiB.
	HandlerQueue int

	// StreamBuffer is how many bytes of one stream may wait for the loop that
	// takes them before the client stops reading, 1 MiB if zero; an item counts
	// for 128 more than it has. One may always wait.
	StreamBuffer int

	// Logger gets what has no caller to be told: calls that were dropped,
	// errors of handlers. Nil discards.
	Logger *slog.Logger

	// OnClose is called once, when a client that Start has connected is at its
	// end: after the last handler and before Done is closed, with what Err
	// returns. It must not call Stop.
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
	if filled.Protocol == nil {
		filled.Protocol = hubproto.NewJSON(nil)
	}
	if filled.Transports&hubproto.AllTransports == 0 {
		filled.Transports = hubproto.AllTransports
	}
	if filled.OnReconnecting == nil {
		filled.OnReconnecting = func(error) {}
	}
	if filled.OnReconnected == nil {
		filled.OnReconnected = func(string) {}
	}
	orDefault(&filled.KeepAliveInterval, defaultKeepAliveInterval)
	orDefault(&filled.ServerTimeout, defaultServerTimeout)
	orDefault(&filled.HandshakeTimeout, defaultHandshakeTimeout)
	orDefault(&filled.MaximumMessageSize, defaultMaximumMessageSize)
	orDefault(&filled.HandlerQueue, defaultHandlerQueue)
	orDefault(&filled.StreamBuffer, defaultStreamBuffer)
	orDefault(&filled.StatefulReconnectBufferSize, defaultStatefulReconnectBufferSize)
	return filled
}

func orDefault[T int | time.Duration](field *T, value T) {
	if *field <= 0 {
		*field = value
	}
}
