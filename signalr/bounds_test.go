package signalr_test

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"runtime"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/fanfare-hub/fanfare/signalr"
)

// SEC-01: the bounds of one message end the connection that exceeds them, and
// nothing else.
func TestMessageBounds(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("x", 9)
	b := setup(t, options{
		hub:     &signalr.HubOptions{MaximumNameLength: 8, MaximumHeaders: 2, DetailedErrors: true},
		prepare: func(h *signalr.Hub) { h.Handle("Nothing", func() {}) },
	})
	other := b.connect(t)
	const longName = "The message has an id or a target longer than 8 bytes."
	for record, want := range map[string]string{
		`{"type":1,"target":"` + long + `","arguments":[]}`:                                         longName,
		`{"type":1,"target":"Nothing","invocationId":"` + long + `","arguments":[]}`:                longName,
		`{"type":4,"target":"Nothing","invocationId":"` + long + `","arguments":[]}`:                longName,
		`{"type":1,"target":"Nothing","streamIds":["1","` + long + `"],"arguments":[]}`:             longName,
		`{"type":2,"invocationId":"` + long + `","item":1}`:                                         longName,
		`{"type":3,"invocationId":"` + long + `"}`:                                                  longName,
		`{"type":5,"invocationId":"` + long + `"}`:                                                  longName,
		`{"type":1,"target":"Nothing","headers":{"a":"` + long + `","b":"","c":""},"arguments":[]}`: "The message has more than 2 headers.",
		`{"type":2,"invocationId":"1","headers":{"a":"` + long + `","b":"","c":""},"item":1}`:       "The message has more than 2 headers.",
	} {
		before := b.server.Stats().Capped
		c := b.connect(t)
		c.send(`{"type":1,"target":"Nothing","invocationId":"12345678","headers":{"a":"`+long+`","b":""},"arguments":[]}`, record)
		got, err := c.next()
		if strings.HasPrefix(got, `{"type":3`) { // the call before the bad message may still answer
			got, err = c.next()
		}
		if closed := `{"type":7,"error":"Connection closed with an error. InvalidDataException: ` + want + `","allowReconnect":true}`; err != nil || got != closed {
			t.Errorf("%s: got %s, %v", record, got, err)
		}
		c.wantClosed()
		if after := b.server.Stats().Capped; after != before+1 {
			t.Errorf("%s: counted %d times", record, after-before)
		}
	}
	other.invoke("Nothing", `[]`, `"result":null`)
}

// SEC-01: at the bound of connections every way to open one more is refused,
// counted, and possible again when one has ended.
func TestMaximumConnections(t *testing.T) {
	t.Parallel()
	b := setup(t, options{server: &signalr.ServerOptions{MaximumConnections: 2}})
	for _, transport := range []string{"socket", "polls", "stream"} {
		waiting := b.web(t)
		first, second := b.connect(t), b.connect(t)
		if status, _, body := b.do(t, http.MethodPost, "/hub/negotiate"); status != http.StatusServiceUnavailable || body != "" {
			t.Errorf("negotiate: got %d %q", status, body)
		}
		before := b.server.Stats().Full
		switch transport {
		case "socket":
			b.refused(t, strings.TrimPrefix(waiting.url, b.url), http.StatusServiceUnavailable, "")
			b.refused(t, "", http.StatusServiceUnavailable, "")
		case "polls":
			waiting.expect(http.MethodGet, "", http.StatusServiceUnavailable, "")
		case "stream":
			waiting.expect(http.MethodGet, "", http.StatusServiceUnavailable, "", "Accept", "text/event-stream")
		}
		if b.server.Stats().Full == before {
			t.Errorf("%s: not counted", transport)
		}
		first.conn.Close()
		b.waitOpen(t, 1)
		waitFor(t, func() bool {
			status, _, _ := b.do(t, http.MethodPost, "/hub/negotiate")
			return status == http.StatusOK
		})
		waiting.listen().hangUp() // the refusal has not used up the token
		second.conn.Close()
		b.waitOpen(t, 0)
	}
}

// NEG-17, SEC-01: a negotiated connection takes no memory before a transport
// attaches.
func TestNegotiateKeepsNothing(t *testing.T) { //nolint:paralleltest // nobody else may allocate meanwhile
	if testing.Short() {
		t.Skip("measures the heap")
	}
	b := setup(t, options{})
	negotiate := func(n int) {
		for range n {
			w := httptest.NewRecorder()
			b.server.ServeHTTP(w, httptest.NewRequest(http.MethodPost, "/hub/negotiate?negotiateVersion=1", http.NoBody))
			if w.Code != http.StatusOK {
				t.Fatal(w.Code)
			}
		}
	}
	negotiate(100)
	before := heap()
	const many = 50_000
	negotiate(many)
	if grown := heap() - before; grown > many*8 {
		t.Errorf("%d bytes are kept of %d", grown, many)
	}
}

func heap() int64 {
	runtime.GC()
	var stats runtime.MemStats
	runtime.ReadMemStats(&stats)
	return int64(stats.HeapAlloc)
}

// SEC-02, POST-07: who posts before the transport and stops in the middle is
// let go when the token has run out.
func TestEarlyBodyEndsWithToken(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := overPipes(t, options{}, nil)
		c := b.web(t)
		body, rest := io.Pipe()
		t.Cleanup(func() { rest.Close() })
		r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, c.url, body)
		if err != nil {
			t.Fatal(err)
		}
		wrote := make(chan error, 1)
		go func() {
			_, err := fmt.Fprint(rest, "{")
			wrote <- err
		}()
		response, err := b.http.Client().Do(r)
		if err != nil {
			t.Fatal(err)
		}
		response.Body.Close()
		if response.StatusCode != http.StatusNotFound {
			t.Errorf("got %d", response.StatusCode)
		}
		rest.Close() // or it would wait for a reader that may be gone
		<-wrote
	})
}

// SEC-01, SR-16: a client that comes back to its connection is counted already.
func TestMaximumConnectionsAndReturn(t *testing.T) {
	t.Parallel()
	b := setup(t, options{
		server:   &signalr.ServerOptions{MaximumConnections: 1},
		endpoint: &signalr.EndpointOptions{AllowStatefulReconnects: true},
	})
	id := "id=" + b.negotiate(t, "?negotiateVersion=1&useStatefulReconnect=true").ConnectionToken
	c := b.dial(t, id)
	c.send(`{"protocol":"json","version":2}`)
	c.want(`{}`)
	b.dial(t, id)
	if got := b.server.Stats(); got.Full != 0 || got.Open != 1 {
		t.Errorf("got %+v", got)
	}
}
