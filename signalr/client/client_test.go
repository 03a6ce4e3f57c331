package client_test

import (
	"context"
	"errors"
	"io"
	"syscall"
	"testing"

	"github.com/fanfare-hub/fanfare/signalr/client"
	"github.com/fanfare-hub/fanfare/signalr/internal/ws"
)

func TestStartAndStop(t *testing.T) {
	t.Parallel()
	token := make(chan string, 1)
	hub := newFakeHub(t, func(s *session) {
		token <- s.request.URL.Query().Get("id")
		s.greet()
		s.goodbye()
	})
	closed := make(chan error, 1)
	c := client.New(hub.url, &client.Options{OnClose: func(err error) { closed <- err }})
	start(t, c)
	if got := c.ConnectionID(); got != "an-id" {
		t.Errorf("ConnectionID = %q", got)
	}
	if got := waitFor(t, token, "WebSocket"); got != "a-token" {
		t.Errorf("id of the WebSocket = %q, want the token", got)
	}
	stop(t, c)
	if err := ended(t, c); err != nil {
		t.Errorf("Err after Stop = %v, want nil", err)
	}
	if err := waitFor(t, closed, "OnClose"); err != nil {
		t.Errorf("OnClose got %v, want nil", err)
	}
}

func TestStartOnlyOnce(t *testing.T) {
	t.Parallel()
	hub := newFakeHub(t, func(s *session) { s.greet(); s.goodbye() })
	c := start(t, client.New(hub.url, nil))
	if err := c.Start(testContext(t)); !errors.Is(err, client.ErrStarted) {
		t.Errorf("second Start = %v, want ErrStarted", err)
	}
}

func TestCallsNeedAConnection(t *testing.T) {
	t.Parallel()
	c := client.New("http://localhost", nil)
	if err := c.Invoke(t.Context(), nil, "Echo"); !errors.Is(err, client.ErrNotStarted) {
		t.Errorf("Invoke before Start = %v, want ErrNotStarted", err)
	}
	stop(t, c)
	if err := c.Send(t.Context(), "Echo"); !errors.Is(err, client.ErrClosed) {
		t.Errorf("Send after Stop = %v, want ErrClosed", err)
	}
	if err := c.Start(t.Context()); !errors.Is(err, client.ErrStarted) {
		t.Errorf("Start after Stop = %v, want ErrStarted", err)
	}
}

func TestStopEndsAStartUnderWay(t *testing.T) {
	t.Parallel()
	opened := make(chan struct{})
	hub := newFakeHub(t, func(s *session) { close(opened); s.drain() })
	c := client.New(hub.url, nil)
	started := make(chan error, 1)
	go func() { started <- c.Start(testContext(t)) }()
	waitFor(t, opened, "WebSocket")
	stop(t, c)
	if err := waitFor(t, started, "end of Start"); !errors.Is(err, client.ErrClosed) {
		t.Errorf("Start = %v, want ErrClosed", err)
	}
}

func TestStopCutsWhatTakesTooLong(t *testing.T) {
	t.Parallel()
	hub := newFakeHub(t, func(s *session) {
		s.greet()
		s.send(`{"type":1,"target":"Block","arguments":[]}`, `{"type":1,"target":"Block","arguments":[]}`)
		s.drain()
	})
	c := client.New(hub.url, nil)
	entered := make(chan struct{}, 2)
	c.On("Block", func(ctx context.Context) { entered <- struct{}{}; <-ctx.Done() })
	start(t, c)
	waitFor(t, entered, "call of the handler")
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := c.Stop(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("Stop = %v, want the context's error", err)
	}
	if err := ended(t, c); err != nil {
		t.Errorf("Err = %v, want nil after Stop", err)
	}
	if stats := c.Stats(); stats.Handled != 1 || stats.Discarded != 1 {
		t.Errorf("handled %d, discarded %d; want 1 and 1", stats.Handled, stats.Discarded)
	}
}

// How a connection can end from the server's side, and what Err and a call
// that waits for its answer then say.
func TestServerEndsTheConnection(t *testing.T) {
	t.Parallel()
	closeWith := func(message string) func(*session) {
		return func(s *session) { s.send(message); s.hangUp() }
	}
	asCloseError := func(want client.CloseError) func(error) bool {
		return func(err error) bool {
			var got *client.CloseError
			return errors.As(err, &got) && *got == want
		}
	}
	tests := map[string]struct {
		end  func(*session)
		want func(error) bool
	}{
		"close message":        {closeWith(`{"type":7}`), asCloseError(client.CloseError{})},
		"close with error":     {closeWith(`{"type":7,"error":"No more."}`), asCloseError(client.CloseError{Message: "No more."})},
		"close with reconnect": {closeWith(`{"type":7,"allowReconnect":true}`), asCloseError(client.CloseError{AllowReconnect: true})},
		"close frame only":     {(*session).hangUp, asCloseError(client.CloseError{})},
		"close frame with an error": {
			func(s *session) { s.conn.WriteClose(ws.CodeGoingAway, "restart"); s.drain() },
			func(err error) bool {
				var closed *ws.CloseError
				return errors.As(err, &closed) && closed.Code == ws.CodeGoingAway
			},
		},
		"gone without a word": {
			func(s *session) { s.conn.Close() },
			func(err error) bool { // a reset if something of the client's was on its way
				return errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, syscall.ECONNRESET)
			},
		},
		"not the protocol": {
			func(s *session) { s.send("nonsense"); s.drain() },
			func(err error) bool { return err != nil && !errors.Is(err, io.EOF) },
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			hub := newFakeHub(t, func(s *session) { s.greet(); s.call(); test.end(s) })
			c := start(t, client.New(hub.url, nil))
			err := c.Invoke(testContext(t), nil, "Wait")
			if !errors.Is(err, client.ErrClosed) || !test.want(err) {
				t.Errorf("Invoke = %v", err)
			}
			if err := ended(t, c); !test.want(err) {
				t.Errorf("Err = %v", err)
			}
			if err := c.Send(t.Context(), "Late"); !errors.Is(err, client.ErrClosed) || !test.want(err) {
				t.Errorf("Send afterwards = %v", err)
			}
		})
	}
}

func TestWhatCameBeforeTheEndIsHandled(t *testing.T) {
	t.Parallel()
	const calls = 100
	hub := newFakeHub(t, func(s *session) {
		s.greet()
		for range calls {
			s.send(`{"type":1,"target":"Count","arguments":[]}`)
		}
		s.hangUp()
	})
	c := client.New(hub.url, &client.Options{HandlerQueue: 1})
	count := 0
	c.On("Count", func() { count++ })
	start(t, c)
	ended(t, c)
	if count != calls {
		t.Errorf("handled %d calls, want %d", count, calls)
	}
}
