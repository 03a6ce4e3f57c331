package signalr_test

import (
	"context"
	"crypto/tls"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/fanfare-hub/fanfare/signalr"
	"github.com/fanfare-hub/fanfare/signalr/internal/ws"
)

// A client that does not read is cut when its queue is full; one that reads
// gets everything in order meanwhile, and no send waits (SEND-03, INV-22).
func TestSlowClientIsCut(t *testing.T) {
	t.Parallel()
	ended := make(chan error, 1)
	b := setup(t, options{
		server: &signalr.ServerOptions{QueueLimit: 64 << 10},
		prepare: func(h *signalr.Hub) {
			h.OnDisconnected(func(_ context.Context, _ *signalr.Caller, err error) error {
				ended <- err
				return nil
			})
		},
	})
	b.connect(t) // and never reads again
	healthy := b.connect(t)
	padding := strings.Repeat("x", 8<<10)
	for i := 0; b.server.Stats().Overflowed == 0; i++ {
		text := strconv.Itoa(i) + padding
		if err := message.To(t.Context(), b.hub.All(), text); err != nil {
			t.Fatal(err)
		}
		healthy.want(said(text))
	}
	if err := receive(t, ended); err != nil {
		t.Errorf("OnDisconnected got %v", err)
	}
	b.waitOpen(t, 1)
	if err := message.To(t.Context(), b.hub.All(), "still here"); err != nil {
		t.Fatal(err)
	}
	healthy.want(said("still here"))
}

// CONN-11: a client that takes nothing for the send timeout is cut.
func TestStuckClientIsCut(t *testing.T) {
	t.Parallel()
	b := setup(t, options{
		server:   &signalr.ServerOptions{QueueLimit: 64 << 20},
		endpoint: &signalr.EndpointOptions{TransportSendTimeout: 50 * time.Millisecond},
	})
	b.connect(t)
	if err := message.To(t.Context(), b.hub.All(), strings.Repeat("x", 8<<20)); err != nil {
		t.Fatal(err)
	}
	b.waitOpen(t, 0)
	if got := b.server.Stats(); got.Stuck != 1 || got.Overflowed != 0 {
		t.Errorf("got %+v", got)
	}
}

// A client that was slow for a while gets all of it, in order, and is written
// to without a queue again.
func TestSlowClientCatchesUp(t *testing.T) {
	t.Parallel()
	b := setup(t, options{server: &signalr.ServerOptions{QueueLimit: 64 << 20}})
	c := b.connect(t)
	padding := strings.Repeat("x", 64<<10)
	for range 2 {
		const messages = 150 // 9 MiB: more than any socket's buffers
		for i := range messages {
			if err := message.To(t.Context(), b.hub.All(), strconv.Itoa(i)+padding); err != nil {
				t.Fatal(err)
			}
		}
		for i := range messages {
			c.want(said(strconv.Itoa(i) + padding))
		}
	}
}

// TLS cannot be written without blocking: a writer does it, in order, and the
// Close message still comes last.
func TestOverTLS(t *testing.T) {
	t.Parallel()
	b := &bundle{hub: signalr.NewHub(nil), server: newServer(nil)}
	room(b.hub)
	b.server.MapHub("/hub", b.hub, nil)
	b.http = httptest.NewTLSServer(b.server)
	t.Cleanup(b.http.Close)
	transport, _ := b.http.Client().Transport.(*http.Transport)
	dialer := ws.Dialer{TLS: &tls.Config{RootCAs: transport.TLSClientConfig.RootCAs}}
	url := "wss" + strings.TrimPrefix(b.http.URL, "https") + "/hub"
	conn, _, err := dialer.Dial(t.Context(), url, nil) //nolint:bodyclose // none if it succeeds
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	c := &client{t: t, conn: conn}
	c.send(`{"protocol":"json","version":1}`)
	c.want(`{}`)
	for i := range 100 {
		if err := message.To(t.Context(), b.hub.All(), strconv.Itoa(i)); err != nil {
			t.Fatal(err)
		}
	}
	for i := range 100 {
		c.want(said(strconv.Itoa(i)))
	}
	done := make(chan error, 1)
	go func() { done <- b.server.Shutdown(context.Background()) }()
	c.want(`{"type":7,"allowReconnect":true}`)
	c.wantClosed()
	if err := receive(t, done); err != nil {
		t.Error(err)
	}
}

// DOWN-05, GRP-04, SEC-05: connections come and go, cleanly and not, while
// everything else goes on; nothing is left of them.
func TestChurn(t *testing.T) {
	t.Parallel()
	b := setup(t, options{prepare: func(h *signalr.Hub) {
		room(h)
		h.OnConnected(func(_ context.Context, c *signalr.Caller) error { return c.Join("g") })
		h.Handle("Abort", func(c *signalr.Caller) { c.Abort() })
	}})
	stop, stopped := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(stopped)
		ticker := time.NewTicker(time.Millisecond)
		defer ticker.Stop()
		for i := uint64(0); ; i++ {
			select {
			case <-stop:
				return
			case <-ticker.C:
				message.To(context.Background(), b.hub.Group("g").OnlyNewer("g", i), "x")
				message.To(context.Background(), b.hub.All(), "y")
			}
		}
	}()
	var clients sync.WaitGroup
	for worker := range 4 {
		clients.Go(func() {
			for i := range 12 {
				c := b.connect(t)
				c.send(`{"type":1,"target":"Join","arguments":["h"]}`)
				switch (worker + i) % 4 {
				case 0:
					c.conn.Close()
				case 1:
					c.conn.WriteClose(ws.CodeNormal, "")
				case 2:
					c.raw(`{"type":7}` + "\x1e")
				case 3:
					c.raw(`{"type":1,"target":"Abort","arguments":[]}` + "\x1e")
				}
				for {
					if _, err := c.next(); err != nil {
						break
					}
				}
				c.conn.Close()
			}
		})
	}
	clients.Wait()
	close(stop)
	<-stopped
	b.waitOpen(t, 0)
}
