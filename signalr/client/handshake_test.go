package client_test

import (
	"context"
	"errors"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/fanfare-hub/fanfare/signalr/client"
)

func TestHandshakeFails(t *testing.T) {
	t.Parallel()
	refused := func(err error) bool {
		var refused *client.HandshakeError
		return errors.As(err, &refused) && refused.Message == "The protocol 'json' is not supported."
	}
	contains := func(text string) func(error) bool {
		return func(err error) bool { return err != nil && strings.Contains(err.Error(), text) }
	}
	tests := map[string]struct {
		script func(*session)
		want   func(error) bool
	}{
		"refused": {
			func(s *session) { s.send(`{"error":"The protocol 'json' is not supported."}`); s.hangUp() }, refused,
		},
		"no JSON":     {func(s *session) { s.send("HTTP/1.1 200 OK"); s.drain() }, contains("handshake: ")},
		"hub message": {func(s *session) { s.send(`{"type":6}`); s.drain() }, contains("Expected a handshake response")},
		"too long":    {func(s *session) { s.send(strings.Repeat("{", 2000)); s.drain() }, contains("1000")},
		"closed":      {(*session).hangUp, func(err error) bool { return errors.Is(err, io.EOF) }},
		"silence":     {func(s *session) { s.drain() }, func(err error) bool { return errors.Is(err, context.DeadlineExceeded) }},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			hub := newFakeHub(t, test.script)
			options := &client.Options{MaximumMessageSize: 1000}
			if name == "silence" {
				options.HandshakeTimeout = 200 * time.Millisecond // of which opening takes its part
			}
			if err := client.New(hub.url, options).Start(testContext(t)); !test.want(err) {
				t.Errorf("Start = %v", err)
			}
		})
	}
}

func TestStartHonoursItsContext(t *testing.T) {
	t.Parallel()
	opened := make(chan struct{})
	hub := newFakeHub(t, func(s *session) { close(opened); s.drain() })
	ctx, cancel := context.WithCancel(t.Context())
	started := make(chan error, 1)
	go func() { started <- client.New(hub.url, nil).Start(ctx) }()
	waitFor(t, opened, "WebSocket")
	cancel()
	if err := waitFor(t, started, "end of Start"); !errors.Is(err, context.Canceled) {
		t.Errorf("Start = %v, want the context's error", err)
	}
}

// HS-04: the answer and the first calls may share one delivery.
func TestCallsBehindTheHandshake(t *testing.T) {
	t.Parallel()
	hub := newFakeHub(t, func(s *session) {
		s.next()
		s.send(`{}`, `{"type":1,"target":"Hello","arguments":["early"]}`)
		s.goodbye()
	})
	c := client.New(hub.url, nil)
	got := make(chan string, 1)
	c.On("Hello", func(text string) { got <- text })
	start(t, c)
	if text := waitFor(t, got, "call"); text != "early" {
		t.Errorf("call with %q", text)
	}
}
