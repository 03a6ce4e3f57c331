package signalr_test

import (
	"context"
	"errors"
	"net/http"
	"testing"

	"github.com/fanfare-hub/fanfare/signalr"
)

// DOWN-01, DOWN-03: every client is told that it may come back, OnDisconnected
// runs without error, and nothing new is let in.
func TestShutdown(t *testing.T) {
	t.Parallel()
	ended := make(chan error, 10)
	b := setup(t, options{prepare: func(h *signalr.Hub) {
		h.OnDisconnected(func(_ context.Context, _ *signalr.Caller, err error) error {
			ended <- err
			return nil
		})
	}})
	connected, silent := b.connect(t), b.dial(t)
	b.waitOpen(t, 2)
	done := make(chan error, 1)
	go func() { done <- b.server.Shutdown(context.Background()) }()
	connected.want(`{"type":7,"allowReconnect":true}`)
	connected.wantClosed()
	silent.wantClosed() // no message before the handshake (HS-16)
	if err := receive(t, done); err != nil {
		t.Errorf("Shutdown: %v", err)
	}
	if err := receive(t, ended); err != nil || len(ended) > 0 {
		t.Errorf("OnDisconnected got %v", err)
	}
	if status, _, _ := b.do(t, http.MethodPost, "/hub/negotiate"); status != http.StatusServiceUnavailable {
		t.Errorf("negotiate: %d", status)
	}
	b.refused(t, "", http.StatusServiceUnavailable, "")
	if err := message.To(t.Context(), b.hub.All(), "x"); !errors.Is(err, signalr.ErrServerClosed) {
		t.Errorf("send: %v", err)
	}
	if got := b.server.Stats(); got.Open != 0 || got.Opened != 2 || got.Closed != 2 {
		t.Errorf("got %+v", got)
	}
}

// DOWN-03: a method that does not end is cut when the context has ended.
func TestShutdownIsBounded(t *testing.T) {
	t.Parallel()
	g := newGates()
	b := setup(t, options{prepare: func(h *signalr.Hub) {
		h.OnDisconnected(func(ctx context.Context, _ *signalr.Caller, _ error) error {
			g.entered <- "leaving"
			<-ctx.Done()
			return nil
		})
	}})
	b.connect(t)
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- b.server.Shutdown(ctx) }()
	receive(t, g.entered)
	cancel()
	if err := receive(t, done); !errors.Is(err, context.Canceled) {
		t.Errorf("Shutdown: %v", err)
	}
}

// DOWN-04: the HTTP server's own Shutdown knows nothing of WebSockets; the
// library's ends them.
func TestShutdownEndsWebSockets(t *testing.T) {
	t.Parallel()
	b := setup(t, options{prepare: methods})
	c := b.connect(t)
	if err := b.http.Config.Shutdown(t.Context()); err != nil {
		t.Fatal(err)
	}
	c.invoke("Echo", `["still here"]`, `"result":"still here"`)
	done := make(chan error, 1)
	go func() { done <- b.server.Shutdown(context.Background()) }()
	c.want(`{"type":7,"allowReconnect":true}`)
	c.wantClosed()
	if err := receive(t, done); err != nil {
		t.Errorf("Shutdown: %v", err)
	}
}
