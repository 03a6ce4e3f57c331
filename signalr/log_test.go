package signalr_test

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"net/http"
	"strings"
	"sync"
	"testing"

	"github.com/fanfare-hub/fanfare/signalr"
)

// notes is a log that several goroutines write.
type notes struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (n *notes) Write(p []byte) (int, error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.text.Write(p)
}

func (n *notes) String() string {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.text.String()
}

// AUTH-04, OBS-06, SEC-03: even at its most detailed the log holds no token,
// which in version 0 is the connection's id, no query and no argument; the
// connection is named all the same.
func TestLogKeepsSecrets(t *testing.T) {
	t.Parallel()
	const secret, argument = "a-bearer-token", "an-argument"
	for _, version := range []string{"0", "1"} {
		t.Run(version, func(t *testing.T) {
			t.Parallel()
			var log notes
			logger := slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug - 10}))
			ids := make(chan string, 3)
			b := setup(t, options{
				server: &signalr.ServerOptions{Logger: logger},
				hub:    &signalr.HubOptions{Logger: logger},
				prepare: func(h *signalr.Hub) {
					h.OnConnected(func(_ context.Context, c *signalr.Caller) error {
						ids <- c.PublicID()
						return nil
					})
					h.OnDisconnected(func(context.Context, *signalr.Caller, error) error { return errors.New("failed") })
					h.Handle("Bad", func(string) any { return func() {} })
					h.Handle("Panic", func(string) { panic("at the method") })
				},
			})
			n := b.negotiate(t, "?negotiateVersion="+version+"&access_token="+secret)
			token := n.ConnectionToken
			if version == "0" {
				token = n.ConnectionID
			}
			c := b.connect(t, "id="+token, "access_token="+secret)
			c.invoke("Panic", `["`+argument+`"]`, `"error":"`+invoking+`Panic' on the server."`)
			b.refused(t, "?id="+token, http.StatusConflict, "")
			c.send(`{"type":1,"invocationId":"1","target":"Bad","arguments":["` + argument + `"]}`)
			c.want(failedClose)
			c.wantClosed()
			b.waitOpen(t, 0)
			text := log.String()
			for _, hidden := range []string{token, secret, argument} {
				if strings.Contains(text, hidden) {
					t.Errorf("the log has %q:\n%s", hidden, text)
				}
			}
			for _, shown := range []string{receive(t, ids), "at the method", "OnDisconnected"} {
				if !strings.Contains(text, shown) {
					t.Errorf("the log does not have %q:\n%s", shown, text)
				}
			}
		})
	}
}
