package signalr_test

import (
	"context"
	"net/http"
	"sync"
	"testing"
	"time"

	"github.com/fanfare-hub/fanfare/signalr"
)

// DOWN-05, SEC-05: streams and polling connections come and go, in every way,
// while everything else goes on; nothing is left of them.
func TestChurnOverHTTP(t *testing.T) {
	t.Parallel()
	const roomy = 64 << 20 // who polls slowly must not be cut
	b := setup(t, options{server: &signalr.ServerOptions{QueueLimit: roomy}, prepare: func(h *signalr.Hub) {
		room(h)
		h.OnConnected(func(_ context.Context, c *signalr.Caller) error { return c.Join("g") })
		h.Handle("Abort", func(c *signalr.Caller) { c.Abort() })
	}})
	stop, stopped := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(stopped)
		ticker := time.NewTicker(time.Millisecond) // or clients that wait for a processor fall behind
		defer ticker.Stop()
		for {
			select {
			case <-stop:
				return
			case <-ticker.C:
				message.To(context.Background(), b.hub.Group("g"), "x")
			}
		}
	}()
	var clients sync.WaitGroup
	for way := range 4 {
		clients.Go(func() {
			for range 8 {
				b.churnStream(t, way)
				b.churnPolls(t, way)
			}
		})
	}
	clients.Wait()
	close(stop)
	<-stopped
	b.waitOpen(t, 0)
}

// churnStream opens a stream and ends it that way.
func (b *bundle) churnStream(t *testing.T, way int) {
	t.Helper()
	s := b.web(t).listen()
	s.post(shake)
	switch way {
	case 0:
		s.hangUp()
	case 1:
		s.send(`{"type":7}`)
	case 2:
		s.send(`{"type":1,"target":"Abort","arguments":[]}`)
	default:
		s.send(`nonsense`)
	}
	for {
		if _, err := s.lines.ReadString('\n'); err != nil {
			return
		}
	}
}

// churnPolls opens a connection by polls and ends it that way.
func (b *bundle) churnPolls(t *testing.T, way int) {
	t.Helper()
	c := b.web(t)
	c.poll()
	c.post(shake)
	ctx, cancel := context.WithCancel(t.Context())
	waiting := c.start(ctx)
	switch way {
	case 0:
		cancel()
		c.expect(http.MethodDelete, "", http.StatusAccepted, "")
	case 1:
		c.expect(http.MethodDelete, "", http.StatusAccepted, "")
	case 2:
		c.send(`{"type":1,"target":"Abort","arguments":[]}`)
	default:
		c.send(`nonsense`)
	}
	got := <-waiting
	for got.err == nil && got.status == http.StatusOK {
		got = <-c.start(ctx)
	}
	cancel()
}
