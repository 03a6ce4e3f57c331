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
	"time"

	"github.com/fanfare-hub/fanfare/signalr"
	"github.com/fanfare-hub/fanfare/signalr/internal/ws"
)

// record is a log that can be searched.
type record struct {
	mu   sync.Mutex
	text bytes.Buffer // guarded by mu
}

func (r *record) Write(p []byte) (int, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.text.Write(p)
}

func (r *record) String() string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.text.String()
}

// OBS-06, AUTH-04, NEG-16, SEC-03: whatever happens, not even a log of everything has a
// token, a credential or what a message says. Errors of the application are
// logged as they are: what they say is its own affair.
func TestLogKeepsSecrets(t *testing.T) {
	t.Parallel()
	log := &record{}
	logger := slog.New(slog.NewTextHandler(log, &slog.HandlerOptions{Level: slog.LevelDebug}))
	const secret = "s3cret"
	b := setup(t, options{
		server: &signalr.ServerOptions{Logger: logger},
		hub:    &signalr.HubOptions{Logger: logger, MaximumReceiveMessageSize: 1000},
		endpoint: &signalr.EndpointOptions{
			EnableRefresh: true, SameUser: true, AllowStatefulReconnects: true,
			Authenticate: func(r *http.Request) (any, string, time.Time, error) {
				if r.Header.Get("Authorization") == "bad "+secret {
					return nil, "", time.Time{}, errors.New("who is that")
				}
				return r.Header.Get("Authorization"), r.Header.Get("User"), time.Time{}, nil
			},
		},
		prepare: func(h *signalr.Hub) {
			h.Handle("Fails", func(string) error { return errors.New("it failed") })
			h.Handle("Panics", func(string) { panic("it panicked") })
			h.Handle("Number", func(int) {})
			h.OnDisconnected(func(context.Context, *signalr.Caller, error) error { return errors.New("it failed at the end") })
		},
	})
	var secrets []string
	for _, query := range []string{"", "?negotiateVersion=1", "?negotiateVersion=1&useStatefulReconnect=true"} {
		n := b.negotiate(t, query)
		token := n.ConnectionToken
		if token == "" {
			token = n.ConnectionID
		}
		secrets = append(secrets, token)
		b.refused(t, "?id="+token+"x&access_token="+secret, http.StatusNotFound, unknownID)
		b.refused(t, "?id="+token, http.StatusForbidden, "", "User", "other")
		b.refused(t, "?id="+token, http.StatusUnauthorized, "", "Authorization", "bad "+secret)
		c := b.dialWith(t, http.Header{"Authorization": {secret}}, "id="+token, "access_token="+secret)
		c.send(`{"protocol":"json","version":1}`)
		c.want(`{}`)
		for _, target := range []string{"Fails", "Panics", "Number", secret} {
			c.send(`{"type":1,"invocationId":"` + secret + `","target":"` + target + `","arguments":["` + secret + `"],"headers":{"h":"` + secret + `"}}`)
			if _, err := c.next(); err != nil {
				t.Fatal(err)
			}
		}
		c.send(`{"type":3,"invocationId":"`+secret+`","error":"`+secret+`"}`, `{"type":1,`+secret)
		for {
			if _, err := c.next(); err != nil {
				break
			}
		}
		c.conn.WriteClose(ws.CodeNormal, "")
	}
	stream, polls := b.streaming(t), b.polling(t)
	for _, c := range []*webClient{stream.webClient, polls} {
		secrets = append(secrets, c.url[strings.Index(c.url, "id=")+3:])
		c.send(`{"type":1,"target":"Panics","arguments":["` + secret + `"]}`)
		c.as("bad "+secret).expect(http.MethodPost, secret, http.StatusUnauthorized, "")
	}
	stream.hangUp()
	polls.expect(http.MethodDelete, "", http.StatusAccepted, "")
	if err := b.server.Shutdown(t.Context()); err != nil {
		t.Error(err)
	}
	for _, needle := range append(secrets, secret) {
		for line := range strings.Lines(log.String()) {
			if strings.Contains(line, needle) {
				t.Errorf("%s is in the log: %s", needle, line)
			}
		}
	}
	for _, happened := range []string{"it failed", "it panicked", "it failed at the end"} {
		if !strings.Contains(log.String(), happened) {
			t.Errorf("%q is not in the log", happened)
		}
	}
}

// INV-14: a hub without a logger of its own logs to the server's.
func TestHubLogsToItsServer(t *testing.T) {
	t.Parallel()
	log := &record{}
	b := setup(t, options{
		server:  &signalr.ServerOptions{Logger: slog.New(slog.NewTextHandler(log, nil))},
		prepare: func(h *signalr.Hub) { h.Handle("Panics", func() { panic("it panicked") }) },
	})
	c := b.connect(t)
	c.send(`{"type":1,"invocationId":"1","target":"Panics","arguments":[]}`)
	c.await(`{"type":3`)
	if text := log.String(); !strings.Contains(text, "it panicked") || !strings.Contains(text, "hub=hub") {
		t.Errorf("the log says %q", text)
	}
}
