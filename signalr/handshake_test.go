package signalr_test

import (
	"strings"
	"testing"
	"time"

	"github.com/fanfare-hub/fanfare/signalr"
	"github.com/fanfare-hub/fanfare/signalr/internal/ws"
)

// HS-03, HS-06, HS-07, HS-11, HS-12: refused handshakes, without and with
// detailed errors.
func TestHandshakeRefused(t *testing.T) {
	t.Parallel()
	plain := setup(t, options{hub: &signalr.HubOptions{MaximumReceiveMessageSize: 100}})
	detailed := setup(t, options{hub: &signalr.HubOptions{DetailedErrors: true}})
	for _, c := range []struct {
		b          *bundle
		send, want string
	}{
		{plain, `{"protocol":"blip","version":1}` + "\x1e", `The protocol 'blip' is not supported.`},
		{plain, `{"protocol":"JSON","version":3}` + "\x1e", `The server does not support version 3 of the 'JSON' protocol.`},
		{plain, `{"version":1}` + "\x1e", `An unexpected error occurred during connection handshake.`},
		{
			detailed, `{"version":1}` + "\x1e",
			`An unexpected error occurred during connection handshake. InvalidDataException: Missing required property 'protocol'. Message content: {\"version\":1}`,
		},
		{plain, strings.Repeat("x", 101), `Handshake was canceled.`},
	} {
		client := c.b.dial(t)
		client.raw(c.send)
		client.want(`{"error":"` + c.want + `"}`)
		client.wantClosed()
	}
}

// HS-04, HS-05, HS-07, HS-14, WS-06, WS-07.
func TestHandshakeAccepted(t *testing.T) {
	t.Parallel()
	b := setup(t, options{prepare: room})
	for _, frames := range [][]string{
		{`{"protocol":"json","version":1}` + "\x1e"},
		{`{"version":-2,"extra":{},"protocol":"Json"} tail` + "\x1e"},
		{`{"proto`, ``, `col":"json","version":2}`, "\x1e"},
	} {
		c := b.dial(t)
		for _, frame := range frames {
			if err := c.conn.WriteMessage(ws.Binary, []byte(frame)); err != nil {
				t.Fatal(err)
			}
		}
		c.want(`{}`)
	}
	c := b.dial(t)
	c.send(`{"protocol":"json","version":1}`, `{"type":1,"invocationId":"1","target":"ToMe","arguments":["x"]}`)
	c.want(`{}`, said("x"), `{"type":3,"invocationId":"1","result":"done"}`)
}

// HS-10: neither silence nor half a handshake keeps a connection.
func TestHandshakeTimeout(t *testing.T) {
	t.Parallel()
	b := setup(t, options{hub: &signalr.HubOptions{HandshakeTimeout: 50 * time.Millisecond}})
	for _, half := range []string{"", `{"protocol":`} {
		c := b.dial(t)
		if half != "" {
			c.raw(half)
		}
		c.want(`{"error":"Handshake was canceled."}`)
		c.wantClosed()
	}
	b.waitOpen(t, 0)
}

// HS-15: the end of the input is no failed handshake; a Close frame is answered.
func TestHandshakeHungUp(t *testing.T) {
	t.Parallel()
	b := setup(t, options{})
	c := b.dial(t)
	c.raw(`{"protocol":`)
	c.conn.WriteClose(4000, "no")
	c.wantClosed()
	b.waitOpen(t, 0)
}

// SEC-02, HS-10: one byte after the other does not keep a connection either.
func TestHandshakeTrickles(t *testing.T) {
	t.Parallel()
	b := setup(t, options{hub: &signalr.HubOptions{HandshakeTimeout: 100 * time.Millisecond}})
	c := b.dial(t)
	ended, stopped := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(stopped)
		ticker := time.NewTicker(5 * time.Millisecond)
		defer ticker.Stop()
		for {
			select {
			case <-ended:
				return
			case <-ticker.C:
				c.conn.WriteMessage(ws.Text, []byte(" ")) // fails at the end
			}
		}
	}()
	c.want(`{"error":"Handshake was canceled."}`)
	close(ended)
	<-stopped
	c.wantClosed()
	b.waitOpen(t, 0)
}
