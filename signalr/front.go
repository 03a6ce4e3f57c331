package signalr

import (
	"context"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"time"

	"github.com/fanfare-hub/fanfare/signalr/internal/front"
)

// What a front does where the http.Server says nothing.
const (
	frontHeaderTimeout = 10 * time.Second
	frontIdleTimeout   = 2 * time.Minute
)

// Front returns a listener to serve web with: it answers negotiations and
// opens WebSockets of this server's hubs by itself, so that a storm of new
// connections costs a third less, and gives web all other connections of l, and
// all other requests, as they came.
//
//	web := &http.Server{Handler: server, ReadHeaderTimeout: 10 * time.Second}
//	err := web.Serve(server.Front(listener, web))
//
// Only the plainest requests are answered so, over TCP without TLS; clients see
// no difference. What is around the server in web's Handler does not see them,
// with one exception: requests of pages of another origin are always web's, so
// that CORS stays the application's. The hooks of [EndpointOptions] are asked
// as ever, but the context of their requests does not end when the client hangs
// up. ReadHeaderTimeout (default 10 s), IdleTimeout (2 min), BaseContext and
// ErrorLog are web's; with ConnContext, ConnState or without HTTP/1 web gets
// everything.
//
// web.Shutdown and web.Close close the listener, and connections that wait for
// a request; a request that is being answered is awaited by [Server.Shutdown],
// which must be called besides as ever. From that on web gets everything.
func (s *Server) Front(l net.Listener, web *http.Server) net.Listener {
	if web.ConnContext != nil || web.ConnState != nil || web.Protocols != nil && !web.Protocols.HTTP1() {
		return l
	}
	base := context.Background()
	if web.BaseContext != nil {
		base = web.BaseContext(l)
	}
	logger := s.options.Logger
	if web.ErrorLog != nil {
		logger = slog.New(slog.NewTextHandler(web.ErrorLog.Writer(), nil))
	}
	return front.New(front.Options{
		Listener:      l,
		Site:          (*site)(s),
		Base:          context.WithValue(base, http.ServerContextKey, web),
		Logger:        logger,
		Crew:          &crew{},
		HeaderTimeout: orDefault(orDefault(web.ReadHeaderTimeout, web.ReadTimeout), frontHeaderTimeout),
		IdleTimeout:   orDefault(orDefault(web.IdleTimeout, web.ReadTimeout), frontIdleTimeout),
	})
}

// site is the server as a front sees it.
type site Server

// Knows implements front.Site. What functions of the application see they may
// keep; those that log see contexts only.
func (s *site) Knows(post bool, path []byte) (known, kept bool) {
	key := pathKey(string(path))
	e := s.endpoints[key]
	if post {
		if e != nil || !strings.HasSuffix(key, negotiatePath) {
			return false, false
		}
		e = s.endpoints[strings.TrimSuffix(key, negotiatePath)]
	}
	return e != nil, e != nil && (e.hooked || s.options.Logger.Enabled(s.base, slog.LevelDebug))
}

const negotiatePath = "/negotiate"

// Begin implements front.Site. A client that comes back to its connection may
// have to take its turn, and net/http sees whether it waits for that.
func (s *site) Begin(r *http.Request) bool {
	e := s.endpoints[pathKey(r.URL.Path)]
	if e != nil && e.options.AllowStatefulReconnects && e.look(parameter(r.URL, "id")).conn.returning() {
		return false
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.closed {
		s.goroutines.Add(1)
	}
	return !s.closed
}

// Finish implements front.Site.
func (s *site) Finish() { s.goroutines.Done() }

// ServeHTTP implements front.Site.
func (s *site) ServeHTTP(w http.ResponseWriter, r *http.Request) { (*Server)(s).ServeHTTP(w, r) }

var _ front.Site = (*site)(nil)
