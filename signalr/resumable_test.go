package signalr_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/fanfare-hub/fanfare/signalr"
	"github.com/fanfare-hub/fanfare/signalr/internal/ws"
)

// told is what the tests of stateful reconnect learn of the server.
type told struct {
	connected    atomic.Int32
	disconnected chan error
}

// resumable is a server whose clients may come back. Acks come at each tick;
// nil options are a server that does not tick.
func resumable(t *testing.T, server *signalr.ServerOptions, hub *signalr.HubOptions) (*bundle, *told) {
	t.Helper()
	o, seen := returning(server, hub)
	return setup(t, o), seen
}

// returning are the options of such a server.
func returning(server *signalr.ServerOptions, hub *signalr.HubOptions) (options, *told) {
	seen := &told{disconnected: make(chan error, 10)}
	if server == nil {
		server = &signalr.ServerOptions{TickInterval: time.Hour}
	}
	return options{
		server: server, hub: hub,
		endpoint: &signalr.EndpointOptions{AllowStatefulReconnects: true},
		prepare: func(h *signalr.Hub) {
			room(h)
			h.Handle("Say", func(ctx context.Context, c *signalr.Caller, text string) error {
				return message.To(ctx, c.Self(), text)
			})
			h.Handle("Abort", func(c *signalr.Caller) { c.Abort() })
			h.OnConnected(func(context.Context, *signalr.Caller) error { seen.connected.Add(1); return nil })
			h.OnDisconnected(func(_ context.Context, _ *signalr.Caller, err error) error { seen.disconnected <- err; return nil })
		},
	}, seen
}

// stateful negotiates for stateful reconnect and connects; the query continues
// the connection.
func (b *bundle) stateful(t *testing.T) (c *client, query string) {
	t.Helper()
	query = "id=" + b.negotiate(t, "?negotiateVersion=1&useStatefulReconnect=true").ConnectionToken
	c = b.dial(t, query)
	c.send(`{"protocol":"json","version":2}`)
	c.want(`{}`)
	return c, query
}

// refusedReturn tries to continue a connection that is over.
func (b *bundle) refusedReturn(t *testing.T, query string) {
	t.Helper()
	conn, response, err := b.dialer.Dial(t.Context(), "ws"+strings.TrimPrefix(b.url, "http")+"?"+query, http.Header{})
	if err == nil {
		conn.Close()
		t.Fatal("the connection was continued")
	}
	if response == nil {
		t.Fatal(err)
	}
	response.Body.Close()
	if response.StatusCode != http.StatusNotFound {
		t.Errorf("got %d", response.StatusCode)
	}
}

// await waits until the first of several records has come that begins so.
func (c *client) await(prefix string) string {
	c.t.Helper()
	for {
		record, err := c.next()
		if err != nil {
			c.t.Fatalf("read: %v; want %s", err, prefix)
		}
		if strings.HasPrefix(record, prefix) {
			return record
		}
	}
}

// say has the hub say a text to its caller.
func (c *client) say(text string) {
	c.t.Helper()
	c.send(`{"type":1,"invocationId":"i","target":"Say","arguments":["` + text + `"]}`)
	c.want(said(text), `{"type":3,"invocationId":"i",`+void+`}`)
}

func sequence(n int) string { return fmt.Sprintf(`{"type":9,"sequenceId":%d}`, n) }

func ack(n int) string { return fmt.Sprintf(`{"type":8,"sequenceId":%d}`, n) }

// NEG-12, SR-01: the answer to a wish for stateful reconnect, which without a
// wish is never given.
func TestNegotiateStateful(t *testing.T) {
	t.Parallel()
	b, _ := resumable(t, nil, nil)
	b.server.MapHub("/plain", b.hub, nil)
	for _, c := range []struct {
		path string
		want bool
	}{
		{"/hub/negotiate?negotiateVersion=1&useStatefulReconnect=true", true},
		{"/hub/negotiate?negotiateVersion=1&USEstatefulreconnect=TRUE", true},
		{"/hub/negotiate?negotiateVersion=1&useStatefulReconnect=1", false},
		{"/hub/negotiate?negotiateVersion=1", false},
		{"/plain/negotiate?negotiateVersion=1&useStatefulReconnect=true", false},
	} {
		_, _, body := b.do(t, http.MethodPost, c.path)
		if got := strings.HasPrefix(body, `{"useStatefulReconnect":true,`); got != c.want || !got && strings.Contains(body, "Stateful") {
			t.Errorf("%s: %s", c.path, body)
		}
	}
}

// SR-01, SR-15: what is not all of a wish, its permission and version 2 is an
// ordinary connection: no Acks, and nothing comes back.
func TestUnarmed(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ ask, shake string }{
		"version 1": {"&useStatefulReconnect=true", `{"protocol":"json","version":1}`},
		"not asked": {"", `{"protocol":"json","version":2}`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b, seen := resumable(t, &signalr.ServerOptions{TickInterval: time.Millisecond}, nil)
			query := "id=" + b.negotiate(t, "?negotiateVersion=1"+c.ask).ConnectionToken
			conn := b.dial(t, query)
			conn.send(c.shake)
			conn.want(`{}`)
			conn.send(sequence(7), ack(3)) // ignored
			conn.say("x")
			conn.conn.Close()
			if err := receive(t, seen.disconnected); err != nil {
				t.Error(err)
			}
			b.waitOpen(t, 0)
			b.refusedReturn(t, query)
		})
	}
}

// SR-02, SR-03, SR-05, SR-06: calls are counted and acknowledged, once;
// nothing else is.
func TestAcks(t *testing.T) {
	t.Parallel()
	b, _ := resumable(t, &signalr.ServerOptions{TickInterval: time.Millisecond}, nil)
	c, _ := b.stateful(t)
	c.send(`{"type":6}`, `{"type":6}`, ack(0), `{"type":77}`, `{"type":1,"target":"Nothing","arguments":[]}`)
	if got := c.await(`{"type":8`); got != ack(1) {
		t.Errorf("got %s", got)
	}
	c.send(
		`{"type":2,"invocationId":"9","item":1}`, `{"type":3,"invocationId":"9"}`, `{"type":5,"invocationId":"9"}`,
		`{"type":4,"invocationId":"1","target":"NoSuch","arguments":[]}`, `{"type":1,"target":"Say","arguments":[1]}`,
	)
	for last := ""; last != ack(6); last = c.await(`{"type":8`) {
		if last != "" && last >= ack(6) {
			t.Fatalf("got %s", last)
		}
	}
}

// SR-06: Acks of what was acknowledged before, and of nothing, are harmless,
// whatever their numbers.
func TestHostileAcks(t *testing.T) {
	t.Parallel()
	b, _ := resumable(t, nil, nil)
	for _, n := range []string{"-9223372036854775808", "9223372036854775807", "-1", "0", "1"} {
		c, _ := b.stateful(t)
		c.say("one") // numbers 1 and 2
		c.send(ack(1))
		c.send(`{"type":8,"sequenceId":` + n + `}`)
		c.say("two")
		c.send(ack(4))
		c.say("three")
	}
}

// SR-04, SR-08, SR-09, SR-10, SR-11, SR-14, SR-21, GRP-03: what a client cannot
// have got comes again, behind a Sequence and in order, then what was sent
// meanwhile.
func TestReturn(t *testing.T) {
	t.Parallel()
	b, seen := resumable(t, nil, nil)
	c, query := b.stateful(t)
	id := c.id()                    // number 1
	c.invoke("Join", `["g"]`, void) // number 2
	for i := range 3 {              // numbers 3 to 8
		c.say(strconv.Itoa(i))
	}
	c.send(ack(4))
	c.conn.Close()
	if err := message.To(t.Context(), b.hub.Group("g"), "away"); err != nil {
		t.Fatal(err)
	}
	c = b.dial(t, query)
	c.send(sequence(6))
	done := `{"type":3,"invocationId":"i",` + void + `}`
	got := c.await(`{"type":9`)
	if got == sequence(1) { // the Ack went down with the socket
		c.want(`{"type":3,"invocationId":"id","result":"`+id+`"}`, done, said("0"), done)
	} else if got != sequence(5) {
		t.Fatalf("got %s", got)
	}
	c.want(said("1"), done, said("2"), done, said("away"))
	if c.id() != id {
		t.Error("another connection")
	}
	if n := seen.connected.Load(); n != 1 {
		t.Errorf("OnConnected ran %d times", n)
	}
}

// SR-12: what the server has processed is not processed again; what it has not
// is. Before a Sequence nothing counts.
func TestClientSendsAgain(t *testing.T) {
	t.Parallel()
	b, _ := resumable(t, nil, nil)
	c, query := b.stateful(t)
	c.say("one")
	c.conn.Close()
	c = b.dial(t, query)
	c.send(
		`{"type":1,"target":"Say","arguments":["too early"]}`, sequence(1),
		`{"type":1,"invocationId":"i","target":"Say","arguments":["one"]}`,
		`{"type":1,"invocationId":"j","target":"Say","arguments":["two"]}`,
	)
	c.want(sequence(1), said("one"), `{"type":3,"invocationId":"i",`+void+`}`, said("two"), `{"type":3,"invocationId":"j",`+void+`}`)
}

// gap is how a connection ends whose client has left out messages.
const gap = `{"type":7,"error":"Connection closed with an error. InvalidOperationException: ` +
	`Sequence ID greater than amount of messages we've received.","allowReconnect":true}`

// SR-13: a gap ends the connection, after the server's own replay.
func TestSequenceTooHigh(t *testing.T) {
	t.Parallel()
	b, seen := resumable(t, nil, &signalr.HubOptions{DetailedErrors: true})
	c, query := b.stateful(t)
	c.say("one")
	c.conn.Close()
	c = b.dial(t, query)
	c.send(sequence(3))
	c.want(sequence(1), said("one"), `{"type":3,"invocationId":"i",`+void+`}`, gap)
	c.wantClosed()
	if err := receive(t, seen.disconnected); err == nil {
		t.Error("OnDisconnected got no error")
	}
}

// SR-16: what ends the connection ends the coming back.
func TestNoReturn(t *testing.T) {
	t.Parallel()
	for name, end := range map[string]func(*client){
		"close frame":   func(c *client) { c.conn.WriteClose(ws.CodeNormal, "") }, // SR-19
		"close message": func(c *client) { c.send(`{"type":7}`) },
		"abort":         func(c *client) { c.send(`{"type":1,"target":"Abort","arguments":[]}`) },
		"error":         func(c *client) { c.send(`nonsense`) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b, seen := resumable(t, nil, nil)
			c, query := b.stateful(t)
			end(c)
			for _, err := c.next(); err == nil; _, err = c.next() {
				continue
			}
			c.conn.WriteClose(ws.CodeNormal, "")
			receive(t, seen.disconnected)
			b.waitOpen(t, 0)
			b.refusedReturn(t, query)
		})
	}
}

// SR-20: a return is authorised like any other request; the connection's user
// stays who it was.
func TestReturnOfAUser(t *testing.T) {
	t.Parallel()
	b := setup(t, options{
		endpoint: &signalr.EndpointOptions{
			AllowStatefulReconnects: true,
			Authenticate: func(r *http.Request) (any, string, time.Time, error) {
				if name := r.URL.Query().Get("user"); name != "" {
					return name, name, time.Time{}, nil
				}
				return nil, "", time.Time{}, errors.New("nobody")
			},
		},
		prepare: func(h *signalr.Hub) { h.Handle("User", func(c *signalr.Caller) string { return c.UserID() }) },
	})
	_, _, body := b.do(t, http.MethodPost, "/hub/negotiate?negotiateVersion=1&useStatefulReconnect=true&user=ann")
	var n negotiation
	if err := json.Unmarshal([]byte(body), &n); err != nil {
		t.Fatal(err)
	}
	query := "id=" + n.ConnectionToken
	c := b.dial(t, query, "user=ann")
	c.send(`{"protocol":"json","version":2}`)
	c.want(`{}`)
	b.refused(t, "?"+query, http.StatusUnauthorized, "")
	c = b.dial(t, query, "user=eve")
	c.send(sequence(1))
	c.want(sequence(1))
	c.invoke("User", `[]`, `"result":"ann"`)
}

// SR-08, SR-18, INV-19: a client that is gone is noticed while its calls hold
// up the reading, with stateful reconnect and without.
func TestGoneWhileCallsWait(t *testing.T) {
	t.Parallel()
	for _, stateful := range []bool{false, true} {
		t.Run(strconv.FormatBool(stateful), func(t *testing.T) {
			t.Parallel()
			ended := make(chan error, 2)
			b := setup(t, options{
				server:   &signalr.ServerOptions{TickInterval: 10 * time.Millisecond, DisconnectTimeout: time.Second},
				hub:      &signalr.HubOptions{KeepAliveInterval: 10 * time.Millisecond},
				endpoint: &signalr.EndpointOptions{AllowStatefulReconnects: true},
				prepare: func(h *signalr.Hub) {
					h.Handle("Wait", func(ctx context.Context) { <-ctx.Done() })
					h.OnDisconnected(func(_ context.Context, _ *signalr.Caller, err error) error { ended <- err; return nil })
				},
			})
			var c *client
			if stateful {
				c, _ = b.stateful(t)
			} else {
				c = b.connect(t)
			}
			for range 3 {
				c.send(`{"type":1,"target":"Wait","arguments":[]}`)
			}
			c.await(`{"type":6}`)
			c.conn.Close()
			if err := receive(t, ended); err != nil {
				t.Error(err)
			}
			b.waitOpen(t, 0)
		})
	}
}

// SR-05: the server's own Acks do not overflow the queue of a slow client.
func TestAckDoesNotOverflow(t *testing.T) {
	t.Parallel()
	b, _ := resumable(t, &signalr.ServerOptions{TickInterval: time.Millisecond, QueueLimit: 64 << 10}, nil)
	c, _ := b.stateful(t)
	large := strings.Repeat("x", 12<<20)
	if err := message.To(t.Context(), b.hub.All(), large); err != nil {
		t.Fatal(err)
	}
	for range 20 { // not read, but it says something
		c.send(`{"type":1,"target":"Nothing","arguments":[]}`)
		<-time.After(5 * time.Millisecond)
	}
	c.await(said(large))
	c.await(ack(20))
}

// SR-18: who stays away too long is gone, in good order.
func TestAwayTooLong(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		o, seen := returning(nil, nil)
		b := overPipes(t, o, nil)
		c, query := b.stateful(t)
		c.conn.Close()
		<-time.After(15*time.Second - time.Millisecond)
		if len(seen.disconnected) > 0 {
			t.Error("given up too early")
		}
		if err := receive(t, seen.disconnected); err != nil {
			t.Error(err)
		}
		synctest.Wait()
		if b.server.Connections() != 0 {
			t.Error("it is waited for")
		}
		b.refusedReturn(t, query)
	})
}

// Shutdown does not wait for those who are away.
func TestShutdownWhileAway(t *testing.T) {
	t.Parallel()
	b, seen := resumable(t, nil, nil)
	c, _ := b.stateful(t)
	c.conn.Close()
	if err := b.server.Shutdown(t.Context()); err != nil {
		t.Error(err)
	}
	if err := receive(t, seen.disconnected); err != nil {
		t.Error(err)
	}
}

// SR-07: above the bound messages wait in the queue, and no sender with them;
// Pings, Acks and Close pass.
func TestFullBuffer(t *testing.T) {
	t.Parallel()
	b, _ := resumable(t, &signalr.ServerOptions{TickInterval: time.Millisecond},
		&signalr.HubOptions{StatefulReconnectBufferSize: 1000, KeepAliveInterval: time.Nanosecond})
	c, query := b.stateful(t)
	padding := strings.Repeat("x", 400)
	for i := range 10 { // numbers 1 to 10
		if err := message.To(t.Context(), b.hub.All(), strconv.Itoa(i)+padding); err != nil {
			t.Fatal(err)
		}
	}
	came := 0
	for pings := 0; pings < 50; { // as long as one likes
		switch record, err := c.next(); {
		case err != nil:
			t.Fatal(err)
		case record == `{"type":6}`:
			pings++
		case record == said(strconv.Itoa(came)+padding):
			came++
		}
	}
	if came < 2 || came > 3 {
		t.Errorf("%d messages came without an Ack", came)
	}
	c.conn.Close() // a return does not change that
	c = b.dial(t, query)
	c.send(sequence(1))
	c.await(sequence(1))
	for i := range came {
		c.await(said(strconv.Itoa(i) + padding))
	}
	for i := came; i < 10; i++ {
		c.send(ack(i))
		c.await(said(strconv.Itoa(i) + padding))
	}
	c.send(`{"type":7}`)
	c.await(`{"type":7}`)
}

// What is sent without end to a client that is away overflows its queue, and
// that is its end.
func TestOverflowWhileAway(t *testing.T) {
	t.Parallel()
	b, seen := resumable(t, &signalr.ServerOptions{QueueLimit: 64 << 10}, nil)
	c, query := b.stateful(t)
	c.conn.Close()
	for b.server.Stats().Overflowed == 0 {
		if err := message.To(t.Context(), b.hub.All(), strings.Repeat("x", 1000)); err != nil {
			t.Fatal(err)
		}
	}
	receive(t, seen.disconnected)
	b.waitOpen(t, 0)
	b.refusedReturn(t, query)
}
