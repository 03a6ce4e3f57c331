package signalrtest

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"testing"
	"time"

	"github.com/fanfare-hub/fanfare/signalr"
	"github.com/fanfare-hub/fanfare/signalr/client"
)

// Patience is how long a server or a client may take to end with its test.
const Patience = 20 * time.Second

// Path is where Serve maps its hub.
const Path = "/hub"

// Server is a server in memory. Its methods may be used until its test ends.
type Server struct {
	*signalr.Server

	listener *listener
	web      *http.Server
	served   chan error // what web ended with
	clients  *http.Client
}

// Options are the settings of the server that Serve makes. A zero field is its
// default.
type Options struct {
	Server   *signalr.ServerOptions
	Endpoint *signalr.EndpointOptions
}

// Serve serves a hub at Path until the test ends. nil options are all defaults.
func Serve(tb testing.TB, hub *signalr.Hub, options *Options) *Server {
	tb.Helper()
	if options == nil {
		options = &Options{}
	}
	server := signalr.NewServer(options.Server)
	server.MapHub(Path, hub, options.Endpoint)
	return Start(tb, server)
}

// Start serves a server with hubs at any paths until the test ends, and shuts
// it down then.
func Start(tb testing.TB, server *signalr.Server) *Server {
	tb.Helper()
	s := New(server)
	tb.Cleanup(func() {
		if err := s.Close(); err != nil {
			tb.Errorf("signalrtest: %v", err)
		}
	})
	return s
}

// New serves a server until Close, where there is no test to end with.
func New(server *signalr.Server) *Server {
	s := &Server{
		Server:   server,
		listener: newListener(),
		web:      &http.Server{Handler: server, ReadHeaderTimeout: Patience},
		served:   make(chan error, 1),
	}
	s.clients = &http.Client{Transport: &http.Transport{
		DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) { return s.listener.dial(ctx) },
	}}
	go func() { s.served <- s.web.Serve(s.listener) }()
	return s
}

// Close shuts the server down, as in production, and awaits all that New has
// started. It must be called once; Start and Serve do so.
func (s *Server) Close() error {
	ctx, cancel := context.WithTimeout(context.Background(), Patience)
	defer cancel()
	err := s.Shutdown(ctx)
	s.clients.CloseIdleConnections()
	err = errors.Join(err, s.web.Shutdown(ctx))
	if failed := <-s.served; !errors.Is(failed, http.ErrServerClosed) {
		err = errors.Join(err, failed)
	}
	if err != nil {
		return fmt.Errorf("close: %w", err)
	}
	return nil
}

// URL is the address of a path, for [Server.Client] alone: the host does not
// exist.
func (s *Server) URL(path string) string { return "http://server.memory" + path }

// Client is an HTTP client whose every connection leads to the server, for
// requests by hand and for clients with settings of their own.
func (s *Server) Client() *http.Client { return s.clients }

// Connect starts a client of the hub at Path, and stops it when the test ends.
// nil options are the client's defaults; their HTTPClient is not used. setup is
// where its handlers are registered.
func (s *Server) Connect(tb testing.TB, options *client.Options, setup ...func(*client.Client)) *client.Client {
	tb.Helper()
	return s.ConnectTo(tb, Path, options, setup...)
}

// ConnectTo is Connect for the hub at another path.
func (s *Server) ConnectTo(tb testing.TB, path string, options *client.Options, setup ...func(*client.Client)) *client.Client {
	tb.Helper()
	ctx, cancel := context.WithTimeout(tb.Context(), Patience)
	defer cancel()
	c, err := s.Dial(ctx, path, options, setup...)
	if err != nil {
		tb.Fatalf("signalrtest: %v", err)
	}
	tb.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), Patience)
		defer cancel()
		if err := c.Stop(ctx); err != nil {
			tb.Errorf("signalrtest: %v", err)
		}
	})
	return c
}

// Dial starts a client, which the caller stops, where there is no test to end
// with.
func (s *Server) Dial(ctx context.Context, path string, options *client.Options, setup ...func(*client.Client)) (*client.Client, error) {
	var own client.Options
	if options != nil {
		own = *options
	}
	own.HTTPClient = s.clients
	c := client.New(s.URL(path), &own)
	for _, prepare := range setup {
		prepare(c)
	}
	if err := c.Start(ctx); err != nil {
		return nil, fmt.Errorf("connect to %s: %w", path, err)
	}
	return c, nil
}
