package signalr_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/fanfare-hub/fanfare/signalr"
	"github.com/fanfare-hub/fanfare/signalr/internal/ws"
)

const failedClose = `{"type":7,"error":"Connection closed with an error.","allowReconnect":true}`

// LIFE-05, LIFE-07, LIFE-08, CLOSE-02, CLOSE-03, CLOSE-04, CLOSE-05, PING-06, SIZE-02, WS-10, WS-11, WS-13: each
// way to end, what the client reads, what OnDisconnected gets, exactly once.
func TestEndings(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		end   func(*client)
		want  []string
		clean bool // the server says goodbye
		err   string
	}{
		"close message": {func(c *client) { c.send(`{"type":7}`) }, []string{`{"type":7}`}, true, "<nil>"},
		"close message with error": {
			func(c *client) { c.send(`{"type":7,"error":"the client's reason"}`) }, []string{`{"type":7}`}, true, "the client's reason",
		},
		"abort":          {func(c *client) { c.send(`{"type":1,"target":"Abort","arguments":[]}`) }, []string{`{"type":7}`}, true, "<nil>"},
		"not JSON":       {func(c *client) { c.send(`nonsense`) }, []string{failedClose}, true, "Error reading JSON."},
		"client timeout": {func(c *client) { c.send(`{"type":6}`) }, []string{failedClose}, true, "Client hasn't sent a message/ping within the configured ClientTimeoutInterval."},
		"too long": {
			func(c *client) { c.raw(string(make([]byte, 300))) },
			[]string{failedClose},
			true,
			"The maximum message size of 256B was exceeded. The message size can be configured in AddHubOptions.",
		},
		"messages before one too long": { // SIZE-03
			func(c *client) {
				c.raw(`{"type":1,"invocationId":"1","target":"Nothing","arguments":[]}` + "\x1e" + string(make([]byte, 300)))
			},
			[]string{`{"type":3,"invocationId":"1","result":null}`, failedClose},
			true,
			"The maximum message size of 256B was exceeded. The message size can be configured in AddHubOptions.",
		},
		"close frame":          {func(c *client) { c.conn.WriteClose(4000, "own code") }, nil, true, "<nil>"},
		"close frame, no code": {func(c *client) { c.conn.WriteClose(ws.CodeNoStatus, "") }, nil, true, "<nil>"},
		"cut":                  {func(c *client) { c.conn.Close() }, nil, false, "<nil>"},
		"cut inside a message": {
			func(c *client) {
				c.raw(`{"type":`)
				c.conn.WriteClose(ws.CodeNormal, "")
			}, nil, true, "Connection terminated while reading a message.",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			ended := make(chan error, 10)
			b := setup(t, options{
				server: &signalr.ServerOptions{TickInterval: 5 * time.Millisecond},
				hub:    &signalr.HubOptions{MaximumReceiveMessageSize: 256, ClientTimeoutInterval: 10 * time.Millisecond},
				prepare: func(h *signalr.Hub) {
					h.Handle("Abort", func(c *signalr.Caller) { c.Abort() })
					h.Handle("Nothing", func() {})
					h.OnDisconnected(func(ctx context.Context, _ *signalr.Caller, err error) error {
						ended <- err
						return ctx.Err()
					})
				},
			})
			client := b.connect(t)
			c.end(client)
			client.want(c.want...)
			if c.clean {
				client.wantClosed()
			}
			if err := receive(t, ended); err == nil && c.err != "<nil>" || err != nil && err.Error() != c.err {
				t.Errorf("OnDisconnected got %v, want %s", err, c.err)
			}
			b.waitOpen(t, 0)
			if len(ended) > 0 {
				t.Error("OnDisconnected ran twice")
			}
		})
	}
}

// LIFE-03, LIFE-07: a refused connection, and what its client may know.
func TestOnConnectedFails(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		err      error
		detailed bool
		want     string
	}{
		"plain":    {errors.New("secret detail"), false, `Connection closed with an error.`},
		"detailed": {invalidOperationError("secret detail"), true, `Connection closed with an error. InvalidOperationException: secret detail`},
		"hub":      {signalr.HubError("not today"), false, `Connection closed with an error. HubException: not today`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := setup(t, options{hub: &signalr.HubOptions{DetailedErrors: c.detailed}, prepare: func(h *signalr.Hub) {
				h.OnConnected(func(context.Context, *signalr.Caller) error { return c.err })
				h.OnDisconnected(func(context.Context, *signalr.Caller, error) error {
					t.Error("OnDisconnected ran")
					return nil
				})
			}})
			client := b.connect(t)
			client.want(`{"type":7,"error":"` + c.want + `"}`)
			client.wantClosed()
			b.waitOpen(t, 0)
		})
	}
}

// HS-17, LIFE-01, LIFE-02: the handshake's answer comes before OnConnected is
// over, which knows the user; what it sends comes at once, and messages wait
// for it.
func TestOnConnectedOrder(t *testing.T) {
	t.Parallel()
	g := newGates()
	byName := &signalr.EndpointOptions{Authenticate: func(*http.Request) (any, string, time.Time, error) {
		return nil, "ann", time.Time{}, nil
	}}
	b := setup(t, options{endpoint: byName, prepare: func(h *signalr.Hub) {
		room(h)
		h.OnConnected(func(ctx context.Context, c *signalr.Caller) error {
			if c.UserID() != "ann" {
				t.Errorf("user %q", c.UserID())
			}
			if err := c.Join("lobby"); err != nil {
				return err
			}
			if err := message.To(ctx, h.Group("lobby"), "welcome"); err != nil {
				return err
			}
			g.entered <- c.ConnectionID()
			<-g.leave
			return nil
		})
	}})
	c := b.connect(t)
	c.send(`{"type":1,"invocationId":"1","target":"Id","arguments":[]}`)
	c.want(said("welcome"))
	id := receive(t, g.entered)
	if err := message.To(t.Context(), b.hub.Client(id), "meanwhile"); err != nil {
		t.Fatal(err)
	}
	c.want(said("meanwhile"))
	close(g.leave)
	c.want(`{"type":3,"invocationId":"1","result":"` + id + `"}`)
}

// LIFE-06, GRP-04: in OnDisconnected others are reached, oneself is not, and
// the groups are left behind.
func TestOnDisconnectedSends(t *testing.T) {
	t.Parallel()
	b := setup(t, options{prepare: func(h *signalr.Hub) {
		room(h)
		h.OnConnected(func(_ context.Context, c *signalr.Caller) error { return c.Join("all") })
		h.OnDisconnected(func(ctx context.Context, c *signalr.Caller, _ error) error {
			return errors.Join(c.Join("more"), message.To(ctx, h.Group("all"), "somebody left"))
		})
	}})
	stays, leaves := b.connect(t), b.connect(t)
	stays.id() // it has joined
	leaves.send(`{"type":7}`)
	leaves.want(`{"type":7}`)
	leaves.wantClosed()
	stays.want(said("somebody left"))
}

// id asks for the connection's id.
func (c *client) id() string {
	c.t.Helper()
	c.send(`{"type":1,"invocationId":"id","target":"Id","arguments":[]}`)
	const head, tail, acks = `{"type":3,"invocationId":"id","result":"`, `"}`, `{"type":8,`
	for {
		record, err := c.next()
		switch {
		case err != nil:
			c.t.Fatal(err)
		case strings.HasPrefix(record, acks):
			continue
		case !strings.HasPrefix(record, head):
			c.t.Fatalf("got %s, want the id", record)
		}
		return record[len(head) : len(record)-len(tail)]
	}
}

// PING-01: a quiet client is pinged; PING-05: it is never timed out as long as
// it does not ping itself.
func TestKeepAlive(t *testing.T) {
	t.Parallel()
	b := setup(t, options{
		server: &signalr.ServerOptions{TickInterval: 5 * time.Millisecond},
		hub:    &signalr.HubOptions{KeepAliveInterval: 10 * time.Millisecond, ClientTimeoutInterval: time.Millisecond},
	})
	b.connect(t).want(`{"type":6}`, `{"type":6}`, `{"type":6}`, `{"type":6}`)
}

// PING-04, PING-07: while a message waits for its turn the client's clock
// stands still, and pings flow.
func TestClientTimeoutStandsStill(t *testing.T) {
	t.Parallel()
	g := newGates()
	b := setup(t, options{
		server:  &signalr.ServerOptions{TickInterval: 5 * time.Millisecond},
		hub:     &signalr.HubOptions{KeepAliveInterval: 10 * time.Millisecond, ClientTimeoutInterval: 50 * time.Millisecond},
		prepare: g.register,
	})
	c := b.connect(t)
	c.send(`{"type":6}`,
		`{"type":1,"target":"Wait","arguments":["a"]}`,
		`{"type":1,"invocationId":"2","target":"Wait","arguments":["b"]}`)
	receive(t, g.entered)
	for range 20 { // four times the timeout
		c.want(`{"type":6}`)
	}
	g.leave <- struct{}{}
	if got := receive(t, g.entered); got != "b" {
		t.Errorf("entered %s", got)
	}
	close(g.leave)
}

// AUTH-09, CLOSE-06: a connection ends with what it was allowed by.
func TestCloseOnExpiry(t *testing.T) {
	t.Parallel()
	b := setup(t, options{
		server: &signalr.ServerOptions{TickInterval: 5 * time.Millisecond},
		endpoint: &signalr.EndpointOptions{
			CloseOnExpiry: true,
			Authenticate: func(*http.Request) (any, string, time.Time, error) {
				return nil, "", time.Now().Add(20 * time.Millisecond), nil
			},
		},
	})
	c := b.connect(t)
	c.want(`{"type":7,"allowReconnect":true}`)
	c.wantClosed()
}

// WS-15: a Ping frame is answered by the server, in its turn.
func TestPingFrame(t *testing.T) {
	t.Parallel()
	b := setup(t, options{})
	_, reader := b.upgrade(t, "\x89\x82\x00\x00\x00\x00hi")
	pong := make([]byte, 4)
	if _, err := io.ReadFull(reader, pong); err != nil || string(pong) != "\x8a\x02hi" {
		t.Errorf("got %q, %v", pong, err)
	}
}

// LIFE-09: an OnDisconnected that fails holds nothing up.
func TestOnDisconnectedFails(t *testing.T) {
	t.Parallel()
	for name, fail := range map[string]func() error{
		"error": func() error { return errors.New("failed") },
		"panic": func() error { panic("at the exit") },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := setup(t, options{prepare: func(h *signalr.Hub) {
				room(h)
				h.OnDisconnected(func(context.Context, *signalr.Caller, error) error { return fail() })
			}})
			c, other := b.connect(t), b.connect(t)
			c.invoke("Join", `["g"]`, void)
			c.send(`{"type":7}`)
			c.want(`{"type":7}`)
			c.wantClosed()
			b.waitOpen(t, 1)
			other.invoke("ToGroup", `["g","nobody"]`, void)
			if got := b.server.Stats(); got.Dropped != 0 {
				t.Errorf("it is still in its group: %+v", got)
			}
		})
	}
}

// LIFE-05: the context of what runs ends before OnDisconnected begins, in
// which the connection is still in its groups (LIFE-06).
func TestOrderOfAnEnd(t *testing.T) {
	t.Parallel()
	entered, ended := make(chan struct{}), make(chan error, 1)
	b := setup(t, options{prepare: func(h *signalr.Hub) {
		room(h)
		h.Handle("Last", func(ctx context.Context, c *signalr.Caller) {
			c.Items().Store("ctx", ctx)
			close(entered)
			<-ctx.Done()
		})
		h.OnDisconnected(func(ctx context.Context, c *signalr.Caller, _ error) error {
			running, _ := c.Items().Load("ctx")
			last, _ := running.(context.Context)
			ended <- errors.Join(ctx.Err(), c.Leave("g"), c.Join("g"))
			if last != nil && last.Err() == nil {
				t.Error("the method was not told before")
			}
			return nil
		})
	}})
	c := b.connect(t)
	c.send(`{"type":1,"target":"Last","arguments":[]}`)
	receive(t, entered)
	c.send(`{"type":7}`)
	c.want(`{"type":7}`)
	c.wantClosed()
	if err := receive(t, ended); err != nil {
		t.Errorf("in OnDisconnected: %v", err)
	}
}

// CLOSE-07: nothing follows a Close message: no ping, no message and no
// completion, on no transport.
func TestNothingFollowsClose(t *testing.T) {
	t.Parallel()
	aborted := make(chan struct{}, 3)
	b := setup(t, options{
		server: &signalr.ServerOptions{TickInterval: time.Millisecond},
		hub:    &signalr.HubOptions{KeepAliveInterval: 20 * time.Millisecond},
		prepare: func(h *signalr.Hub) {
			h.Handle("Abort", func(ctx context.Context, c *signalr.Caller) (string, error) {
				c.Abort()
				err := errors.Join(c.Self().Send(ctx, "message", "too late"), message.To(context.WithoutCancel(ctx), h.All(), "too late"))
				aborted <- struct{}{}
				return "too late", err
			})
		},
	})
	const abort, closed = `{"type":1,"invocationId":"1","target":"Abort","arguments":[]}`, `{"type":7}`
	socket := b.connect(t)
	socket.send(abort)
	receive(t, aborted)
	if err := message.To(t.Context(), b.hub.All(), "too late"); err != nil {
		t.Fatal(err)
	}
	socket.skipPings(closed)
	socket.wantClosed()
	polls := b.polling(t)
	polls.send(abort)
	receive(t, aborted)
	polls.poll(closed)
	polls.expect(http.MethodGet, "", http.StatusNoContent, "")
	stream := b.streaming(t)
	stream.send(abort)
	receive(t, aborted)
	rest, err := io.ReadAll(stream.lines)
	if text := strings.ReplaceAll(string(rest), "data: {\"type\":6}\x1e\r\n\r\n", ""); err != nil || text != "data: "+closed+"\x1e\r\n\r\n" {
		t.Errorf("got %q, %v", text, err)
	}
}

// AUTH-08: unless it is asked for, what has run out ends nothing.
func TestExpiryEndsNothing(t *testing.T) {
	t.Parallel()
	b := setup(t, options{
		server: &signalr.ServerOptions{TickInterval: 5 * time.Millisecond},
		hub:    &signalr.HubOptions{KeepAliveInterval: 10 * time.Millisecond},
		endpoint: &signalr.EndpointOptions{Authenticate: func(*http.Request) (any, string, time.Time, error) {
			return nil, "", time.Now().Add(-time.Hour), nil
		}},
		prepare: methods,
	})
	c := b.connect(t)
	for range 5 { // ticks have passed
		c.want(`{"type":6}`)
	}
}
