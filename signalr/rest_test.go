package signalr_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"reflect"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/fanfare-hub/fanfare/signalr"
	"github.com/fanfare-hub/fanfare/signalr/internal/ws"
)

// goroutinesOf counts the goroutines of connections.
func goroutinesOf(method string) int {
	all := make([]byte, 8<<20)
	return strings.Count(string(all[:runtime.Stack(all, true)]), "signalr.(*connection)."+method+"(")
}

// TestRestingConnections: one whose client has nothing to say waits at the
// bottom of a stack, or without a goroutine, and answers what comes then.
//
//nolint:paralleltest // it counts the goroutines of the whole process
func TestRestingConnections(t *testing.T) {
	const connections = 20
	for name, epoll := range map[string]bool{"goroutine": false, "epoll": true} {
		t.Run(name, func(t *testing.T) {
			if epoll && runtime.GOOS != "linux" {
				t.Skip("epoll is for Linux")
			}
			want := connections
			if epoll {
				want = 0
			}
			b := setup(t, options{
				server:  &signalr.ServerOptions{Epoll: epoll},
				prepare: func(h *signalr.Hub) { h.Handle("Echo", func(text string) string { return text }) },
			})
			clients := make([]*client, connections)
			for i := range clients {
				clients[i] = b.connect(t)
			}
			rested := func() bool {
				return goroutinesOf("read") == 0 && goroutinesOf("waitToRead") == want
			}
			if testingEpoll() && !epoll {
				t.Skip("all have the option")
			}
			waitFor(t, rested)
			for range 2 {
				for _, c := range clients {
					c.invoke("Echo", `["m"]`, `"result":"m"`)
					c.send(`{"type":6}`)
				}
				waitFor(t, rested)
			}
		})
	}
}

// TestRestIsInterrupted: whatever ends a connection, ends one that rests too.
func TestRestIsInterrupted(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		act    func(t *testing.T, b *bundle, c *client, caller *signalr.Caller)
		reason signalr.EndReason
	}{
		"abort": {func(_ *testing.T, _ *bundle, _ *client, caller *signalr.Caller) { caller.Abort() }, signalr.EndedByServer},
		"shutdown": {func(t *testing.T, b *bundle, c *client, _ *signalr.Caller) {
			t.Helper()
			c.conn.WriteClose(ws.CodeNormal, "")
			if err := b.server.Shutdown(t.Context()); err != nil {
				t.Error(err)
			}
		}, ""}, // either may be first
		"timeout": {func(*testing.T, *bundle, *client, *signalr.Caller) {}, signalr.EndedTimedOut},
		"client's close": {func(_ *testing.T, _ *bundle, c *client, _ *signalr.Caller) {
			c.conn.WriteClose(ws.CodeNormal, "")
		}, signalr.EndedByClient},
		"lost": {func(_ *testing.T, _ *bundle, c *client, _ *signalr.Caller) { c.conn.Close() }, signalr.EndedLost},
		"cut": {func(t *testing.T, b *bundle, _ *client, _ *signalr.Caller) {
			t.Helper()
			ctx, cancel := context.WithCancel(t.Context())
			cancel()
			b.server.Shutdown(ctx)
		}, signalr.EndedByShutdown},
	} {
		for mode, epoll := range map[string]bool{"goroutine": false, "epoll": true} {
			t.Run(name+"/"+mode, func(t *testing.T) {
				t.Parallel()
				callers, reasons := make(chan *signalr.Caller, 1), make(chan signalr.EndReason, 1)
				hub := &signalr.HubOptions{}
				if name == "timeout" {
					hub.ClientTimeoutInterval = 30 * time.Millisecond
				}
				b := setup(t, options{
					server: &signalr.ServerOptions{Epoll: epoll, TickInterval: 5 * time.Millisecond}, hub: hub,
					prepare: func(h *signalr.Hub) {
						h.OnConnected(func(_ context.Context, c *signalr.Caller) error {
							callers <- c
							return nil
						})
						h.OnDisconnected(func(_ context.Context, c *signalr.Caller, _ error) error {
							reasons <- c.EndReason()
							return nil
						})
					},
				})
				client := b.connect(t)
				client.send(`{"type":6}`)
				c.act(t, b, client, receive(t, callers))
				if got := receive(t, reasons); c.reason != "" && got != c.reason {
					t.Errorf("ended %q, want %q", got, c.reason)
				}
			})
		}
	}
}

// TestMemoryIsGivenBackAfterAWave: with Epoll, once, when a thousand have come.
//
//nolint:paralleltest // it counts the collections of the whole process
func TestMemoryIsGivenBackAfterAWave(t *testing.T) {
	if testing.Short() || runtime.GOOS != "linux" {
		t.Skip("it takes seconds, and Linux")
	}
	b := setup(t, options{server: &signalr.ServerOptions{Epoll: true, TickInterval: 5 * time.Millisecond}})
	forced := func() uint32 {
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		return m.NumForcedGC
	}
	for range 999 {
		b.connect(t)
	}
	before := forced()
	b.connect(t)
	waitFor(t, func() bool { return forced() > before })
}

// TestRequestIsKept: what the hub sees of a request is what the handler got,
// whatever stood before it.
func TestRequestIsKept(t *testing.T) {
	t.Parallel()
	seen := make(chan *http.Request, 1)
	b := &bundle{hub: signalr.NewHub(nil), server: newServer(nil)}
	b.hub.OnConnected(func(_ context.Context, c *signalr.Caller) error {
		seen <- c.Request()
		return nil
	})
	b.server.MapHub("/hub", b.hub, nil)
	var want *http.Request
	inner := http.StripPrefix("/at", http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		r.Header["x-lower"] = []string{"line\nbreak", "", "é"}
		r.Header["X-None"] = []string{}
		want = r.Clone(r.Context())
		for _, name := range []string{"Connection", "Upgrade", "Sec-Websocket-Key", "Sec-Websocket-Version"} {
			want.Header.Del(name) // what opens a WebSocket is not kept
		}
		b.server.ServeHTTP(w, r)
	}))
	serve(t, b)
	outer := httptest.NewServer(inner)
	defer outer.Close()
	b.url = outer.URL + "/at/hub"
	b.connect(t, "x=%20y", "x=z").conn.Close()
	got := receive(t, seen)
	for name, pair := range map[string][2]any{
		"method": {got.Method, want.Method}, "URL": {got.URL, want.URL}, "header": {got.Header, want.Header}, "host": {got.Host, want.Host},
		"address": {got.RemoteAddr, want.RemoteAddr}, "URI": {got.RequestURI, want.RequestURI},
		"version": {[2]int{got.ProtoMajor, got.ProtoMinor}, [2]int{1, 1}}, "protocol": {got.Proto, want.Proto},
	} {
		if !reflect.DeepEqual(pair[0], pair[1]) {
			t.Errorf("%s: got %v, want %v", name, pair[0], pair[1])
		}
	}
}
