package client_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/fanfare-hub/fanfare/signalr/client"
)

// connectIn starts a client in a bubble that has these handlers.
func connectIn(t *testing.T, options *client.Options, handlers map[string]any) (*client.Client, *memoryConn, func()) {
	t.Helper()
	hub := &memoryHub{}
	if options == nil {
		options = &client.Options{}
	}
	options.HTTPClient = hub.options().HTTPClient
	c := client.New("http://hub/hub", options)
	for name, fn := range handlers {
		c.On(name, fn)
	}
	if err := c.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	return c, hub.conn(1), func() { stopIn(t, hub, c, 1) }
}

func TestQuestionKeepsItsPlace(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var seen []int // unguarded: the race detector sees whether handlers overlap
		handler := func(n int) { <-time.After(10 * time.Millisecond); seen = append(seen, n) }
		_, conn, stop := connectIn(t, nil, map[string]any{
			"tell": handler, "ask": func(n int) int { handler(n); return n },
		})
		for n := range 20 {
			if n%3 == 0 {
				conn.say(fmt.Sprintf(`{"type":1,"invocationId":"q%d","target":"ask","arguments":[%d]}`, n, n))
			} else {
				conn.say(fmt.Sprintf(`{"type":1,"target":"tell","arguments":[%d]}`, n))
			}
		}
		for n := 0; n < 20; n += 3 {
			if got, want := <-conn.sent, fmt.Sprintf(`{"type":3,"invocationId":"q%d","result":%d}`, n, n); got != want {
				t.Errorf("answer %s, want %s", got, want)
			}
		}
		stop()
		if len(seen) != 20 || !slices.IsSorted(seen) {
			t.Errorf("handled %v", seen)
		}
	})
}

// CR-09 from the client's side: a handler that waits for the hub, which waits
// for this client, does not wait for ever: not at all if it calls with its own
// context, else for a second.
func TestQuestionBehindAHandlerThatWaits(t *testing.T) {
	t.Parallel()
	for name, after := range map[string]time.Duration{"own context": 0, "another context": time.Second} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				var c *client.Client
				done := make(chan error, 1)
				c, conn, stop := connectIn(t, nil, map[string]any{
					"work": func(ctx context.Context) { //nolint:contextcheck // the other context is the case
						if after > 0 {
							ctx = context.Background()
						}
						done <- c.Invoke(ctx, nil, "Need")
					},
					"ask": func() int { return 7 },
				})
				conn.say(`{"type":1,"target":"work","arguments":[]}`)
				<-conn.sent // the call of Need
				begun := time.Now()
				conn.say(`{"type":1,"invocationId":"q","target":"ask","arguments":[]}`)
				if got := <-conn.sent; got != `{"type":3,"invocationId":"q","result":7}` || time.Since(begun) != after {
					t.Errorf("answer %s after %v, want it after %v", got, time.Since(begun), after)
				}
				conn.say(`{"type":3,"invocationId":"1"}`)
				if err := <-done; err != nil {
					t.Error(err)
				}
				stop()
			})
		})
	}
}

// The answer to a handler's call is found behind any number of calls.
func TestAnswerBehindAFullQueue(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var c *client.Client
		done, handled := make(chan error, 1), 0
		c, conn, stop := connectIn(t, &client.Options{HandlerQueue: 2}, map[string]any{
			"work": func() { done <- c.Invoke(context.Background(), nil, "Need") },
			"tell": func() { handled++ },
		})
		conn.say(`{"type":1,"target":"work","arguments":[]}`)
		<-conn.sent
		for range 500 {
			conn.say(`{"type":1,"target":"tell","arguments":[]}`)
		}
		conn.say(`{"type":3,"invocationId":"1"}`)
		if err := <-done; err != nil {
			t.Error(err)
		}
		stop()
		if handled != 500 {
			t.Errorf("handled %d calls", handled)
		}
	})
}

// A hub that sends more than its stream's loop takes, while the loop waits for
// the hub, loses the stream and not the client its memory.
func TestStreamOverflow(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c, conn, stop := connectIn(t, &client.Options{ServerTimeout: time.Minute}, nil)
		failed := make(chan error, 1)
		go func() {
			for _, err := range client.Stream[string](t.Context(), c, "Flood") {
				if err == nil {
					err = c.Invoke(t.Context(), nil, "Need")
				}
				if err != nil {
					failed <- err
				}
			}
		}()
		<-conn.sent
		item := `{"type":2,"invocationId":"1","item":"` + strings.Repeat("x", 1<<20) + `"}`
		for range 20 {
			conn.say(item)
		}
		conn.say(`{"type":3,"invocationId":"2"}`) // the answer comes behind
		if err := <-failed; !errors.Is(err, client.ErrStreamOverflow) {
			t.Errorf("stream ended with %v", err)
		}
		for message := range conn.sent {
			if message == `{"type":5,"invocationId":"1"}` {
				break
			}
		}
		stop()
	})
}

// Calls that nobody handles wait up to 16 MiB, each for 1 KiB more than it has,
// then the client stops reading.
func TestQueueIsBounded(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		release, handled := make(chan struct{}), 0
		c, conn, stop := connectIn(t, &client.Options{ServerTimeout: time.Hour, HandlerQueue: 1 << 20}, map[string]any{
			"tell": func() { <-release; handled++ },
		})
		const calls = 20_000
		for range calls / 1000 {
			conn.say(slices.Repeat([]string{`{"type":1,"target":"tell","arguments":[]}`}, 1000)...)
		}
		synctest.Wait()
		if received := c.Stats().Received; received < 15_000 || received > 16<<10 {
			t.Errorf("%d calls were read", received)
		}
		close(release)
		stop()
		if handled != calls {
			t.Errorf("handled %d calls of %d", handled, calls)
		}
	})
}
