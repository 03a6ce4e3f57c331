package signalr_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/fanfare-hub/fanfare/signalr"
	"github.com/fanfare-hub/fanfare/signalr/internal/ws"
	"github.com/fanfare-hub/fanfare/signalr/signalrtest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// patience bounds what must come, on the slowest machine.
const patience = 20 * time.Second

// bundle is a server with one hub at /hub, over a real socket.
type bundle struct {
	hub    *signalr.Hub
	server *signalr.Server
	front  http.Handler // what requests go to; nil is the server itself
	http   *httptest.Server
	url    string // of the hub, http
	dialer ws.Dialer
}

// newServer returns a server for a test. All of them can be run once more with
// the epoll option: SIGNALR_EPOLL=1 go test ./signalr.
func newServer(o *signalr.ServerOptions) *signalr.Server {
	if testingEpoll() {
		with := signalr.ServerOptions{}
		if o != nil {
			with = *o
		}
		with.Epoll = true
		o = &with
	}
	return signalr.NewServer(o)
}

// testingFront says whether all of them are to be run behind a front:
// SIGNALR_FRONT=1 go test ./signalr.
func testingFront() bool { return os.Getenv("SIGNALR_FRONT") != "" }

func testingEpoll() bool { return os.Getenv("SIGNALR_EPOLL") != "" }

type options struct {
	server   *signalr.ServerOptions
	hub      *signalr.HubOptions
	endpoint *signalr.EndpointOptions
	prepare  func(*signalr.Hub)
}

// unpinged are the options of a hub that does not ping, unless a test says how
// often: no machine is so slow that a ping comes between what is wanted.
func unpinged(o *signalr.HubOptions) *signalr.HubOptions {
	quiet := signalr.HubOptions{}
	if o != nil {
		quiet = *o
	}
	if quiet.KeepAliveInterval == 0 {
		quiet.KeepAliveInterval = time.Hour
	}
	return &quiet
}

func setup(tb testing.TB, o options) *bundle {
	tb.Helper()
	b := &bundle{hub: signalr.NewHub(unpinged(o.hub)), server: newServer(o.server)}
	if o.prepare != nil {
		o.prepare(b.hub)
	}
	b.server.MapHub("/hub", b.hub, o.endpoint)
	return serve(tb, b)
}

// serve opens the server to requests, until the test ends.
func serve(tb testing.TB, b *bundle) *bundle {
	tb.Helper()
	if b.front == nil {
		b.front = b.server
	}
	b.http = httptest.NewUnstartedServer(b.front)
	if testingFront() {
		b.http.Listener = b.server.Front(b.http.Listener, b.http.Config)
	}
	b.http.Start()
	b.url = b.http.URL + "/hub"
	tb.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), patience)
		defer cancel()
		if err := b.server.Shutdown(ctx); err != nil {
			tb.Errorf("Shutdown: %v", err)
		}
		b.http.Close()
	})
	return b
}

// inMemory is a server with one hub at /hub, for bubbles.
func inMemory(tb testing.TB, o options) *signalrtest.Server {
	tb.Helper()
	hub := signalr.NewHub(o.hub)
	if o.prepare != nil {
		o.prepare(hub)
	}
	return signalrtest.Serve(tb, hub, &signalrtest.Options{Server: o.server, Endpoint: o.endpoint})
}

// client is a SignalR client by hand.
type client struct {
	t    testing.TB
	conn *ws.Conn
	rest string   // records that came in one message with those read before
	kept []string // records that invokeLast has read
}

// connect opens a WebSocket and does the handshake.
func (b *bundle) connect(tb testing.TB, query ...string) *client {
	tb.Helper()
	c := b.dial(tb, query...)
	c.send(`{"protocol":"json","version":1}`)
	c.want(`{}`)
	return c
}

// dial opens a WebSocket without a handshake.
func (b *bundle) dial(tb testing.TB, query ...string) *client {
	tb.Helper()
	return b.dialWith(tb, http.Header{}, query...)
}

// dialWith opens a WebSocket with these headers, without a handshake.
func (b *bundle) dialWith(tb testing.TB, header http.Header, query ...string) *client {
	tb.Helper()
	url := "ws" + strings.TrimPrefix(b.url, "http") + "?" + strings.Join(query, "&")
	conn, response, err := b.dialer.Dial(tb.Context(), url, header)
	if response != nil {
		response.Body.Close()
	}
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { conn.Close() })
	if err := conn.SetReadDeadline(time.Now().Add(patience)); err != nil {
		tb.Fatal(err)
	}
	return &client{t: tb, conn: conn}
}

// send sends records in one frame.
func (c *client) send(records ...string) {
	c.t.Helper()
	c.raw(strings.Join(records, "\x1e") + "\x1e")
}

func (c *client) raw(text string) {
	c.t.Helper()
	if err := c.conn.WriteMessage(ws.Text, []byte(text)); err != nil {
		c.t.Errorf("send: %v", err)
	}
}

// next returns the next record.
func (c *client) next() (string, error) {
	for c.rest == "" {
		_ = c.conn.SetReadDeadline(time.Now().Add(patience))
		_, message, err := c.conn.ReadMessage(nil)
		if err != nil {
			return "", err
		}
		c.rest = string(message)
	}
	record, rest, _ := strings.Cut(c.rest, "\x1e")
	c.rest = rest
	return record, nil
}

// want reads as many records and compares them.
func (c *client) want(records ...string) {
	c.t.Helper()
	for _, want := range records {
		got, err := c.next()
		if err != nil {
			c.t.Fatalf("read: %v; want %s", err, want)
		}
		if got != want {
			c.t.Fatalf("got  %s\nwant %s", got, want)
		}
	}
}

// wantClosed reads the server's Close frame and answers it.
func (c *client) wantClosed() {
	c.t.Helper()
	record, err := c.next()
	if err == nil {
		c.t.Fatalf("got %s, want the end", record)
	}
	if want := `websocket closed by the peer: 1000 ""`; err.Error() != want {
		c.t.Errorf("got %v, want %s", err, want)
	}
	c.conn.WriteClose(ws.CodeNormal, "")
}

// invoke calls a method and wants its completion, whose tail it takes.
func (c *client) invoke(target, arguments, tail string) {
	c.t.Helper()
	c.send(`{"type":1,"invocationId":"i","target":"` + target + `","arguments":` + arguments + `}`)
	c.want(`{"type":3,"invocationId":"i",` + tail + `}`)
}

// receive waits for a value.
func receive[T any](t *testing.T, from <-chan T) T {
	t.Helper()
	select {
	case v := <-from:
		return v
	case <-time.After(patience):
		t.Fatal("nothing came")
		panic("unreachable")
	}
}

// waitOpen waits until so many connections are open.
func (b *bundle) waitOpen(t *testing.T, want int) {
	t.Helper()
	waitFor(t, func() bool { return b.server.Connections() == want })
}

// waitFor waits until a condition holds.
func waitFor(t *testing.T, ok func() bool) {
	t.Helper()
	ticker := time.NewTicker(time.Millisecond)
	defer ticker.Stop()
	deadline := time.After(patience)
	for !ok() {
		select {
		case <-ticker.C:
		case <-deadline:
			t.Fatal("waited in vain")
		}
	}
}
