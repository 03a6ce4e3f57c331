package signalr_test

import (
	"context"
	"errors"
	"net"
	"net/http"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/fanfare-hub/fanfare/signalr"
	hubclient "github.com/fanfare-hub/fanfare/signalr/client"
	"github.com/fanfare-hub/fanfare/signalr/signalrtest"
)

// wantRestart reads the server's Close frame with 1012 and answers it.
func (c *client) wantRestart() {
	c.t.Helper()
	record, err := c.next()
	if err == nil {
		c.t.Fatalf("got %s, want the end", record)
	}
	if want := `websocket closed by the peer: 1012 ""`; err.Error() != want {
		c.t.Errorf("got %v, want %s", err, want)
	}
	c.conn.WriteClose(1000, "")
}

// DOWN-01, DOWN-03: what each transport gets that is handed over, and the hub.
func TestHandover(t *testing.T) {
	t.Parallel()
	type end struct {
		err    error
		reason signalr.EndReason
	}
	ended := make(chan end, 10)
	b := setup(t, options{
		server:   &signalr.ServerOptions{Handover: true},
		endpoint: &signalr.EndpointOptions{AllowStatefulReconnects: true},
		prepare: func(h *signalr.Hub) {
			h.OnDisconnected(func(_ context.Context, c *signalr.Caller, err error) error {
				ended <- end{err, c.EndReason()}
				return nil
			})
		},
	})
	socket, unshaken, stream, polls := b.connect(t), b.dial(t), b.streaming(t), b.polling(t)
	stateful := b.dial(t, "id="+b.negotiate(t, "?negotiateVersion=1&useStatefulReconnect=true").ConnectionToken)
	stateful.send(`{"protocol":"json","version":2}`)
	stateful.want(`{}`)
	away := b.dial(t, "id="+b.negotiate(t, "?negotiateVersion=1&useStatefulReconnect=true").ConnectionToken)
	away.send(`{"protocol":"json","version":2}`)
	away.want(`{}`)
	away.conn.Close() // and could come back until the end
	waiting := polls.start(t.Context())
	b.waitOpen(t, 6)
	done := make(chan error, 1)
	go func() { done <- b.server.Shutdown(context.Background()) }()
	socket.wantRestart()
	unshaken.wantRestart()
	stateful.wantRestart()
	stream.want(`{"type":7,"allowReconnect":true}`)
	stream.wantEnd()
	if got := receive(t, waiting); got.status != http.StatusOK || got.body != `{"type":7,"allowReconnect":true}`+"\x1e" {
		t.Errorf("poll: %+v", got)
	}
	polls.expect(http.MethodGet, "", http.StatusNoContent, "")
	if err := receive(t, done); err != nil {
		t.Errorf("Shutdown: %v", err)
	}
	for range 5 {
		if got := receive(t, ended); got.err != nil || got.reason != signalr.EndedByShutdown {
			t.Errorf("OnDisconnected got %+v", got)
		}
	}
}

// DOWN-03: the connections go one after the other, over the time that there is;
// until its turn each works as before, and nothing new is let in.
func TestHandoverIsPaced(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := inMemory(t, options{server: &signalr.ServerOptions{Handover: true}, prepare: room})
		const many = 30
		var clients []*hubclient.Client
		for range many {
			clients = append(clients, b.Connect(t, nil))
		}
		ctx, cancel := context.WithTimeout(t.Context(), 4*time.Minute)
		defer cancel()
		done := make(chan error, 1)
		began := time.Now()
		go func() { done <- b.Shutdown(ctx) }()
		for _, c := range []struct {
			after       time.Duration
			least, most int
		}{{0, 30, 30}, {time.Minute, 20, 20}, {2 * time.Minute, 10, 10}, {3 * time.Minute, 0, 0}} {
			<-time.After(c.after - time.Since(began))
			synctest.Wait()
			open := b.Connections()
			if open < c.least || open > c.most {
				t.Errorf("after %v: %d are open", c.after, open)
			}
			works := 0
			for _, client := range clients {
				if client.Invoke(t.Context(), nil, "Id") == nil {
					works++
				}
			}
			if works != open {
				t.Errorf("after %v: %d of %d work", c.after, works, open)
			}
			if client, err := b.Dial(t.Context(), "/hub", nil); err == nil {
				t.Error("let in")
				client.Stop(t.Context())
			}
		}
		if err := <-done; err != nil {
			t.Errorf("Shutdown: %v", err)
		}
	})
}

// DOWN-03: without a deadline 1,000 go in a second; what is left when the
// context ends is cut.
func TestHandoverPaces(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		clients int
		cancel  time.Duration // 0: never
		took    time.Duration
		err     error
	}{
		"no deadline": {clients: 120, took: 150 * time.Millisecond},
		"cancelled":   {clients: 200, cancel: 60 * time.Millisecond, took: 60 * time.Millisecond, err: context.Canceled},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				b := inMemory(t, options{server: &signalr.ServerOptions{Handover: true}})
				for range c.clients {
					b.Connect(t, nil)
				}
				ctx, cancel := context.WithCancel(t.Context())
				defer cancel()
				if c.cancel > 0 {
					time.AfterFunc(c.cancel, cancel)
				}
				began := time.Now()
				if err := b.Shutdown(ctx); !errors.Is(err, c.err) {
					t.Errorf("Shutdown: %v", err)
				}
				if took := time.Since(began); took != c.took {
					t.Errorf("took %v, want %v", took, c.took)
				}
				synctest.Wait()
				if n := b.Connections(); n > 0 {
					t.Errorf("%d are open", n)
				}
			})
		})
	}
}

// DOWN-03: clients that are handed over go on at another server by themselves,
// over each transport and with stateful reconnect too.
func TestHandoverMovesClients(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		endpoint := &signalr.EndpointOptions{AllowStatefulReconnects: true}
		old := inMemory(t, options{server: &signalr.ServerOptions{Handover: true}, endpoint: endpoint, prepare: room})
		next := inMemory(t, options{endpoint: endpoint, prepare: room})
		var balancer atomic.Pointer[signalrtest.Server]
		balancer.Store(old)
		web := &http.Client{Transport: &http.Transport{
			DialContext: func(ctx context.Context, network, address string) (net.Conn, error) {
				transport, _ := balancer.Load().Client().Transport.(*http.Transport)
				return transport.DialContext(ctx, network, address)
			},
		}}
		t.Cleanup(web.CloseIdleConnections)
		var clients []*hubclient.Client
		for _, o := range []hubclient.Options{
			{},
			{StatefulReconnect: true},
			{Transports: hubclient.ServerSentEvents},
			{Transports: hubclient.LongPolling},
		} {
			o.HTTPClient, o.Reconnect = web, hubclient.ReconnectAfter()
			c := hubclient.New("http://balanced.memory/hub", &o)
			if err := c.Start(t.Context()); err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { c.Stop(context.Background()) })
			clients = append(clients, c)
		}
		balancer.Store(next)
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		if err := old.Shutdown(ctx); err != nil {
			t.Errorf("Shutdown: %v", err)
		}
		<-time.After(time.Minute)
		for i, c := range clients {
			if err := c.Invoke(t.Context(), nil, "Id"); err != nil {
				t.Errorf("client %d: %v", i, err)
			}
		}
		if got := next.Connections(); got != len(clients) {
			t.Errorf("%d are there", got)
		}
	})
}
