package client_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"github.com/fanfare-hub/fanfare/signalr"
	"github.com/fanfare-hub/fanfare/signalr/client"
	"github.com/fanfare-hub/fanfare/signalr/hubproto"
)

// record notes numbers and checks that each comes once and in order.
type record struct {
	t    *testing.T
	name string
	next int
}

func (r *record) add(n int) {
	if n != r.next {
		r.t.Errorf("%s: %d came where %d was due", r.name, n, r.next)
	}
	r.next = n + 1
}

// SR-04, SR-10, SR-11, SR-12, with our own server on the other side: whatever is cut, each
// message arrives once and in order, in both directions.
func TestStatefulReconnectLosesNothing(t *testing.T) {
	t.Parallel()
	for _, protocol := range []hubproto.Codec{hubproto.NewJSON(nil), hubproto.NewMessagePack(nil)} {
		t.Run(protocol.Name(), func(t *testing.T) {
			t.Parallel()
			loseNothing(t, protocol)
		})
	}
}

func loseNothing(t *testing.T, protocol hubproto.Codec) {
	t.Helper()
	cutMessages, cuts := 10_000, 100
	if testing.Short() {
		cutMessages, cuts = 1000, 10
	}
	there, back := &record{t: t, name: "at the hub"}, &record{t: t, name: "at the client"}
	hub := signalr.NewHub(nil)
	hub.Handle("Put", func(ctx context.Context, c *signalr.Caller, n int) error {
		there.add(n)
		return c.Self().Send(ctx, "got", n)
	})
	hub.Handle("Count", func() int { return there.next })
	way := newCutter(t, serveStateful(t, hub))
	transport := &http.Transport{}
	t.Cleanup(transport.CloseIdleConnections)
	c := client.New(way.url+"/hub", &client.Options{
		Transports: client.WebSockets, Protocol: protocol, StatefulReconnect: true, HTTPClient: &http.Client{Transport: transport},
	})
	all := make(chan struct{})
	c.On("got", func(n int) {
		back.add(n)
		if n == cutMessages-1 {
			close(all)
		}
	})
	start(t, c)
	id := c.ConnectionID()
	for n := range cutMessages {
		if n%(cutMessages/cuts) == 0 {
			awaitResumptions(t, c, n/(cutMessages/cuts))
			time.AfterFunc(rand.N(2*time.Millisecond), way.cut)
		}
		if err := c.Send(testContext(t), "Put", n); err != nil {
			t.Fatal(err)
		}
	}
	awaitResumptions(t, c, cuts)
	waitFor(t, all, "last message")
	var count int
	if err := c.Invoke(testContext(t), &count, "Count"); err != nil || count != cutMessages || back.next != cutMessages {
		t.Errorf("%d messages at the hub, %d at the client, %v", count, back.next, err)
	}
	if c.ConnectionID() != id || c.State() != client.StateConnected {
		t.Errorf("connection %s became %s, %v", id, c.ConnectionID(), c.State())
	}
}

// awaitResumptions returns when the client has resumed n times, and heard from
// the server since.
func awaitResumptions(t *testing.T, c *client.Client, n int) {
	t.Helper()
	deadline := time.Now().Add(patience)
	await := func(reached func(client.Stats) bool) {
		for !reached(c.Stats()) {
			if time.Now().After(deadline) {
				t.Fatalf("resumed %d times, want %d; %v, %v", c.Stats().Resumed, n, c.State(), c.Err())
			}
			<-time.After(100 * time.Microsecond)
		}
	}
	await(func(now client.Stats) bool { return now.Resumed >= uint64(n) })
	if n > 0 {
		heard := c.Stats().Received
		await(func(now client.Stats) bool { return now.Received > heard })
	}
}

// serveStateful serves a hub that keeps the connections of its clients.
func serveStateful(t *testing.T, hub *signalr.Hub) (url string) {
	t.Helper()
	server := signalr.NewServer(nil)
	server.MapHub("/hub", hub, &signalr.EndpointOptions{AllowStatefulReconnects: true})
	web := httptest.NewServer(server)
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), patience)
		defer cancel()
		if err := server.Shutdown(ctx); err != nil {
			t.Error(err)
		}
		web.Close()
	})
	return web.URL
}

// keptHub plays a server with stateful reconnect by script: one for each
// WebSocket, the last for all that follow.
func keptHub(t *testing.T, scripts ...func(*session)) *fakeHub {
	t.Helper()
	next := make(chan func(*session), len(scripts))
	for _, script := range scripts {
		next <- script
	}
	hub := newFakeHub(t, func(s *session) {
		select {
		case script := <-next:
			script(s)
		default:
			t.Errorf("one WebSocket too many: %s", s.request.RequestURI)
		}
	})
	hub.negotiate = func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Query().Get("useStatefulReconnect") != "true" {
			t.Errorf("negotiation did not ask for stateful reconnect: %s", r.RequestURI)
		}
		fmt.Fprint(w, `{"useStatefulReconnect":true,`+negotiated[1:])
	}
	return hub
}

// expect checks the client's next messages but for pings.
func (s *session) expect(messages ...string) {
	s.t.Helper()
	for _, want := range messages {
		if got := s.call(); got != want {
			s.t.Errorf("client sent %s, want %s", got, want)
		}
	}
}

func (s *session) greetStateful() {
	s.t.Helper()
	s.expect(`{"protocol":"json","version":2}`)
	s.send("{}")
}

func TestStatefulReconnect(t *testing.T) {
	t.Parallel()
	drop, acknowledged := make(chan struct{}), make(chan struct{})
	got := make(chan string, 10)
	hub := keptHub(t,
		func(s *session) {
			s.greetStateful()
			s.expect(`{"type":1,"target":"One","arguments":[]}`)
			s.send(`{"type":1,"target":"told","arguments":["first"]}`, `{"type":6}`, `{"type":8,"sequenceId":1}`)
			s.expect(`{"type":1,"target":"Two","arguments":[]}`)
			<-drop
			s.conn.Close()
		},
		func(s *session) {
			if s.request.RequestURI != "/hub?id=a-token" {
				t.Errorf("second WebSocket: %s", s.request.RequestURI)
			}
			// SR-10 from the client's side: Two is not acknowledged.
			s.expect(`{"type":9,"sequenceId":2}`, `{"type":8,"sequenceId":1}`, `{"type":1,"target":"Two","arguments":[]}`)
			s.send(`{"type":1,"target":"told","arguments":["before Sequence"]}`) // SR-14
			s.send(`{"type":9,"sequenceId":1}`, `{"type":1,"target":"told","arguments":["first"]}`,
				`{"type":1,"target":"told","arguments":["second"]}`)
			s.expect(`{"type":1,"target":"Three","arguments":[]}`, `{"type":8,"sequenceId":2}`)
			close(acknowledged)
			s.goodbye()
		},
	)
	c := client.New(hub.url, &client.Options{
		StatefulReconnect: true,
		Reconnect:         client.ReconnectAfter(),
		OnReconnecting:    func(err error) { t.Errorf("reconnecting after %v", err) }, // SR-21
	})
	c.On("told", func(text string) { got <- text })
	start(t, c)
	for _, method := range []string{"One", "Two"} {
		if err := c.Send(testContext(t), method); err != nil {
			t.Fatal(err)
		}
	}
	if text := waitFor(t, got, "call"); text != "first" {
		t.Errorf("called with %q", text)
	}
	close(drop)
	if text := waitFor(t, got, "call"); text != "second" {
		t.Errorf("called with %q, want second", text)
	}
	if err := c.Send(testContext(t), "Three"); err != nil {
		t.Fatal(err)
	}
	waitFor(t, acknowledged, "Ack")
	if c.State() != client.StateConnected || c.ConnectionID() != "an-id" || c.Stats().Resumed != 1 {
		t.Errorf("%v, id %q, resumed %d", c.State(), c.ConnectionID(), c.Stats().Resumed)
	}
	stop(t, c)
}

// CLI-11: one attempt; if it is refused the connection is lost, and automatic
// reconnect makes another.
func TestStatefulReconnectRefused(t *testing.T) {
	t.Parallel()
	hub := keptHub(t,
		func(s *session) { s.greetStateful(); s.conn.Close() },
		func(s *session) { s.greetStateful(); s.goodbye() },
	)
	var sockets atomic.Int32
	hub.refuse = func(*http.Request) bool { return sockets.Add(1) == 2 }
	back := make(chan string, 1)
	c := start(t, client.New(hub.url, &client.Options{
		StatefulReconnect: true, Reconnect: client.ReconnectAfter(), OnReconnected: func(id string) { back <- id },
	}))
	waitFor(t, back, "OnReconnected")
	stop(t, c)
}

func TestStatefulReconnectEnds(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		scripts []func(*session)
		want    string
	}{
		"a Close frame is final (SR-19)": {[]func(*session){
			func(s *session) { s.greetStateful(); s.hangUp() },
		}, "server closed the connection"},
		"a Close message is final (SR-16)": {[]func(*session){
			func(s *session) { s.greetStateful(); s.send(`{"type":7,"error":"no more"}`); s.conn.Close() },
		}, "server closed the connection: no more"},
		"a gap in the numbers (SR-13)": {[]func(*session){
			func(s *session) { s.greetStateful(); s.conn.Close() },
			func(s *session) { s.next(); s.send(`{"type":9,"sequenceId":2}`); s.drain() },
		}, "read: Sequence ID greater than amount of messages we've received."},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := start(t, client.New(keptHub(t, test.scripts...).url, &client.Options{StatefulReconnect: true}))
			if err := ended(t, c); err == nil || err.Error() != test.want {
				t.Errorf("Err = %v, want %s", err, test.want)
			}
		})
	}
}

// A server that lets the client in again and again, and says nothing new, is
// given up.
func TestStatefulReconnectInVain(t *testing.T) {
	t.Parallel()
	in := func(s *session) { s.next(); s.send(`{"type":9,"sequenceId":1}`); s.conn.Close() }
	scripts := []func(*session){func(s *session) { s.greetStateful(); s.conn.Close() }}
	hub := keptHub(t, append(scripts, slices.Repeat([]func(*session){in}, 10)...)...)
	ended(t, start(t, client.New(hub.url, &client.Options{StatefulReconnect: true})))
}

// SR-07: what exceeds the buffer waits for an Ack; pings do not.
func TestStatefulBufferIsBounded(t *testing.T) {
	t.Parallel()
	acknowledge := make(chan struct{})
	hub := keptHub(t, func(s *session) {
		s.greetStateful()
		s.expect(`{"type":1,"target":"Long","arguments":["0123456789"]}`)
		for s.next() != `{"type":6}` {
		}
		<-acknowledge
		s.send(`{"type":8,"sequenceId":1}`)
		s.expect(`{"type":1,"target":"Next","arguments":[]}`)
		s.goodbye()
	})
	c := start(t, client.New(hub.url, &client.Options{
		StatefulReconnect: true, StatefulReconnectBufferSize: 10, KeepAliveInterval: 10 * time.Millisecond,
	}))
	if err := c.Send(testContext(t), "Long", "0123456789"); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	if err := c.Send(ctx, "Never"); err == nil {
		t.Error("Send into a full buffer did not wait")
	}
	sent := make(chan error, 1)
	go func() { sent <- c.Send(testContext(t), "Next") }()
	close(acknowledge)
	if err := waitFor(t, sent, "end of Send"); err != nil {
		t.Error(err)
	}
	stop(t, c)
}

// Stop ends a reconnection of either kind.
func TestStopWhileTheTransportIsAway(t *testing.T) {
	t.Parallel()
	away := make(chan struct{})
	hub := keptHub(t,
		func(s *session) { s.greetStateful(); s.conn.Close() },
		func(s *session) { close(away); s.drain() },
	)
	c := start(t, client.New(hub.url, &client.Options{StatefulReconnect: true}))
	waitFor(t, away, "second WebSocket")
	stop(t, c)
	if err := c.Err(); err != nil {
		t.Errorf("Err = %v after Stop", err)
	}
}
