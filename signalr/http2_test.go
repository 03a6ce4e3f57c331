package signalr_test

import (
	"context"
	"crypto/tls"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/fanfare-hub/fanfare/signalr"
	"github.com/fanfare-hub/fanfare/signalr/internal/ws"
)

// shortDeadline is for an HTTP server whose deadlines no stream would survive.
// A slow machine may need more for one of many requests.
const shortDeadline = 1500 * time.Millisecond

// overHTTP2 is setup behind HTTP/2, with TLS or without, and with deadlines of
// the HTTP server; 0 is none.
func overHTTP2(t *testing.T, secure bool, deadline time.Duration, o options) *bundle {
	t.Helper()
	b := &bundle{hub: signalr.NewHub(unpinged(o.hub)), server: signalr.NewServer(o.server)}
	o.prepare(b.hub)
	b.server.MapHub("/hub", b.hub, o.endpoint)
	b.http = httptest.NewUnstartedServer(b.server)
	b.http.Config.ReadTimeout, b.http.Config.WriteTimeout = deadline, deadline
	if secure {
		b.http.EnableHTTP2 = true
		b.http.StartTLS()
	} else {
		protocols := &http.Protocols{}
		protocols.SetUnencryptedHTTP2(true)
		b.http.Config.Protocols = protocols
		b.http.Start()
		b.http.Client().Transport = &http.Transport{Protocols: protocols}
	}
	b.url = b.http.URL + "/hub"
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), patience)
		defer cancel()
		if err := b.server.Shutdown(ctx); err != nil {
			t.Errorf("Shutdown: %v", err)
		}
		b.http.Client().CloseIdleConnections()
		b.http.Close()
	})
	return b
}

// eachHTTP2 runs a test over both kinds of HTTP/2.
func eachHTTP2(t *testing.T, deadline time.Duration, o options, test func(*testing.T, *bundle)) {
	t.Helper()
	for name, secure := range map[string]bool{"TLS": true, "clear text": false} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			test(t, overHTTP2(t, secure, deadline, o))
		})
	}
}

func describing(h *signalr.Hub) {
	room(h)
	h.Handle("Protocol", func(c *signalr.Caller) string { return c.Protocol() })
	h.Handle("Address", func(c *signalr.Caller) string { return c.RemoteAddr() })
}

// CONN-15, EP-08, SSE-07, SSE-08, SSE-09: a stream of events over HTTP/2, beside
// the requests that send on the same connection, beyond the deadlines of the
// HTTP server, to its end and its hanging up.
func TestEventStreamOverHTTP2(t *testing.T) {
	t.Parallel()
	o := options{prepare: describing, endpoint: &signalr.EndpointOptions{TransportSendTimeout: 2 * time.Second}}
	eachHTTP2(t, shortDeadline, o, func(t *testing.T, b *bundle) {
		t.Helper()
		s, other := b.streaming(t), b.streaming(t)
		s.send(`{"type":1,"invocationId":"1","target":"Protocol","arguments":[]}`)
		s.want(`{"type":3,"invocationId":"1","result":"HTTP/2"}`)
		<-time.After(2500 * time.Millisecond) // no deadline of a write that is over may end it either
		large := strings.Repeat("x", 300<<10) // more than one window
		if err := message.To(t.Context(), b.hub.All(), large); err != nil {
			t.Fatal(err)
		}
		s.want(said(large))
		other.want(said(large))
		s.send(`{"type":7}`)
		s.want(`{"type":7}`)
		s.wantEnd()
		b.waitOpen(t, 1)
		other.hangUp()
		b.waitOpen(t, 0)
	})
}

// CONN-15, EP-08, LP-03, LP-07, LP-10, LP-12: polls over HTTP/2.
func TestPollsOverHTTP2(t *testing.T) {
	t.Parallel()
	eachHTTP2(t, shortDeadline, options{prepare: describing}, func(t *testing.T, b *bundle) {
		t.Helper()
		c := b.web(t)
		c.poll()
		c.post(shake)
		c.poll(`{}`)
		c.send(`{"type":1,"invocationId":"1","target":"Protocol","arguments":[]}`)
		c.poll(`{"type":3,"invocationId":"1","result":"HTTP/2"}`)
		waiting := c.start(t.Context())
		<-time.After(1800 * time.Millisecond)
		c.send(`{"type":1,"invocationId":"2","target":"ToMe","arguments":["late"]}`)
		if got := receive(t, waiting); got.err != nil || !strings.HasPrefix(got.body, said("late")) {
			t.Errorf("got %+v", got)
		}
		ctx, cancel := context.WithCancel(t.Context())
		waiting = c.start(ctx)
		cancel()
		if got := receive(t, waiting); got.err == nil {
			t.Errorf("got %+v", got)
		}
		c.expect(http.MethodDelete, "", http.StatusAccepted, "")
		b.waitOpen(t, 0)
	})
}

// CONN-11, SEC-02: a stream over HTTP/2 that is not read is cut, and takes
// neither the connection nor the other streams on it along.
func TestStuckStreamOverHTTP2(t *testing.T) {
	t.Parallel()
	o := options{
		prepare:  describing,
		server:   &signalr.ServerOptions{QueueLimit: 64 << 20},
		endpoint: &signalr.EndpointOptions{TransportSendTimeout: 3 * time.Second},
	}
	eachHTTP2(t, shortDeadline, o, func(t *testing.T, b *bundle) {
		t.Helper()
		b.streaming(t) // and never reads again
		healthy := b.streaming(t)
		healthy.send(`{"type":1,"invocationId":"1","target":"Join","arguments":["healthy"]}`)
		healthy.want(`{"type":3,"invocationId":"1","result":null}`)
		large := strings.Repeat("x", 16<<20) // more than the client takes unread
		if err := message.To(t.Context(), b.hub.All(), large); err != nil {
			t.Fatal(err)
		}
		want := "data: " + said(large) + "\x1e\r\n\r\n"
		got := make([]byte, len(want))
		if n, err := io.ReadFull(healthy.lines, got); err != nil || string(got) != want {
			t.Fatalf("got %d bytes, %v", n, err)
		}
		b.waitOpen(t, 1)
		if got := b.server.Stats(); got.Stuck != 1 {
			t.Errorf("got %+v", got)
		}
		if err := message.To(t.Context(), b.hub.Group("healthy"), "still here"); err != nil {
			t.Fatal(err)
		}
		healthy.want(said("still here"))
	})
}

// DOWN-03, POST-05: a body that is still on its way when the connection ends is
// refused without harm to the HTTP/2 connection.
func TestEndDuringPostOverHTTP2(t *testing.T) {
	t.Parallel()
	eachHTTP2(t, 0, options{prepare: describing}, func(t *testing.T, b *bundle) {
		t.Helper()
		stream, other := b.streaming(t), b.streaming(t)
		body, rest := io.Pipe()
		t.Cleanup(func() { rest.Close() })
		r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, stream.url, body)
		if err != nil {
			t.Fatal(err)
		}
		answered := make(chan int, 1)
		go func() {
			response, err := b.http.Client().Do(r)
			if err != nil {
				t.Error(err)
				answered <- 0
				return
			}
			response.Body.Close()
			answered <- response.StatusCode
		}()
		if _, err := io.WriteString(rest, `{"type":6`); err != nil {
			t.Fatal(err)
		}
		stream.hangUp()
		if status := receive(t, answered); status != http.StatusNotFound {
			t.Errorf("got %d", status)
		}
		if before, after := other.address(), b.streaming(t).address(); before != after {
			t.Errorf("%s was given up for %s", before, after)
		}
	})
}

// address is that of the client's end, as the server tells it.
func (s *events) address() string {
	s.t.Helper()
	s.send(`{"type":1,"invocationId":"1","target":"Address","arguments":[]}`)
	line, err := s.lines.ReadString('\n')
	if err != nil {
		s.t.Fatal(err)
	}
	s.wantLines("\r\n")
	return line
}

// WS-01, WS-02: beside HTTP/2 a WebSocket opens over HTTP/1.1 on the same port.
func TestWebSocketBesideHTTP2(t *testing.T) {
	t.Parallel()
	b := overHTTP2(t, true, 0, options{prepare: describing})
	transport, _ := b.http.Client().Transport.(*http.Transport)
	dialer := ws.Dialer{TLS: &tls.Config{RootCAs: transport.TLSClientConfig.RootCAs}}
	id := b.negotiate(t, "?negotiateVersion=1").ConnectionToken
	conn, _, err := dialer.Dial(t.Context(), "wss"+strings.TrimPrefix(b.url, "https")+"?id="+id, nil) //nolint:bodyclose // none if it succeeds
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	c := &client{t: t, conn: conn}
	c.send(`{"protocol":"json","version":1}`)
	c.want(`{}`)
	c.invoke("Protocol", `[]`, `"result":"HTTP/1.1"`)
	c.send(`{"type":7}`)
	c.want(`{"type":7}`)
	c.wantClosed()
}

// POST-05: requests that send while their connection ends are answered, one
// way or the other; what wakes them touches no answer that has been given.
func TestPostsAtTheEndOverHTTP2(t *testing.T) {
	t.Parallel()
	eachHTTP2(t, 0, options{prepare: describing}, func(t *testing.T, b *bundle) {
		t.Helper()
		for range 40 {
			s := b.streaming(t)
			var posts sync.WaitGroup
			for i := range 16 {
				text := `{"type":6}` + "\x1e"
				if i == 8 {
					text = `{"type":7}` + "\x1e"
				}
				posts.Go(func() {
					got := s.request(t.Context(), http.MethodPost, text)
					if got.err != nil || got.status != http.StatusOK && got.status != http.StatusNotFound {
						t.Errorf("got %d, %v", got.status, got.err)
					}
				})
			}
			posts.Wait()
		}
	})
}
