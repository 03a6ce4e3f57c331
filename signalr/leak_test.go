package signalr_test

import (
	"context"
	"net/http"
	"runtime"
	"sync"
	"testing"
	"time"

	"github.com/fanfare-hub/fanfare/signalr"
	"github.com/fanfare-hub/fanfare/signalr/internal/ws"
)

// visitor is a client that comes and goes.
type visitor struct {
	*bundle

	t *testing.T
}

// cycles are the ways in which a client can come and go.
var cycles = map[string]func(visitor){
	"socket, Close message": func(b visitor) {
		c := b.connect(b.t)
		c.send(`{"type":7}`)
		c.want(`{"type":7}`)
		c.wantClosed()
	},
	"socket, Close frame": func(b visitor) {
		c := b.connect(b.t)
		c.conn.WriteClose(ws.CodeNormal, "")
		c.wantClosed()
	},
	"socket, cut":              func(b visitor) { b.connect(b.t).conn.Close() },
	"socket, cut in handshake": func(b visitor) { b.dial(b.t).conn.Close() },
	"socket, cut while it is read": func(b visitor) {
		c := b.connect(b.t)
		c.raw(`{"type":1,`)
		c.conn.Close()
	},
	"socket, may come back and does not": func(b visitor) {
		c := b.dial(b.t, "id="+b.negotiate(b.t, "?negotiateVersion=1&useStatefulReconnect=true").ConnectionToken)
		c.send(`{"protocol":"json","version":2}`)
		c.want(`{}`)
		c.conn.Close()
	},
	"stream, Close message": func(b visitor) {
		s := b.streaming(b.t)
		s.send(`{"type":7}`)
		s.want(`{"type":7}`)
		s.wantEnd()
	},
	"stream, hung up": func(b visitor) { b.streaming(b.t).hangUp() },
	"polls, DELETE":   func(b visitor) { b.polling(b.t) }, // at the end of t
	"polls, left in the middle": func(b visitor) {
		c := b.web(b.t)
		c.poll()
		c.post(shake)
		c.poll(`{}`)
		ctx, cancel := context.WithCancel(b.t.Context())
		waiting := c.start(ctx)
		cancel()
		<-waiting
	},
	"negotiated only": func(b visitor) { b.web(b.t) },
	"posted only": func(b visitor) {
		if got := b.web(b.t).request(b.t.Context(), http.MethodPost, shake); got.err != nil {
			b.t.Error(got.err)
		}
	},
}

// DOWN-05: thousands of clients come and go, in order or not, over each
// transport. Of none of them is a goroutine left, nor memory.
func TestNothingIsLeft(t *testing.T) { //nolint:paralleltest // it counts goroutines and the heap
	rounds := 10
	if testing.Short() {
		rounds = 2
	}
	const together, bytesEach = 20, 120
	b := setup(t, options{
		server:   &signalr.ServerOptions{DisconnectTimeout: 2 * time.Second, TickInterval: 10 * time.Millisecond},
		endpoint: &signalr.EndpointOptions{AllowStatefulReconnects: true},
		prepare: func(h *signalr.Hub) {
			h.OnConnected(func(_ context.Context, c *signalr.Caller) error { return c.Join("everybody") })
		},
	})
	// The first ones fill the pools.
	b.comeAndGo(t, 1, together)
	b.settle(t)
	goroutines, bytes := runtime.NumGoroutine(), heap()
	b.comeAndGo(t, rounds, together)
	b.settle(t)
	const kept = 64 // goroutines that the server keeps for the next calls
	waitFor(t, func() bool { return runtime.NumGoroutine() <= goroutines+kept })
	clients := int64(rounds * together * len(cycles))
	waitFor(t, func() bool { return heap()-bytes < clients*bytesEach })
	t.Logf("%d clients; the heap has grown by %d bytes", clients, heap()-bytes)
}

// comeAndGo has clients of every kind come and go, some at a time.
func (b *bundle) comeAndGo(t *testing.T, rounds, together int) {
	t.Helper()
	for range rounds {
		for name, cycle := range cycles {
			t.Run(name, func(t *testing.T) {
				var clients sync.WaitGroup
				for range together {
					clients.Go(func() { cycle(visitor{b, t}) })
				}
				clients.Wait()
			})
		}
	}
}

// settle waits until all clients are gone, and the connections to net/http too.
func (b *bundle) settle(t *testing.T) {
	t.Helper()
	b.waitOpen(t, 0)
	b.http.Client().CloseIdleConnections()
	b.http.CloseClientConnections()
}
