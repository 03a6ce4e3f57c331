package client_test

import (
	"bytes"
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/fanfare-hub/fanfare/signalr/client"
	"github.com/fanfare-hub/fanfare/signalr/internal/ws"
)

// patience is how long a test waits for what must come.
const patience = 20 * time.Second

const negotiated = `{"negotiateVersion":1,"connectionId":"an-id","connectionToken":"a-token",` +
	`"availableTransports":[{"transport":"WebSockets","transferFormats":["Text","Binary"]}]}`

// fakeHub plays a server by script: negotiate answers over HTTP, and what a
// session does on the WebSocket.
type fakeHub struct {
	t         *testing.T
	url       string
	negotiate http.HandlerFunc
	script    func(*session)
	refuse    func(*http.Request) bool // of WebSockets, with 404; nil refuses none
	sessions  sync.WaitGroup

	mu   sync.Mutex
	over bool // guarded by mu: no session can begin any more
}

// newFakeHub serves script on every WebSocket. The hub is at url + any path.
func newFakeHub(t *testing.T, script func(*session)) *fakeHub {
	t.Helper()
	hub := &fakeHub{t: t, script: script}
	hub.negotiate = func(w http.ResponseWriter, _ *http.Request) { w.Write([]byte(negotiated)) }
	server := httptest.NewServer(hub)
	hub.url = server.URL + "/hub"
	t.Cleanup(func() {
		hub.mu.Lock()
		hub.over = true
		hub.mu.Unlock()
		hub.sessions.Wait()
		server.Close()
		server.Client().CloseIdleConnections()
		http.DefaultClient.CloseIdleConnections()
	})
	return hub
}

func (h *fakeHub) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if strings.HasSuffix(r.URL.Path, "/negotiate") {
		h.negotiate(w, r)
		return
	}
	if h.refuse != nil && h.refuse(r) {
		http.Error(w, "No Connection with that ID", http.StatusNotFound)
		return
	}
	if !h.begin() {
		return
	}
	defer h.sessions.Done()
	conn, err := ws.Accept(w, r)
	if err != nil {
		h.t.Errorf("accept: %v", err)
		return
	}
	defer conn.Close()
	conn.SetReadDeadline(time.Now().Add(patience))
	h.script(&session{t: h.t, conn: conn, request: r})
}

func (h *fakeHub) begin() bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	if !h.over {
		h.sessions.Add(1)
	}
	return !h.over
}

// session is the server's end of one WebSocket.
type session struct {
	t       *testing.T
	conn    *ws.Conn
	request *http.Request
	unread  []byte
}

// send writes whole messages, without their separator, in one delivery.
func (s *session) send(messages ...string) {
	frame := strings.Join(messages, "\x1e") + "\x1e"
	if err := s.conn.WriteMessage(ws.Text, []byte(frame)); err != nil {
		s.t.Logf("fake hub: %v", err)
	}
}

// next is the client's next message, or "" when it is gone.
func (s *session) next() string {
	for {
		if record, rest, ok := bytes.Cut(s.unread, []byte{0x1e}); ok {
			s.unread = rest
			return string(record)
		}
		_, data, err := s.conn.ReadMessage(nil)
		if err != nil {
			return ""
		}
		s.unread = append(s.unread, data...)
	}
}

// call is the client's next message that is not a ping.
func (s *session) call() string {
	for {
		if message := s.next(); message != `{"type":6}` {
			return message
		}
	}
}

// greet does the server's part of a handshake.
func (s *session) greet() {
	const want = `{"protocol":"json","version":1}`
	if got := s.next(); got != want {
		s.t.Errorf("handshake request = %s, want %s", got, want)
	}
	s.send("{}")
}

// hangUp ends the WebSocket in order and waits for the client's part.
func (s *session) hangUp() {
	s.conn.WriteClose(ws.CodeNormal, "")
	s.drain()
}

// drain reads until the client is gone, and returns how it went.
func (s *session) drain() error {
	for {
		if _, _, err := s.conn.ReadMessage(nil); err != nil {
			return err
		}
	}
}

// goodbye answers the client's Stop.
func (s *session) goodbye() {
	if got := s.call(); got != `{"type":7}` {
		s.t.Errorf("client's last message = %s, want a Close message", got)
	}
	var closed *ws.CloseError
	if err := s.drain(); !errors.As(err, &closed) || closed.Code != ws.CodeNormal {
		s.t.Errorf("WebSocket ended with %v, want close code 1000", err)
	}
	s.conn.WriteClose(ws.CodeNormal, "")
}

func testContext(t *testing.T) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	t.Cleanup(cancel)
	return ctx
}

// start connects a client, which the test need not stop.
func start(t *testing.T, c *client.Client) *client.Client {
	t.Helper()
	if err := c.Start(testContext(t)); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { stop(t, c) })
	return c
}

func stop(t *testing.T, c *client.Client) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	if err := c.Stop(ctx); err != nil {
		t.Errorf("Stop = %v", err)
	}
}

// ended waits for the end of a connection and returns its error.
func ended(t *testing.T, c *client.Client) error {
	t.Helper()
	waitFor(t, c.Done(), "end of the connection")
	return c.Err()
}

func waitFor[T any](t *testing.T, ch <-chan T, what string) (value T) {
	t.Helper()
	select {
	case value = <-ch:
	case <-time.After(patience):
		t.Fatalf("no %s", what)
	}
	return value
}
