package client_test

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/fanfare-hub/fanfare/signalr/client"
)

// startIn starts a client in a bubble, with a server that pings.
func startIn(t *testing.T, options *client.Options) *client.Client {
	t.Helper()
	options.ServerTimeout = 24 * time.Hour // the server does not ping
	c := client.New("http://hub/hub", options)
	if err := c.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	return c
}

func TestReconnectAfterTheOfficialDelays(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		hub := &memoryHub{refuse: func(n int) bool { return n > 1 }}
		options := hub.options()
		options.Reconnect = client.ReconnectAfter()
		var retries []error
		options.OnReconnecting = func(err error) { retries = append(retries, err) }
		c := startIn(t, options)
		hub.conn(1).lose()
		<-c.Done()
		var after []time.Duration
		for _, at := range hub.attempts()[1:] {
			after = append(after, at.Sub(hub.attempts()[0]))
		}
		if want := []time.Duration{0, 2 * time.Second, 12 * time.Second, 42 * time.Second}; !slices.Equal(after, want) {
			t.Errorf("attempts after %v, want %v", after, want)
		}
		var lost *client.CloseError
		var refused *client.NegotiateError
		if err := c.Err(); !errors.As(err, &lost) || !errors.As(err, &refused) || !strings.Contains(err.Error(), "no new connection after 4 attempts") {
			t.Errorf("Err = %v", err)
		}
		if len(retries) != 1 || !errors.As(retries[0], &lost) {
			t.Errorf("OnReconnecting got %v", retries)
		}
		if c.State() != client.StateClosed {
			t.Errorf("state %v", c.State())
		}
	})
}

func TestReconnectPolicyDecides(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		hub := &memoryHub{refuse: func(n int) bool { return n > 1 }}
		options := hub.options()
		var seen []string
		options.Reconnect = func(r client.Retry) (time.Duration, bool) {
			var refused *client.NegotiateError
			seen = append(seen, fmt.Sprint(r.Attempt, r.Elapsed, errors.As(r.Err, &refused)))
			return time.Minute, r.Attempt < 2
		}
		c := startIn(t, options)
		hub.conn(1).lose()
		<-c.Done()
		if want := []string{"0 0s false", "1 1m0s true", "2 2m0s true"}; !slices.Equal(seen, want) {
			t.Errorf("policy was asked %q, want %q", seen, want)
		}
	})
}

// The callbacks run between the handlers: after the lost connection's last
// call, before the new one's first. Calls under way fail, and so do those
// meanwhile.
func TestReconnect(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		hub := &memoryHub{refuse: func(n int) bool { return n == 2 }}
		options := hub.options()
		var events []string
		note := func(event string, args ...any) { events = append(events, fmt.Sprintf(event, args...)) }
		options.Reconnect = client.ReconnectAfter(time.Second, time.Second)
		options.OnReconnecting = func(err error) { note("reconnecting: %v", err) }
		options.OnReconnected = func(id string) { note("reconnected: %s", id) }
		options.OnClose = func(err error) { note("closed: %v", err) }
		c := client.New("http://hub/hub", options)
		c.On("told", func(text string) { note("told %s", text) })
		if err := c.Start(t.Context()); err != nil {
			t.Fatal(err)
		}
		failed := make(chan error, 2)
		go func() { failed <- c.Invoke(t.Context(), nil, "Wait") }()
		go func() {
			for _, err := range client.Stream[int](t.Context(), c, "Wait") {
				failed <- err
			}
		}()
		synctest.Wait()
		hub.conn(1).say(`{"type":1,"target":"told","arguments":["before"]}`, `{"type":7,"error":"moving","allowReconnect":true}`)
		hub.conn(1).lose()
		for range 2 {
			if err := <-failed; !errors.Is(err, client.ErrClosed) || !strings.Contains(err.Error(), "moving") {
				t.Errorf("call under way: %v", err)
			}
		}
		synctest.Wait()
		if err := c.Send(t.Context(), "Early"); !errors.Is(err, client.ErrReconnecting) || c.State() != client.StateReconnecting || c.ConnectionID() != "" {
			t.Errorf("Send = %v in state %v", err, c.State())
		}
		<-time.After(3 * time.Second)
		if c.State() != client.StateConnected || c.ConnectionID() != "id-3" {
			t.Fatalf("state %v, id %q", c.State(), c.ConnectionID())
		}
		hub.conn(3).say(`{"type":1,"target":"told","arguments":["after"]}`)
		if err := c.Send(t.Context(), "Late"); err != nil {
			t.Error(err)
		}
		if got, want := <-hub.conn(3).sent, `{"type":1,"target":"Late","arguments":[]}`; got != want {
			t.Errorf("sent %s, want %s", got, want)
		}
		hub.conn(3).say(`{"type":7}`)
		hub.conn(3).lose()
		<-c.Done()
		want := []string{
			"told before", "reconnecting: server closed the connection: moving", "reconnected: id-3", "told after",
			"closed: server closed the connection",
		}
		if !reflect.DeepEqual(events, want) {
			t.Errorf("events %q, want %q", events, want)
		}
		if c.Stats().Reconnected != 1 {
			t.Errorf("reconnected %d times", c.Stats().Reconnected)
		}
	})
}

// A hub may be called from the callback, which is where groups are joined
// again.
func TestInvokeInOnReconnected(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		hub := &memoryHub{}
		options := hub.options()
		options.Reconnect = client.ReconnectAfter(time.Second)
		var c *client.Client
		joined := make(chan error, 1)
		options.OnReconnected = func(string) { joined <- c.Invoke(context.Background(), nil, "Join", "lobby") }
		c = startIn(t, options)
		hub.conn(1).lose()
		<-time.After(time.Second)
		synctest.Wait()
		if got, want := <-hub.conn(2).sent, `{"type":1,"invocationId":"1","target":"Join","arguments":["lobby"]}`; got != want {
			t.Errorf("sent %s, want %s", got, want)
		}
		hub.conn(2).say(`{"type":3,"invocationId":"1"}`)
		if err := <-joined; err != nil {
			t.Error(err)
		}
		stopIn(t, hub, c, 2)
	})
}

// stopIn stops a client in a bubble, on the connection that it has.
func stopIn(t *testing.T, hub *memoryHub, c *client.Client, n int) {
	t.Helper()
	stopped := make(chan error, 1)
	go func() { stopped <- c.Stop(t.Context()) }()
	if got := <-hub.conn(n).sent; got != `{"type":7}` {
		t.Errorf("last message %s", got)
	}
	hub.conn(n).say(`{"type":7}`)
	hub.conn(n).lose()
	if err := <-stopped; err != nil || c.Err() != nil {
		t.Errorf("Stop = %v, Err = %v", err, c.Err())
	}
}

func TestNoReconnect(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		policy client.ReconnectPolicy
		last   string
	}{
		"without a policy":               {nil, `{"type":7,"allowReconnect":true}`},
		"where the server does not want": {client.ReconnectAfter(), `{"type":7}`},
		"where the policy does not want": {func(client.Retry) (time.Duration, bool) { return 0, false }, `{"type":7,"allowReconnect":true}`},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				hub := &memoryHub{}
				options := hub.options()
				options.Reconnect = test.policy
				c := startIn(t, options)
				hub.conn(1).say(test.last)
				hub.conn(1).lose()
				<-c.Done()
				var closed *client.CloseError
				if err := c.Err(); !errors.As(err, &closed) || len(hub.attempts()) != 1 {
					t.Errorf("Err = %v after %d negotiations", err, len(hub.attempts()))
				}
				if err := c.Send(t.Context(), "Late"); !errors.Is(err, client.ErrClosed) || !errors.As(err, &closed) {
					t.Errorf("Send = %v", err)
				}
			})
		})
	}
}

// Stop ends the wait for an attempt, and an attempt.
func TestStopWhileReconnecting(t *testing.T) {
	t.Parallel()
	for name, delay := range map[string]time.Duration{"waiting": time.Hour, "connecting": 0} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				hub := &memoryHub{}
				options := hub.options()
				options.Reconnect = client.ReconnectAfter(delay)
				asked := 0
				options.AccessToken = func(ctx context.Context) (string, error) {
					if asked++; asked == 1 {
						return "token", nil
					}
					<-ctx.Done()
					return "", ctx.Err()
				}
				c := startIn(t, options)
				hub.conn(1).lose()
				synctest.Wait()
				if c.State() != client.StateReconnecting {
					t.Errorf("state %v", c.State())
				}
				if err := c.Stop(t.Context()); err != nil || c.Err() != nil {
					t.Errorf("Stop = %v, Err = %v", err, c.Err())
				}
			})
		})
	}
}

// The official clients' times of silence count on this transport as well.
func TestEventsServerTimeout(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		hub := &memoryHub{}
		c := client.New("http://hub/hub", hub.options())
		if err := c.Start(t.Context()); err != nil {
			t.Fatal(err)
		}
		begun := time.Now()
		hub.conn(1).out <- ":a comment is no sign of life\r\n"
		<-c.Done()
		if err := c.Err(); !errors.Is(err, client.ErrServerTimeout) || time.Since(begun) != 30*time.Second {
			t.Errorf("ended with %v after %v", err, time.Since(begun))
		}
	})
}
