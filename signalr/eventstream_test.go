package signalr_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/fanfare-hub/fanfare/signalr"
)

const unknownID = "No Connection with that ID"

// SSE-01, SSE-02, SSE-03, SSE-04, SSE-05, SSE-07, SSE-08, SSE-10, CONN-06,
// CLOSE-09, POST-05: a stream from its head to its end, byte by byte.
func TestEventStream(t *testing.T) {
	t.Parallel()
	b := setup(t, options{prepare: func(h *signalr.Hub) {
		room(h)
		h.Handle("Abort", func(c *signalr.Caller) { c.Abort() })
	}})
	s := b.web(t).listen()
	for name, want := range map[string]string{
		"Content-Type": "text/event-stream", "Cache-Control": "no-cache,no-store", "Pragma": "no-cache",
		"Content-Encoding": "identity", "X-Accel-Buffering": "",
	} {
		if got := s.header.Get(name); got != want {
			t.Errorf("%s: %q, want %q", name, got, want)
		}
	}
	s.expect(http.MethodGet, "", http.StatusConflict, "", "Accept", "text/event-stream")
	s.expect(http.MethodDelete, "", http.StatusBadRequest, "Cannot terminate this connection using the DELETE endpoint.")
	s.post(shake)
	s.wantLines("data: {}\x1e\r\n\r\n")
	s.send(`{"type":1,"invocationId":"1","target":"ToMe","arguments":["a\nb"]}`)
	s.want(said(`a\nb`), `{"type":3,"invocationId":"1","result":"done"}`)
	s.send(`{"type":1,"target":"Abort","arguments":[]}`)
	s.want(`{"type":7}`)
	s.wantEnd()
	b.waitOpen(t, 0)
	s.expect(http.MethodPost, "{}\x1e", http.StatusNotFound, unknownID)
	s.expect(http.MethodGet, "", http.StatusNotFound, unknownID, "Accept", "text/event-stream")
}

// PING-01: a quiet stream is kept alive.
func TestEventStreamPings(t *testing.T) {
	t.Parallel()
	b := setup(t, options{
		server: &signalr.ServerOptions{TickInterval: 5 * time.Millisecond},
		hub:    &signalr.HubOptions{KeepAliveInterval: 10 * time.Millisecond},
	})
	b.streaming(t).want(`{"type":6}`, `{"type":6}`, `{"type":6}`)
}

// SSE-09: who hangs up has ended the connection, without an error.
func TestEventStreamHangUp(t *testing.T) {
	t.Parallel()
	ended := make(chan error, 1)
	b := setup(t, options{prepare: func(h *signalr.Hub) {
		h.OnDisconnected(func(_ context.Context, _ *signalr.Caller, err error) error {
			ended <- err
			return nil
		})
	}})
	s := b.streaming(t)
	s.hangUp()
	if err := receive(t, ended); err != nil {
		t.Errorf("OnDisconnected got %v", err)
	}
	b.waitOpen(t, 0)
	s.expect(http.MethodPost, "{}\x1e", http.StatusNotFound, unknownID)
}

// CONN-11: who takes nothing for the send timeout is cut.
func TestEventStreamStuck(t *testing.T) {
	t.Parallel()
	b := setup(t, options{
		server:   &signalr.ServerOptions{QueueLimit: 64 << 20},
		endpoint: &signalr.EndpointOptions{TransportSendTimeout: 50 * time.Millisecond},
	})
	b.streaming(t)
	for range 2 {
		if err := message.To(t.Context(), b.hub.All(), strings.Repeat("x", 16<<20)); err != nil {
			t.Fatal(err)
		}
	}
	b.waitOpen(t, 0)
	if got := b.server.Stats(); got.Stuck != 1 || got.Overflowed != 0 {
		t.Errorf("got %+v", got)
	}
}

// SEND-03, INV-22: who falls behind by more than the queue holds is cut, and
// nobody else notices.
func TestEventStreamOverflow(t *testing.T) {
	t.Parallel()
	b := setup(t, options{server: &signalr.ServerOptions{QueueLimit: 64 << 10}})
	b.streaming(t)
	healthy := b.connect(t)
	padding := strings.Repeat("x", 16<<10)
	for i := 0; b.server.Stats().Overflowed == 0; i++ {
		text := strconv.Itoa(i) + padding
		if err := message.To(t.Context(), b.hub.All(), text); err != nil {
			t.Fatal(err)
		}
		healthy.want(said(text))
	}
	b.waitOpen(t, 1)
}

// A stream that was slow for a while gets everything, in order.
func TestEventStreamCatchesUp(t *testing.T) {
	t.Parallel()
	b := setup(t, options{server: &signalr.ServerOptions{QueueLimit: 64 << 20}})
	s := b.streaming(t)
	padding := strings.Repeat("x", 64<<10)
	const messages = 200
	for i := range messages {
		if err := message.To(t.Context(), b.hub.All(), strconv.Itoa(i)+padding); err != nil {
			t.Fatal(err)
		}
	}
	for i := range messages {
		s.want(said(strconv.Itoa(i) + padding))
	}
}

// EP-08: deadlines of the HTTP server do not end a stream or a poll.
func TestServerDeadlinesAreLifted(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		const deadline = 10 * time.Second
		b := overPipes(t, options{endpoint: &signalr.EndpointOptions{PollTimeout: 2 * deadline}}, nil,
			func(s *http.Server) { s.ReadTimeout, s.WriteTimeout = deadline, deadline })
		s := b.streaming(t)
		b.polling(t).poll() // which is longer than the deadlines
		for range 10 {
			s.want(`{"type":6}`)
		}
	})
}

// What cannot be a stream is refused, not left hanging.
func TestResponseCannotStream(t *testing.T) {
	t.Parallel()
	b := setup(t, options{})
	target := "/hub?id=" + b.negotiate(t, "?negotiateVersion=1").ConnectionToken
	r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, target, http.NoBody)
	r.Header.Set("Accept", "text/event-stream")
	w := httptest.NewRecorder()
	b.server.ServeHTTP(w, r)
	if w.Code != http.StatusInternalServerError {
		t.Errorf("got %d", w.Code)
	}
	b.waitOpen(t, 0)
}
