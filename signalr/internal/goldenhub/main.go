// Command goldenhub serves the hub of the recorded exchanges, for players and
// clients of other languages:
//
//	go run ./signalr/internal/goldenhub -addr 127.0.0.1:5000 [-front]
//
// It stops at an interrupt, after the connections have ended.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/fanfare-hub/fanfare/signalr/internal/golden"
)

// grace is how long connections may take to end.
const grace = 5 * time.Second

func main() {
	addr := flag.String("addr", "127.0.0.1:5000", "`host:port` to listen on")
	front := flag.Bool("front", false, "have the library answer what opens connections, not net/http")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := serve(ctx, *addr, *front); err != nil {
		fmt.Fprintln(os.Stderr, "goldenhub:", err)
		os.Exit(1)
	}
}

// serve serves until ctx ends, and returns when all connections have.
func serve(ctx context.Context, addr string, front bool) error {
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", addr)
	if err != nil {
		return fmt.Errorf("listen: %w", err)
	}
	fmt.Fprintln(os.Stderr, "goldenhub: listening on", listener.Addr())
	hub := golden.NewServer()
	web := &http.Server{Handler: hub, ReadHeaderTimeout: grace}
	if front {
		listener = hub.Front(listener, web)
	}
	served := make(chan error, 1)
	go func() { served <- web.Serve(listener) }()
	select {
	case err := <-served:
		return fmt.Errorf("serve: %w", err)
	case <-ctx.Done():
	}
	last, cancel := context.WithTimeout(context.WithoutCancel(ctx), grace)
	defer cancel()
	err = errors.Join(hub.Shutdown(last), web.Shutdown(last))
	<-served
	return err
}
