package signalr_test

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/fanfare-hub/fanfare/signalr"
)

// LP-01, LP-02, LP-03, LP-05, LP-06, CLI-04, CONN-07, CONN-08: a connection from
// its first poll to its last; what is sent between two is kept.
func TestPolling(t *testing.T) {
	t.Parallel()
	b := setup(t, options{prepare: func(h *signalr.Hub) {
		room(h)
		h.Handle("Abort", func(c *signalr.Caller) { c.Abort() })
	}})
	c := b.polling(t)
	c.expect(http.MethodGet, "", http.StatusBadRequest, "Cannot change transports mid-connection", "Accept", "text/event-stream")
	c.send(`{"type":1,"invocationId":"1","target":"Id","arguments":[]}`)
	c.poll(`{"type":3,"invocationId":"1","result":"` + c.id + `"}`)
	for _, text := range []string{"one", "two"} {
		if err := message.To(t.Context(), b.hub.Client(c.id), text); err != nil {
			t.Fatal(err)
		}
	}
	c.pollAll(said("one") + "\x1e" + said("two") + "\x1e")
	c.send(`{"type":1,"target":"Abort","arguments":[]}`)
	c.poll(`{"type":7}`)
	got := c.request(t.Context(), http.MethodGet, "")
	if h := got.header; got.status != http.StatusNoContent || h.Get("Content-Type") != "text/plain" ||
		h.Get("Cache-Control") != "no-cache, no-store" || h.Get("Pragma") != "no-cache" || h.Get("Expires") == "" {
		t.Errorf("got %+v", got)
	}
	c.expect(http.MethodGet, "", http.StatusNotFound, unknownID)
	b.waitOpen(t, 0)
}

// pollAll polls until all of text has come, in as many polls as it likes.
func (c *webClient) pollAll(text string) {
	c.t.Helper()
	for text != "" {
		got := c.request(c.t.Context(), http.MethodGet, "")
		rest, ok := strings.CutPrefix(text, got.body)
		if got.err != nil || !ok || !strings.HasSuffix(got.body, "\x1e") {
			c.t.Fatalf("got %+v, want %q", got, text)
		}
		text = rest
	}
}

// LP-04, LP-15: a poll that nothing comes for; there are no pings.
func TestPollTimeout(t *testing.T) {
	t.Parallel()
	b := setup(t, options{
		server:   &signalr.ServerOptions{TickInterval: 5 * time.Millisecond},
		hub:      &signalr.HubOptions{KeepAliveInterval: 10 * time.Millisecond},
		endpoint: &signalr.EndpointOptions{PollTimeout: 100 * time.Millisecond},
	})
	c := b.polling(t)
	got := c.request(t.Context(), http.MethodGet, "")
	if got.status != http.StatusOK || got.body != "" || got.header.Get("Content-Type") != "text/plain" {
		t.Errorf("got %+v", got)
	}
}

// LP-07, LP-08: of several polls one gets the messages; one that is replaced
// ends with 204, one that finds the place disputed with 409.
func TestPollsCompete(t *testing.T) {
	t.Parallel()
	b := setup(t, options{prepare: room})
	c := b.polling(t)
	const polls = 8
	answers := make(chan reply, polls)
	for range polls {
		go func() { answers <- <-c.start(t.Context()) }()
	}
	for range polls - 1 {
		if got := receive(t, answers); got.err != nil || got.body != "" || got.status != http.StatusNoContent && got.status != http.StatusConflict {
			t.Errorf("got %+v", got)
		}
	}
	if err := message.To(t.Context(), b.hub.All(), "to the last"); err != nil {
		t.Fatal(err)
	}
	if got := receive(t, answers); got.body != said("to the last")+"\x1e" {
		t.Errorf("got %+v", got)
	}
}

// LP-10: a poll that its client gives up takes nothing with it.
func TestPollHungUp(t *testing.T) {
	t.Parallel()
	b := setup(t, options{prepare: room})
	c := b.polling(t)
	ctx, cancel := context.WithCancel(t.Context())
	waiting := c.start(ctx)
	cancel()
	if got := receive(t, waiting); !errors.Is(got.err, context.Canceled) {
		t.Fatalf("got %+v", got)
	}
	c.send(`{"type":1,"invocationId":"1","target":"Id","arguments":[]}`)
	c.poll(`{"type":3,"invocationId":"1","result":"` + c.id + `"}`)
}

// LP-11, CONN-09: who does not poll for too long is gone, without an error;
// one that waits in a poll never is.
func TestIdlePollingEnds(t *testing.T) {
	t.Parallel()
	ended := make(chan error, 1)
	b := setup(t, options{
		server:   &signalr.ServerOptions{TickInterval: 5 * time.Millisecond, DisconnectTimeout: 1500 * time.Millisecond},
		endpoint: &signalr.EndpointOptions{PollTimeout: 2 * time.Second},
		prepare: func(h *signalr.Hub) {
			h.OnDisconnected(func(_ context.Context, _ *signalr.Caller, err error) error {
				ended <- err
				return nil
			})
		},
	})
	c := b.polling(t)
	c.poll() // longer than one may stay away
	if len(ended) > 0 {
		t.Error("a waiting poll counted as idle")
	}
	if err := receive(t, ended); err != nil {
		t.Errorf("OnDisconnected got %v", err)
	}
	b.waitOpen(t, 0)
	c.expect(http.MethodGet, "", http.StatusNotFound, unknownID)
}

// LP-12, CLOSE-01: DELETE ends a connection; a waiting poll is told.
func TestDelete(t *testing.T) {
	t.Parallel()
	b := setup(t, options{})
	between := b.polling(t)
	between.expect(http.MethodDelete, "", http.StatusAccepted, "")
	b.waitOpen(t, 0)
	between.expect(http.MethodDelete, "", http.StatusNotFound, unknownID)

	early := b.web(t)
	early.poll()
	early.expect(http.MethodDelete, "", http.StatusAccepted, "")
	b.waitOpen(t, 0)
}

// LP-12, LP-14: the poll is told although the hub is stuck.
func TestDeleteWhileStuck(t *testing.T) {
	t.Parallel()
	entered, leave := make(chan struct{}), make(chan struct{})
	b := setup(t, options{prepare: func(h *signalr.Hub) {
		h.OnConnected(func(context.Context, *signalr.Caller) error {
			close(entered)
			<-leave
			return nil
		})
	}})
	c := b.polling(t)
	receive(t, entered)
	second := c.arrived() // only such a one is told
	c.expect(http.MethodDelete, "", http.StatusAccepted, "")
	if got := receive(t, second); got.body != `{"type":7,"allowReconnect":true}`+"\x1e" {
		t.Errorf("got %+v", got)
	}
	c.expect(http.MethodPost, "{}\x1e", http.StatusNotFound, "") // POST-05
	c.expect(http.MethodGet, "", http.StatusNotFound, "")        // CONN-01
	close(leave)
	b.waitOpen(t, 0)
	c.expect(http.MethodPost, "{}\x1e", http.StatusNotFound, unknownID)
}

// LP-16, AUTH-06, AUTH-09: each poll is asked who it is; a refused one leaves
// the connection alone, the newest one's expiry counts.
func TestPollsAreAuthorized(t *testing.T) {
	t.Parallel()
	var who atomic.Value
	who.Store("alice")
	b := setup(t, options{
		server: &signalr.ServerOptions{TickInterval: 5 * time.Millisecond},
		endpoint: &signalr.EndpointOptions{
			CloseOnExpiry: true,
			Authenticate: func(*http.Request) (any, string, time.Time, error) {
				switch name, _ := who.Load().(string); name {
				case "":
					return nil, "", time.Time{}, errors.New("who is that")
				case "brief":
					return nil, name, time.Now().Add(-time.Second), nil
				default:
					return nil, name, time.Now().Add(time.Hour), nil
				}
			},
		},
		prepare: func(h *signalr.Hub) { h.Handle("WhoAmI", func(c *signalr.Caller) string { return c.UserID() }) },
	})
	c := b.polling(t)
	who.Store("")
	c.expect(http.MethodGet, "", http.StatusUnauthorized, "")
	who.Store("bob")
	c.send(`{"type":1,"invocationId":"1","target":"WhoAmI","arguments":[]}`)
	c.poll(`{"type":3,"invocationId":"1","result":"alice"}`)
	who.Store("brief")
	c.poll(`{"type":7,"allowReconnect":true}`)
	c.expect(http.MethodGet, "", http.StatusNoContent, "")
}

// A client that does not fetch what is sent is cut when its queue is full.
func TestPollingOverflow(t *testing.T) {
	t.Parallel()
	b := setup(t, options{server: &signalr.ServerOptions{QueueLimit: 64 << 10}})
	c := b.polling(t)
	for b.server.Stats().Overflowed == 0 {
		if err := message.To(t.Context(), b.hub.All(), strings.Repeat("x", 8<<10)); err != nil {
			t.Fatal(err)
		}
	}
	b.waitOpen(t, 0)
	c.expect(http.MethodGet, "", http.StatusNotFound, unknownID)
}

// DOWN-01, DOWN-03: each transport gets the Close message, then its end.
func TestShutdownOverHTTP(t *testing.T) {
	t.Parallel()
	b := setup(t, options{})
	s, c, away := b.streaming(t), b.polling(t), b.polling(t)
	done := make(chan error, 1)
	go func() { done <- b.server.Shutdown(context.Background()) }()
	const closed = `{"type":7,"allowReconnect":true}`
	s.want(closed)
	s.wantEnd()
	c.poll(closed)
	c.expect(http.MethodGet, "", http.StatusNoContent, "")
	away.poll(closed)
	away.expect(http.MethodGet, "", http.StatusNoContent, "")
	if err := receive(t, done); err != nil {
		t.Errorf("Shutdown: %v", err)
	}
	c.expect(http.MethodGet, "", http.StatusNotFound, unknownID)
}

// DOWN-03: who does not poll any more is cut when the context ends.
func TestShutdownCutsPolling(t *testing.T) {
	t.Parallel()
	b := setup(t, options{})
	b.polling(t)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := b.server.Shutdown(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("Shutdown: %v", err)
	}
	b.waitOpen(t, 0)
}

// rawPoll sends a poll on a socket of its own, whose response nobody reads.
func (c *webClient) rawPoll() net.Conn {
	c.t.Helper()
	conn, err := (&net.Dialer{}).DialContext(c.t.Context(), "tcp", c.b.http.Listener.Addr().String())
	if err != nil {
		c.t.Fatal(err)
	}
	c.t.Cleanup(func() { conn.Close() })
	target := strings.TrimPrefix(c.url, c.b.http.URL)
	if _, err := io.WriteString(conn, "GET "+target+" HTTP/1.1\r\nHost: x\r\n\r\n"); err != nil {
		c.t.Fatal(err)
	}
	return conn
}

// CONN-11: a poll whose response is not taken for the send timeout ends the
// connection.
func TestPollStuck(t *testing.T) {
	t.Parallel()
	b := setup(t, options{endpoint: &signalr.EndpointOptions{TransportSendTimeout: 50 * time.Millisecond}})
	c := b.polling(t)
	c.rawPoll()
	if err := message.To(t.Context(), b.hub.All(), strings.Repeat("x", 16<<20)); err != nil {
		t.Fatal(err)
	}
	b.waitOpen(t, 0)
	if got := b.server.Stats(); got.Stuck != 1 {
		t.Errorf("got %+v", got)
	}
}

// LP-10: what a client has not read to the end, because it hung up, comes with
// the next poll.
func TestPollBreaksOff(t *testing.T) {
	t.Parallel()
	b := setup(t, options{})
	c := b.polling(t)
	broken := c.rawPoll()
	text := strings.Repeat("x", 16<<20)
	if err := message.To(t.Context(), b.hub.All(), text); err != nil {
		t.Fatal(err)
	}
	if _, err := io.ReadFull(broken, make([]byte, 1<<10)); err != nil {
		t.Fatal(err)
	}
	broken.Close()
	c.poll(said(text))
}

// LP-09: a poll that waits when there is nothing to say at the end gets 204:
// before the handshake, and where there is no hub protocol.
func TestWaitingPollIsEnded(t *testing.T) {
	t.Parallel()
	leave := make(chan struct{})
	handlers := raw(t, func(context.Context, *signalr.RawConnection) error { <-leave; return nil }, nil)
	hub := setup(t, options{})
	for name, c := range map[string]struct {
		b   *bundle
		end func(*webClient)
	}{
		"no handshake": {hub, func(c *webClient) { c.expect(http.MethodDelete, "", http.StatusAccepted, "") }},
		"no hub":       {handlers, func(*webClient) { close(leave) }},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			polls := c.b.web(t)
			polls.poll()
			waiting := polls.arrived()
			c.end(polls)
			if got := receive(t, waiting); got.status != http.StatusNoContent || got.body != "" {
				t.Errorf("got %+v", got)
			}
		})
	}
}

// arrived lets a poll wait that has surely arrived: another one made place for
// it.
func (c *webClient) arrived() <-chan reply {
	c.t.Helper()
	one, two := c.start(c.t.Context()), c.start(c.t.Context())
	select {
	case <-one:
		return two
	case <-two:
		return one
	}
}

// LP-18: a poll that cannot be answered gets 500 and ends the connection: the
// next one could not be answered either.
func TestPollCannotWait(t *testing.T) {
	t.Parallel()
	ended := make(chan error, 1)
	b := setup(t, options{prepare: noting(ended)})
	c := b.polling(t)
	r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, strings.TrimPrefix(c.url, b.http.URL), http.NoBody)
	w := httptest.NewRecorder() // which has no deadlines
	b.server.ServeHTTP(w, r)
	if w.Code != http.StatusInternalServerError || w.Body.Len() > 0 || w.Header().Get("Content-Type") != "text/plain" {
		t.Errorf("got %d %v %q", w.Code, w.Header(), w.Body)
	}
	if err := receive(t, ended); !errors.Is(err, http.ErrNotSupported) {
		t.Errorf("OnDisconnected got %v", err)
	}
	b.waitOpen(t, 0)
}
