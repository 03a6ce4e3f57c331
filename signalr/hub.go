package signalr

import (
	"context"
	"fmt"
	"log/slog"
	"maps"
	"runtime/debug"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"github.com/fanfare-hub/fanfare/signalr/hubproto"
)

// The defaults of HubOptions, which are ASP.NET Core's.
const (
	DefaultHandshakeTimeout      = 15 * time.Second
	DefaultKeepAliveInterval     = 15 * time.Second
	DefaultClientTimeoutInterval = 30 * time.Second
	DefaultMaximumMessageSize    = 32 << 10 // bytes
	DefaultStreamBufferCapacity  = 10       // items
	// DefaultStatefulReconnectBufferSize is in bytes.
	DefaultStatefulReconnectBufferSize = 100_000
)

// The limits of one connection that ASP.NET Core does not have (SEC-01). They
// are far beyond what a client needs, and bound what a bad one can take.
const (
	DefaultMaximumStreams       = 1000
	DefaultMaximumUploads       = 100
	DefaultMaximumClientResults = 1000
)

// HubOptions are the settings of a hub. A zero field is its default.
type HubOptions struct {
	Name           string       // in logs; default "hub"
	DetailedErrors bool         // show clients the text of every error, not only of a HubError
	Logger         *slog.Logger // nil is the server's
	JSON           *hubproto.JSONOptions
	MessagePack    *hubproto.MessagePackOptions

	HandshakeTimeout  time.Duration // from the open connection to the handshake; default 15 s
	KeepAliveInterval time.Duration // silence after which the client is pinged; default 15 s
	// ClientTimeoutInterval is the silence after which a client is given up
	// that has pinged once; default 30 s (PING-06).
	ClientTimeoutInterval time.Duration
	// MaximumReceiveMessageSize bounds one hub message of a client, in bytes,
	// framing included; default 32 KiB, negative is no bound (SIZE-01).
	MaximumReceiveMessageSize int
	// MaximumParallelInvocations is how many invocations of one connection may
	// run at a time; default 1, in order (INV-18). While that many run, the
	// next one holds up all that the client sends behind it.
	MaximumParallelInvocations int

	// StreamBufferCapacity is how many items of a stream from a client wait for
	// its method; default 10. While so many do, the next one holds up all that
	// the client sends (UP-05).
	StreamBufferCapacity int
	// StatefulReconnectBufferSize bounds what is kept of the messages to one
	// client until it has acknowledged them, in bytes; default 100,000. While
	// more is kept, later ones wait in the client's queue (SR-07). It matters
	// only where [EndpointOptions.AllowStatefulReconnects] is set.
	StatefulReconnectBufferSize int
	// MaximumStreams is how many streams to one client may run at a time;
	// default 1000, negative is no bound. The next one is refused.
	MaximumStreams int
	// MaximumUploads is how many streams one client may send at a time, from
	// their announcement to the end of the method; default 100, negative is no
	// bound. A call with more is refused.
	MaximumUploads int
	// MaximumClientResults is how many results one client may be asked for at
	// a time; default 1000, negative is no bound. The next Ask fails.
	MaximumClientResults int
	// MaximumNameLength bounds each id and method name that a client sends, in
	// bytes; default 512, negative is no bound. A longer one ends the connection.
	MaximumNameLength int
	// MaximumHeaders bounds the headers of one hub message; default 64,
	// negative is no bound. More of them end the connection.
	MaximumHeaders int
	// ClientResultTimeout is how long a client has for a result; default is no
	// bound but the context's (CR-08).
	ClientResultTimeout time.Duration

	Filters []Filter // around methods and events, the first outermost
}

func (o *HubOptions) withDefaults() HubOptions {
	var out HubOptions
	if o != nil {
		out = *o
	}
	out.Name = orDefault(out.Name, "hub")
	out.HandshakeTimeout = orDefault(out.HandshakeTimeout, DefaultHandshakeTimeout)
	out.KeepAliveInterval = orDefault(out.KeepAliveInterval, DefaultKeepAliveInterval)
	out.ClientTimeoutInterval = orDefault(out.ClientTimeoutInterval, DefaultClientTimeoutInterval)
	out.MaximumReceiveMessageSize = max(orDefault(out.MaximumReceiveMessageSize, DefaultMaximumMessageSize), 0)
	out.MaximumParallelInvocations = max(out.MaximumParallelInvocations, 1)
	out.StreamBufferCapacity = max(orDefault(out.StreamBufferCapacity, DefaultStreamBufferCapacity), 1)
	out.StatefulReconnectBufferSize = orDefault(out.StatefulReconnectBufferSize, DefaultStatefulReconnectBufferSize)
	out.MaximumStreams = orDefault(out.MaximumStreams, DefaultMaximumStreams)
	out.MaximumUploads = orDefault(out.MaximumUploads, DefaultMaximumUploads)
	out.MaximumClientResults = orDefault(out.MaximumClientResults, DefaultMaximumClientResults)
	out.MaximumNameLength = orDefault(out.MaximumNameLength, DefaultMaximumNameLength)
	out.MaximumHeaders = orDefault(out.MaximumHeaders, DefaultMaximumHeaders)
	out.Filters = slices.Clone(out.Filters)
	return out
}

func orDefault[T comparable](value, otherwise T) T {
	var zero T
	if value == zero {
		return otherwise
	}
	return value
}

// Hub is a set of methods and of the connections to them. It is configured
// before it is mapped; its targets may be used at any time, from anywhere.
type Hub struct {
	// Set before the hub is mapped, read only afterwards.
	options        HubOptions
	encodings      []*encoding
	methods        map[string]*method // by name, and by name in lower case
	onConnected    func(context.Context, *Caller) error
	onDisconnected func(context.Context, *Caller, error) error
	filters        []Filter // the server's, then the hub's own; set when it is mapped
	logs           bool     // options.Logger is final

	server    atomic.Pointer[Server] // nil until mapped
	questions questions
	overflows overflows
}

// NewHub returns a hub without methods. nil options are all defaults.
func NewHub(options *HubOptions) *Hub {
	h := &Hub{options: options.withDefaults(), methods: map[string]*method{}}
	h.encodings = []*encoding{
		newEncoding(0, hubproto.NewJSON(h.options.JSON)),
		newEncoding(1, hubproto.NewMessagePack(h.options.MessagePack)),
	}
	return h
}

// OnConnected sets what runs when a client has connected, before any of its
// messages. An error, shown as a method's is, refuses it (LIFE-03).
func (h *Hub) OnConnected(f func(context.Context, *Caller) error) {
	h.mustConfigure("OnConnected")
	h.onConnected = f
}

// OnDisconnected sets what runs once after the end of each connection whose
// OnConnected succeeded. The error is nil for an orderly end, which the loss
// of the transport is too (LIFE-08). The connection is still in its groups,
// but nothing reaches it any more. An error is logged.
func (h *Hub) OnDisconnected(f func(context.Context, *Caller, error) error) {
	h.mustConfigure("OnDisconnected")
	h.onDisconnected = f
}

// Handle registers a method that clients can call. fn is a function of, if it
// wants them, a context.Context and a *Caller, in this order, and then of the
// method's arguments; it returns nothing, an error, a result, or a result and
// an error. The context ends with the connection. Names are matched without
// case (INV-01).
//
// A result of type iter.Seq2[T, error] is a stream to the client. Its items are
// pulled and sent one after the other, the next when there is room for it in
// the client's queue; the first error ends it (STR-01 to STR-04). The context
// ends when the client cancels the stream, which should end the sequence.
//
// A parameter of type iter.Seq2[T, error] is a stream from the client. It can
// be gone through once. It ends with an error if the client says so, an item is
// no T, or the connection or the stream to the client ends (UP-02, UP-06,
// UP-10), and at the latest when the method has returned and its stream, if it
// returns one, has ended.
//
// Handle panics, with the reason, if fn has another shape, the name is taken
// or the hub is already mapped: these are mistakes in the program.
func (h *Hub) Handle(name string, fn any, options ...MethodOption) {
	h.mustConfigure("Handle " + name)
	m, err := newMethod(name, fn, options)
	if err == nil && h.method(name) != nil {
		err = fmt.Errorf("duplicate definitions of %q: overloading is not supported", name)
	}
	if err != nil {
		panic("signalr: " + err.Error()) //nolint:forbidigo // a contract of the caller: see above
	}
	h.methods[name] = m
	h.methods[strings.ToLower(name)] = m
}

// Methods lists the names of the methods, sorted.
func (h *Hub) Methods() []string {
	names := map[string]bool{}
	for _, m := range h.methods {
		names[m.name] = true
	}
	return slices.Sorted(maps.Keys(names))
}

// logTo sets where the hub logs, once: to a logger of its own, if it has one.
func (h *Hub) logTo(server *slog.Logger) {
	if h.logs {
		return
	}
	h.logs = true
	if h.options.Logger == nil {
		h.options.Logger = server
	}
	h.options.Logger = h.options.Logger.With(slog.String("hub", h.options.Name))
}

func (h *Hub) mustConfigure(what string) {
	if h.server.Load() != nil {
		panic("signalr: " + what + ": the hub is already mapped") //nolint:forbidigo // a contract of the caller
	}
}

func (h *Hub) method(name string) *method {
	if m := h.methods[name]; m != nil {
		return m
	}
	return h.methods[strings.ToLower(name)]
}

// connected runs the application's OnConnected.
func (h *Hub) connected(ctx context.Context, c *Caller) (err error) {
	ctx, done := c.c.server.tracing.event(ctx, c.c, "OnConnected")
	defer func() { done(err) }()
	defer h.catch(ctx, "OnConnected", &err)
	event := func(ctx context.Context) error {
		if h.onConnected == nil {
			return nil
		}
		return h.onConnected(ctx, c)
	}
	return h.filterEvent(context.WithValue(ctx, connectingKey{}, true), event,
		func(f *Filter) func(context.Context, func(context.Context) error) error {
			if f.Connected == nil {
				return nil
			}
			return func(ctx context.Context, next func(context.Context) error) error { return f.Connected(ctx, c, next) }
		})
}

// disconnected runs the application's OnDisconnected.
func (h *Hub) disconnected(ctx context.Context, c *Caller, reason error) (err error) {
	ctx, done := c.c.server.tracing.event(ctx, c.c, "OnDisconnected")
	defer func() { done(err) }()
	defer h.catch(ctx, "OnDisconnected", &err)
	event := func(ctx context.Context) error {
		if h.onDisconnected == nil {
			return nil
		}
		return h.onDisconnected(ctx, c, reason)
	}
	return h.filterEvent(ctx, event, func(f *Filter) func(context.Context, func(context.Context) error) error {
		if f.Disconnected == nil {
			return nil
		}
		return func(ctx context.Context, next func(context.Context) error) error {
			return f.Disconnected(ctx, c, reason, next)
		}
	})
}

// catch turns a panic of application code into its error (INV-14).
func (h *Hub) catch(ctx context.Context, method string, err *error) {
	if p := recover(); p != nil {
		h.options.Logger.ErrorContext(ctx, "hub method panicked",
			slog.String("method", method), slog.Any("panic", p), slog.String("stack", string(debug.Stack())))
		*err = fmt.Errorf("panic: %v", p)
	}
}
