package signalr_test

import (
	"context"
	"net"
	"strings"
	"syscall"
	"testing"

	"github.com/fanfare-hub/fanfare/signalr"
	"github.com/fanfare-hub/fanfare/signalr/internal/ws"
)

// narrow opens a connection whose client has a receive buffer of about 4 KiB.
func (b *bundle) narrow(t *testing.T, query, version string) *client {
	t.Helper()
	dialer := net.Dialer{Control: func(_, _ string, raw syscall.RawConn) (err error) {
		failed := raw.Control(func(fd uintptr) {
			err = syscall.SetsockoptInt(int(fd), syscall.SOL_SOCKET, syscall.SO_RCVBUF, 4<<10)
		})
		if failed != nil {
			return failed
		}
		return err
	}}
	url := "ws" + strings.TrimPrefix(b.url, "http") + "?" + query
	conn, _, err := (&ws.Dialer{NetDial: dialer.DialContext}).Dial(t.Context(), url, nil) //nolint:bodyclose // none if it succeeds
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	c := &client{t: t, conn: conn}
	c.send(`{"protocol":"json","version":` + version + `}`)
	c.want(`{}`)
	return c
}

// A client that does not read sees the end of what it follows behind some KiB
// of older messages at most, however much was sent: nothing piles up where it
// cannot be conflated.
func TestUnsentLimit(t *testing.T) {
	t.Parallel()
	for name, stateful := range map[string]bool{"plain": false, "stateful": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := setup(t, options{
				endpoint: &signalr.EndpointOptions{UnsentLimit: 4 << 10, AllowStatefulReconnects: true},
				prepare: func(h *signalr.Hub) {
					h.OnConnected(func(_ context.Context, c *signalr.Caller) error { return c.Join("a") })
					room(h)
				},
			})
			query, version := "", "1"
			if stateful {
				query, version = "id="+b.negotiate(t, "?negotiateVersion=1&useStatefulReconnect=true").ConnectionToken, "2"
			}
			c := b.narrow(t, query, version)
			c.id() // it has joined
			padding := strings.Repeat("x", 400)
			const messages = 10_000
			for i := range uint64(messages) {
				b.steps(t, step{padding, i, 0})
			}
			end := step{"end!", messages, 0}
			b.steps(t, end)
			waitFor(t, func() bool { return b.server.Stats().Conflated > 0 })
			before, last := 0, ""
			for {
				record, err := c.next()
				if err != nil {
					t.Fatal(err)
				}
				if record == end.record() {
					break
				}
				before, last = before+len(record), record
			}
			if before > 64<<10 {
				t.Errorf("%d bytes came before the end", before)
			}
			if !strings.Contains(last, `"covers":`) || strings.Contains(last, `"covers":0`) {
				t.Errorf("the last before the end is %s", last)
			}
			t.Logf("%d bytes came before the end", before)
		})
	}
}
