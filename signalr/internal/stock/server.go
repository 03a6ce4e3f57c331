package stock

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"path/filepath"
	"time"

	"github.com/fanfare-hub/fanfare/signalr/internal/golden"
)

// headTimeout bounds how long a request's head may take to come.
const headTimeout = 10 * time.Second

// Server is the hub of the recordings on a free port, and the page that the
// client in the browser runs in.
type Server struct {
	listener net.Listener
	hub      *golden.Server
	web      *http.Server
	served   chan error
}

// StartServer listens on a free port of the loopback interface and serves until
// Stop. clients is the folder of the clients' programs.
func StartServer(ctx context.Context, clients string) (*Server, error) {
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("listen: %w", err)
	}
	hub := golden.NewServer()
	mux := http.NewServeMux()
	mux.Handle("/", hub)
	handlePage(mux, clients)
	s := &Server{
		listener: listener, hub: hub, served: make(chan error, 1),
		web: &http.Server{Handler: mux, ReadHeaderTimeout: headTimeout},
	}
	go func() { s.served <- s.web.Serve(listener) }()
	return s, nil
}

// Addr is host:port.
func (s *Server) Addr() string { return s.listener.Addr().String() }

// Stop ends all connections and waits for them until ctx ends.
func (s *Server) Stop(ctx context.Context) error {
	err := errors.Join(s.hub.Shutdown(ctx), s.web.Shutdown(ctx))
	if served := <-s.served; !errors.Is(served, http.ErrServerClosed) {
		err = errors.Join(err, served)
	}
	return err
}

// page loads the bundles as a page by hand would; the driver calls the cases.
const page = `<!doctype html><meta charset="utf-8"><title>The stock client</title>
<script src="/stock/signalr.js"></script><script src="/stock/signalr-protocol-msgpack.js"></script>
`

// handlePage serves the page from the server's own origin, with the stock
// bundles beside it as npm installed them.
func handlePage(mux *http.ServeMux, clients string) {
	modules := filepath.Join(clients, "js10", "node_modules", "@microsoft")
	for name, path := range map[string]string{
		"signalr.js":                  filepath.Join(modules, "signalr", "dist", "browser", "signalr.js"),
		"signalr-protocol-msgpack.js": filepath.Join(modules, "signalr-protocol-msgpack", "dist", "browser", "signalr-protocol-msgpack.js"),
		"cases.mjs":                   filepath.Join(clients, "js", "cases.mjs"),
	} {
		mux.HandleFunc("GET /stock/"+name, func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Type", "text/javascript")
			http.ServeFile(w, r, path)
		})
	}
	mux.HandleFunc("GET /stock/page", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html")
		_, _ = w.Write([]byte(page)) // a browser that went away
	})
}
