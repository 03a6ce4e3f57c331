package signalr_test

import (
	"bufio"
	"context"
	"io"
	"net"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/fanfare-hub/fanfare/signalr"
	"github.com/fanfare-hub/fanfare/signalr/internal/ws"
)

// upgrade opens a WebSocket by hand, sends frames behind the request, and
// returns the headers of the answer and what comes behind it.
func (b *bundle) upgrade(t *testing.T, frames string, header ...string) (http.Header, *bufio.Reader) {
	t.Helper()
	conn, err := (&net.Dialer{}).DialContext(t.Context(), "tcp", b.http.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	conn.SetDeadline(time.Now().Add(patience))
	lines := append([]string{
		"GET /hub HTTP/1.1", "Host: x", "Connection: Upgrade", "Upgrade: websocket",
		"Sec-WebSocket-Version: 13", "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==",
	}, header...)
	if _, err := io.WriteString(conn, strings.Join(lines, "\r\n")+"\r\n\r\n"+frames); err != nil {
		t.Fatal(err)
	}
	reader := bufio.NewReader(conn)
	response, err := http.ReadResponse(reader, nil)
	if err != nil {
		t.Fatal(err)
	}
	response.Body.Close() // a 101 has none
	if response.StatusCode != http.StatusSwitchingProtocols {
		t.Fatalf("upgrade: %d", response.StatusCode)
	}
	return response.Header, reader
}

// WS-03, WS-16: what a client offers besides is passed over.
func TestUpgradeSelectsNothing(t *testing.T) {
	t.Parallel()
	b := setup(t, options{})
	header, _ := b.upgrade(t, "", "Sec-WebSocket-Protocol: json, other", "Sec-WebSocket-Extensions: permessage-deflate")
	for _, name := range []string{"Sec-Websocket-Protocol", "Sec-Websocket-Extensions"} {
		if got := header.Values(name); got != nil {
			t.Errorf("%s: %q", name, got)
		}
	}
}

// WS-04, HS-16: nothing is sent before the handshake, no ping and no message
// to all, however long it takes.
func TestSilenceBeforeHandshake(t *testing.T) {
	t.Parallel()
	b := setup(t, options{
		server: &signalr.ServerOptions{TickInterval: 5 * time.Millisecond},
		hub:    &signalr.HubOptions{KeepAliveInterval: 10 * time.Millisecond},
	})
	late, early := b.dial(t), b.connect(t)
	if err := message.To(t.Context(), b.hub.All(), "too early"); err != nil {
		t.Fatal(err)
	}
	early.await(said("too early"))
	for range 5 {
		early.want(`{"type":6}`)
	}
	late.send(`{"protocol":"json","version":1}`)
	late.want(`{}`, `{"type":6}`)
}

// WS-08, SIZE-04: a frame may be larger than a message, if it is many.
func TestFramesHaveNoLimit(t *testing.T) {
	t.Parallel()
	b := setup(t, options{prepare: methods})
	c := b.connect(t)
	ping := `{"type":6}` + "\x1e"
	c.raw(strings.Repeat(ping, 10*signalr.DefaultMaximumMessageSize/len(ping)) +
		`{"type":1,"invocationId":"1","target":"Echo","arguments":["behind"]}` + "\x1e")
	c.want(`{"type":3,"invocationId":"1","result":"behind"}`)
}

// WS-09, CONN-12: each frame holds whole messages, as many as there are, and
// never none; also what was queued for a client that did not read.
func TestFramesHoldWholeMessages(t *testing.T) {
	t.Parallel()
	b := setup(t, options{server: &signalr.ServerOptions{QueueLimit: 64 << 20}})
	c := b.connect(t)
	padding := strings.Repeat("x", 16<<10)
	const messages = 1000 // 16 MiB: more than any socket's buffers
	for i := range messages {
		if err := message.To(t.Context(), b.hub.All(), strconv.Itoa(i)+padding); err != nil {
			t.Fatal(err)
		}
	}
	for i := 0; i < messages; {
		_ = c.conn.SetReadDeadline(time.Now().Add(patience))
		_, frame, err := c.conn.ReadMessage(nil)
		if err != nil {
			t.Fatal(err)
		}
		records := strings.Split(string(frame), "\x1e")
		if last := len(records) - 1; last == 0 || records[last] != "" {
			t.Fatalf("a frame of %d bytes ends inside a message", len(frame))
		}
		for _, record := range records[:len(records)-1] {
			if record != said(strconv.Itoa(i)+padding) {
				t.Fatalf("message %d is %.60s", i, record)
			}
			i++
		}
	}
}

// WS-14: a client may go with its Close frame; the server needs no answer to
// its own.
func TestCloseFrameIsTheLast(t *testing.T) {
	t.Parallel()
	ended := make(chan error, 1)
	b := setup(t, options{prepare: func(h *signalr.Hub) {
		h.OnDisconnected(func(_ context.Context, _ *signalr.Caller, err error) error {
			ended <- err
			return nil
		})
	}})
	c := b.connect(t)
	c.conn.WriteClose(ws.CodeNormal, "")
	c.conn.Close()
	if err := receive(t, ended); err != nil {
		t.Errorf("OnDisconnected got %v", err)
	}
	b.waitOpen(t, 0)
}

// SIZE-03, JSON-06: what stands before a message that cannot be read is done
// and answered; a method that hangs does not keep the connection (LIFE-05).
func TestMessagesBeforeTheLast(t *testing.T) {
	t.Parallel()
	for name, last := range map[string]string{"too long": strings.Repeat("x", 200), "no JSON": "nonsense\x1e"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			g := newGates()
			b := setup(t, options{hub: &signalr.HubOptions{MaximumReceiveMessageSize: 100}, prepare: g.register})
			c := b.connect(t)
			c.raw(`{"type":1,"invocationId":"1","target":"Echo","arguments":["x"]}` + "\x1e" + last)
			c.want(`{"type":3,"invocationId":"1","result":"x"}`, failedClose)
			c.wantClosed()
			c = b.connect(t)
			c.raw(`{"type":1,"invocationId":"1","target":"Wait","arguments":["a"]}` + "\x1e" + last)
			receive(t, g.entered)
			c.want(failedClose)
			c.wantClosed()
		})
	}
}

// SIZE-06: negative is no bound.
func TestMessagesWithoutLimit(t *testing.T) {
	t.Parallel()
	b := setup(t, options{hub: &signalr.HubOptions{MaximumReceiveMessageSize: -1}, prepare: methods})
	long := `"` + strings.Repeat("x", 10*signalr.DefaultMaximumMessageSize) + `"`
	b.connect(t).invoke("Echo", `[`+long+`]`, `"result":`+long)
}

// WS-11: a client that does not answer the server's Close frame has 5 s.
func TestCloseFrameUnanswered(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := inMemory(t, options{prepare: func(h *signalr.Hub) {
			h.Handle("Abort", func(c *signalr.Caller) { c.Abort() })
		}})
		transport, _ := b.Client().Transport.(*http.Transport)
		dialer := ws.Dialer{NetDial: transport.DialContext}
		conn, _, err := dialer.Dial(t.Context(), "ws"+strings.TrimPrefix(b.URL("/hub"), "http"), nil) //nolint:bodyclose // none if it succeeds
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		c := &client{t: t, conn: conn}
		c.send(`{"protocol":"json","version":1}`, `{"type":1,"target":"Abort","arguments":[]}`)
		c.want(`{}`, `{"type":7}`)
		<-time.After(5*time.Second - time.Millisecond)
		if b.Connections() != 1 {
			t.Error("cut too early")
		}
		<-time.After(2 * time.Millisecond)
		synctest.Wait()
		if b.Connections() != 0 {
			t.Error("it is waited for")
		}
	})
}

// SEC-02, INV-22: Pings before the handshake whose Pongs nobody reads hold up
// their own connection, and nobody else's.
func TestUnreadPongsBeforeHandshake(t *testing.T) {
	t.Parallel()
	b := setup(t, options{server: &signalr.ServerOptions{QueueLimit: 64 << 20}, prepare: room})
	healthy, bad := b.connect(t), b.dial(t)
	payload := []byte(strings.Repeat("p", 125))
	for range 60_000 { // 8 MB of Pongs: more than any socket's buffers
		if err := bad.conn.WriteMessage(ws.Ping, payload); err != nil {
			t.Fatal(err)
		}
	}
	bad.raw(shake)
	for range 20 {
		healthy.send(`{"type":1,"invocationId":"i","target":"Id","arguments":[]}`)
		healthy.await(`{"type":3,"invocationId":"i"`)
	}
}
