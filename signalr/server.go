package signalr

import (
	"context"
	"log/slog"
	"net/http"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"go.opentelemetry.io/otel/metric"
	"go.opentelemetry.io/otel/trace"

	"github.com/fanfare-hub/fanfare/signalr/internal/ws"
)

// ServerOptions are the settings of a server. A zero field is its default.
type ServerOptions struct {
	Logger  *slog.Logger // nil discards
	Filters []Filter     // around the methods and events of every hub, the first outermost

	// Meter measures connections as ASP.NET Core does, under its names: the
	// histogram signalr.server.connection.duration and the up-down counter
	// signalr.server.active_connections (OBS-01, OBS-02). nil measures nothing;
	// Stats counts always.
	Meter metric.MeterProvider
	// Tracer makes a span of each call of a method, with the message's headers
	// for its parent, and of OnConnected and OnDisconnected (OBS-05). nil makes
	// none.
	Tracer trace.TracerProvider

	// DisconnectTimeout is how long a connection may be without a transport:
	// from its negotiation to the first, between two polls, and until a client
	// with stateful reconnect is back; default 15 s (NEG-17, LP-11, SR-18).
	DisconnectTimeout time.Duration
	// MaximumConnections bounds the connections of the server; default
	// 250,000, negative is no bound. At the bound requests to negotiate or open
	// one are refused with 503. Negotiated connections without a transport do
	// not count: they take no memory (SEC-01).
	MaximumConnections int
	// TickInterval is how often pings and timeouts are looked after; default
	// 1 s. They are that much late at most.
	TickInterval time.Duration
	// QueueLimit bounds what waits for one client whose socket is full, in
	// bytes; default 1 MiB. Who would exceed it is cut. The first rest that a
	// socket did not take is queued whatever its size.
	QueueLimit int
	// Handover makes Shutdown hand the clients over to other servers instead of
	// saying goodbye to all at once: WebSockets are closed with code 1012 and
	// without a Close message, which would end stateful reconnect; the other
	// transports get the Close message that lets their clients come back. The
	// connections end one after the other, evenly over three quarters of the
	// time until the deadline of Shutdown's context, or 1,000 in a second if it
	// has none, so that the other servers are not stormed; until its turn each
	// lives as before. It is for fleets: a client without automatic reconnect
	// takes the code for an error (a deliberate difference from DOWN-03).
	Handover bool
	// Shards is among how many goroutines the connections are divided that
	// write to them; default 1, which two processors do not outrun.
	Shards int
	// InboxLimit bounds what waits to be handed out, in bytes for each shard;
	// default 16 MiB. Senders wait for room.
	InboxLimit int
	// Epoll lets WebSocket connections without TLS wait for their clients
	// without a goroutine each: for servers of very many connections that have
	// little to say. After a wave of new ones it also has the process give back
	// the memory that their opening left behind ([debug.FreeOSMemory], once for
	// 1000 connections or more, every 30 s at most). It is for Linux, and does
	// nothing elsewhere.
	Epoll bool
}

func (o *ServerOptions) withDefaults() ServerOptions {
	var out ServerOptions
	if o != nil {
		out = *o
	}
	out.DisconnectTimeout = orDefault(out.DisconnectTimeout, 15*time.Second)
	out.MaximumConnections = orDefault(out.MaximumConnections, 250_000)
	out.TickInterval = orDefault(out.TickInterval, time.Second)
	out.QueueLimit = orDefault(out.QueueLimit, 1<<20)
	out.InboxLimit = orDefault(out.InboxLimit, 16<<20)
	out.Shards = max(out.Shards, 1)
	if out.Logger == nil {
		out.Logger = slog.New(slog.DiscardHandler)
	}
	return out
}

// Server serves hubs. It is an [http.Handler]. One process needs one.
type Server struct {
	// Set once.
	options     ServerOptions
	started     time.Time
	shards      []*shard
	attachments *attachments
	metrics     *metrics
	tracing     *tracing
	crew        crew
	wave        wave               // owned by the first shard
	lot         *ws.Lot            // nil without Epoll
	base        context.Context    //nolint:containedctx // the life of everything that the server started
	cut         context.CancelFunc // of base

	// Set before the server serves.
	endpoints map[string]*endpoint // by path in lower case, without a slash at its end
	fallback  http.Handler

	counters   counters
	turn       atomic.Uint64  // which shard the next connection goes to
	goroutines sync.WaitGroup // connections and what runs in them
	watching   sync.WaitGroup // the lot
	writing    sync.WaitGroup // shards

	mu          sync.Mutex
	closed      bool                          // guarded by mu
	connections map[*connection]time.Duration // guarded by mu: since when, on the clock
}

// NewServer returns a server without hubs. It owns goroutines from now on:
// Shutdown ends them. nil options are all defaults.
func NewServer(options *ServerOptions) *Server {
	s := &Server{
		options:     options.withDefaults(),
		started:     time.Now(),
		endpoints:   map[string]*endpoint{},
		fallback:    http.NotFoundHandler(),
		connections: map[*connection]time.Duration{},
	}
	s.base, s.cut = context.WithCancel(context.Background())
	if s.options.Epoll {
		s.openLot()
	}
	s.attachments = newAttachments(s.options.DisconnectTimeout)
	s.tracing = newTracing(s.options.Tracer)
	var err error
	if s.metrics, err = newMetrics(s.options.Meter); err != nil {
		s.options.Logger.Warn("metrics are not complete", slog.Any("error", err))
	}
	for range s.options.Shards {
		shard := newShard(s)
		s.shards = append(s.shards, shard)
		s.writing.Go(shard.run)
	}
	return s
}

// openLot begins to watch connections that wait. Where the system cannot, they
// go on having goroutines.
func (s *Server) openLot() {
	lot, err := ws.NewLot()
	if err != nil {
		s.options.Logger.Warn("epoll is not to be had", slog.Any("error", err))
		return
	}
	s.lot = lot
	s.watching.Go(lot.Serve)
}

// MapHub serves a hub at path, path/negotiate and path/refresh. A hub may be mapped at
// several paths of one server, with different options; its connections,
// groups and users are the same. nil options are all defaults. It panics if
// the path is taken or not absolute, or the hub belongs to another server:
// these are mistakes in the program. It must not be called while serving.
func (s *Server) MapHub(path string, h *Hub, options *EndpointOptions) {
	key := pathKey(path)
	switch {
	case !strings.HasPrefix(path, "/"):
		panic("signalr: map " + path + ": the path must begin with a slash") //nolint:forbidigo // a contract of the caller
	case s.endpoints[key] != nil:
		panic("signalr: map " + path + ": the path is taken") //nolint:forbidigo // a contract of the caller
	case !h.server.CompareAndSwap(nil, s) && h.server.Load() != s:
		panic("signalr: map " + path + ": the hub belongs to another server") //nolint:forbidigo // a contract of the caller
	}
	h.filters = slices.Concat(s.options.Filters, h.options.Filters)
	h.logTo(s.options.Logger)
	number := uint32(len(s.endpoints)) //nolint:gosec // so many paths do not fit in memory
	e := &endpoint{server: s, hub: h, options: options.withDefaults(), number: number}
	e.offered, e.hooked = offer(e.options.Transports), options.hooked()
	s.endpoints[key] = e
}

// MapConnection has handler run for each connection that is opened at path,
// with the same transports and options as a hub's but without a hub protocol:
// bytes in, bytes out (EP-10). It panics as MapHub does.
func (s *Server) MapConnection(path string, handler ConnectionHandler, options *EndpointOptions) {
	s.MapHub(path, NewHub(&HubOptions{Name: path, Logger: s.options.Logger}), options)
	s.endpoints[pathKey(path)].handler = handler
}

// Fallback serves every request that is not for a hub; without it they get
// 404. It must not be called while serving.
func (s *Server) Fallback(h http.Handler) { s.fallback = h }

// ServeHTTP serves the hubs' paths, which are matched without case and with or
// without a slash at their end (EP-07), and hands the rest to the fallback.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	key := pathKey(r.URL.Path)
	if e := s.endpoints[key]; e != nil {
		e.serve(w, r)
		return
	}
	if hub, ok := strings.CutSuffix(key, "/negotiate"); ok && s.endpoints[hub] != nil {
		s.endpoints[hub].serveNegotiate(w, r)
		return
	}
	if hub, ok := strings.CutSuffix(key, "/refresh"); ok && s.endpoints[hub] != nil {
		s.endpoints[hub].serveRefresh(w, r)
		return
	}
	s.fallback.ServeHTTP(w, r)
}

func pathKey(path string) string { return strings.ToLower(strings.TrimSuffix(path, "/")) }

// Shutdown ends all connections: each client gets a Close message that lets it
// reconnect (elsewhere), then a Close frame with 1000; OnDisconnected runs for
// each without error (DOWN-01, DOWN-03). With ServerOptions.Handover they end
// more gently. New requests get 503 meanwhile, and lose their HTTP connection,
// which would lead their client here again. http.Server.Shutdown alone does
// not do: it knows nothing of WebSockets (DOWN-04). Shutdown returns when everything that the server started has ended. When ctx ends
// before, connections and the contexts of methods are cut, and it returns
// ctx's error; what still runs then is a method that ignores its context.
func (s *Server) Shutdown(ctx context.Context) error {
	s.mu.Lock()
	first := !s.closed
	s.closed = true
	open := s.openLocked()
	s.mu.Unlock()
	if s.options.Handover {
		handOver(ctx, open)
	} else {
		for _, c := range open {
			c.end(c.elsewhere(EndedByShutdown))
		}
	}
	over := make(chan struct{})
	go s.await(first, over)
	select {
	case <-over:
		s.cut()
		return nil
	case <-ctx.Done():
		s.cut()
		for _, c := range open {
			c.cancel()
			c.cut()
		}
		return ctx.Err()
	}
}

// await closes over when all goroutines of the server have ended. The shards
// are the last: they write what the connections still say.
func (s *Server) await(first bool, over chan<- struct{}) {
	defer close(over)
	s.goroutines.Wait()
	if s.lot != nil {
		s.lot.Close()
		s.watching.Wait()
	}
	s.crew.Dismiss()
	s.crew.await()
	for _, shard := range s.shards {
		if first {
			close(shard.stop)
		}
	}
	s.writing.Wait()
}

func (s *Server) openLocked() []*connection {
	open := make([]*connection, 0, len(s.connections))
	for c := range s.connections {
		open = append(open, c)
	}
	return open
}

// start runs a connection in a goroutine of its own, unless the server takes
// no more.
func (s *Server) start(c *connection) bool {
	admitted := s.admit(c)
	if admitted {
		go c.run()
	}
	return admitted
}

// admit counts a connection in, which must run then; not if the server takes no
// more.
func (s *Server) admit(c *connection) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.refusesLocked() {
		c.cancel()
		return false
	}
	s.connections[c] = s.clock()
	s.goroutines.Add(1)
	s.counters.opened.Add(1)
	s.metrics.opened(c)
	return true
}

// forget is called by a connection at its end.
func (s *Server) forget(c *connection) {
	if c.token.text != "" {
		s.attachments.detach(c.token)
	}
	s.mu.Lock()
	since := s.connections[c]
	delete(s.connections, c)
	s.mu.Unlock()
	s.metrics.closed(c, s.clock()-since)
}

// refuses says whether the server takes no more connections: it is closed, or
// has as many as it may. It is asked before a request is taken apart; admit has
// the last word.
func (s *Server) refuses() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.refusesLocked()
}

func (s *Server) refusesLocked() bool {
	full := over(len(s.connections)+1, s.options.MaximumConnections)
	if full {
		s.counters.full.Add(1)
	}
	return full || s.closed
}

// post hands a task to all shards.
func (s *Server) post(ctx context.Context, t task) error {
	for _, shard := range s.shards {
		if err := shard.inbox.post(ctx, t); err != nil {
			return err
		}
	}
	return nil
}

// nextShard is the one for the next connection.
func (s *Server) nextShard() *shard {
	return s.shards[s.turn.Add(1)%uint64(len(s.shards))]
}

// clock is the time since the server began, which never jumps.
func (s *Server) clock() time.Duration { return time.Since(s.started) }

var _ http.Handler = (*Server)(nil)
