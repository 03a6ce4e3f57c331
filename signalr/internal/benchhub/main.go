// Command benchhub serves the hub that load generators measure, on /hub, with
// nothing but the library's defaults unless a flag says otherwise:
//
//	go run ./signalr/internal/benchhub -addr 127.0.0.1:5000 [-epoll]
//
// Echo(x) gives x back; Join(group) joins; Broadcast(payload) and
// SendGroup(group, payload) call the clients' method message(payload).
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
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
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := serve(ctx, *addr, &signalr.ServerOptions{Epoll: *epoll}); err != nil {
		fmt.Fprintln(os.Stderr, "benchhub:", err)
		os.Exit(1)
	}
}

func serve(ctx context.Context, addr string, options *signalr.ServerOptions) error {
	hub := newHub()
	server := signalr.NewServer(options)
	server.MapHub("/hub", hub, nil)
	web := &http.Server{Addr: addr, Handler: server, ReadHeaderTimeout: 10 * time.Second}
	failed := make(chan error, 1)
	go func() { failed <- web.ListenAndServe() }()
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
