// Command benchhub serves the hub that load generators measure, on /hub, with
// nothing but the library's defaults unless a flag says otherwise:
//
//	go run ./signalr/internal/benchhub -addr 127.0.0.1:5000 [-epoll] [-front=false]
//
// Echo(x) gives x back; Join(group) joins; Broadcast(payload) and
// SendGroup(group, payload) call the clients' method message(payload).
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
	"time"

	"github.com/fanfare-hub/fanfare/signalr"
)

const message = signalr.Call1[any]("message")

func main() {
	addr := flag.String("addr", "127.0.0.1:5000", "address to listen on, `host:port`")
	epoll := flag.Bool("epoll", false, "let idle connections wait without a goroutine (Linux)")
	front := flag.Bool("front", true, "have the library answer what opens connections, not net/http")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := serve(ctx, *addr, *front, &signalr.ServerOptions{Epoll: *epoll}); err != nil {
		fmt.Fprintln(os.Stderr, "benchhub:", err)
		os.Exit(1)
	}
}

func serve(ctx context.Context, addr string, front bool, options *signalr.ServerOptions) error {
	// The hub's own pings find out who is gone.
	listener, err := (&net.ListenConfig{KeepAlive: -1}).Listen(ctx, "tcp", addr)
	if err != nil {
		return err
	}
	hub := newHub()
	server := signalr.NewServer(options)
	server.MapHub("/hub", hub, nil)
	web := &http.Server{Handler: server, ReadHeaderTimeout: 10 * time.Second}
	if front {
		listener = server.Front(listener, web)
	}
	failed := make(chan error, 1)
	go func() { failed <- web.Serve(listener) }()
	select {
	case err := <-failed:
		return err
	case <-ctx.Done():
	}
	stopping, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
	defer cancel()
	return errors.Join(server.Shutdown(stopping), web.Shutdown(stopping))
}

func newHub() *signalr.Hub {
	hub := signalr.NewHub(&signalr.HubOptions{Name: "bench"})
	hub.Handle("Echo", func(x any) any { return x })
	hub.Handle("Join", func(caller *signalr.Caller, group string) error { return caller.Join(group) })
	hub.Handle("Broadcast", func(ctx context.Context, payload any) error { return message.To(ctx, hub.All(), payload) })
	hub.Handle("SendGroup", func(ctx context.Context, group string, payload any) error {
		return message.To(ctx, hub.Group(group), payload)
	})
	return hub
}
