package client_test

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/fanfare-hub/fanfare/signalr/client"
)

// held is a hub whose answers to the client's messages are held up.
type held struct {
	memoryHub

	bodies chan string // of the requests with messages
	answer chan int    // a status for each of them
}

func newHeld() *held {
	h := &held{bodies: make(chan string, 10), answer: make(chan int)}
	h.posted = func(body string) int {
		if strings.Contains(body, `"protocol"`) || strings.Contains(body, `{"type":6}`) {
			return http.StatusOK
		}
		h.bodies <- body
		if status, held := <-h.answer; held {
			return status
		}
		return http.StatusOK
	}
	return h
}

func (h *held) start(t *testing.T) *client.Client {
	t.Helper()
	c := client.New("http://memory/hub", h.options())
	if err := c.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := c.Stop(context.Background()); err != nil {
			t.Error(err)
		}
	})
	synctest.Wait() // its first ping is out
	return c
}

// send sends calls of one method each, in this order, and returns when all of
// them wait.
func (*held) send(ctx context.Context, c *client.Client, methods ...string) <-chan error {
	results := make(chan error, len(methods))
	for _, method := range methods {
		go func() { results <- c.Send(ctx, method) }()
		synctest.Wait()
	}
	return results
}

func call(method string) string {
	return `{"type":1,"target":"` + method + `","arguments":[]}` + "\x1e"
}

// What is sent while a request is under way goes out with one request, in
// order, without what was given up; who sends waits for its own.
func TestBatches(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		hub := newHeld()
		c := hub.start(t)
		before := c.Stats().Sent
		ctx, cancel := context.WithCancel(t.Context())
		first := hub.send(t.Context(), c, "A")
		second := hub.send(t.Context(), c, "B")
		givenUp := hub.send(ctx, c, "C")
		third := hub.send(t.Context(), c, "D", "E")
		cancel()
		if err := <-givenUp; !errors.Is(err, context.Canceled) {
			t.Errorf("given up: %v", err)
		}
		for _, step := range []struct {
			body string
			done []<-chan error
		}{{call("A"), []<-chan error{first}}, {call("B") + call("D") + call("E"), []<-chan error{second, third, third}}} {
			if got := <-hub.bodies; got != step.body {
				t.Errorf("got %q, want %q", got, step.body)
			}
			if len(second) > 0 || len(third) > 0 {
				t.Error("sent before it was")
			}
			hub.answer <- http.StatusOK
			for _, done := range step.done {
				if err := <-done; err != nil {
					t.Error(err)
				}
			}
		}
		if got := c.Stats().Sent - before; got != 4 {
			t.Errorf("%d are sent", got)
		}
		close(hub.answer)
	})
}

// A request has 64 KiB of messages, or a single one.
func TestBatchesAreBounded(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		hub := newHeld()
		c := hub.start(t)
		half, large := strings.Repeat("h", 32<<10), strings.Repeat("l", 100<<10)
		results := hub.send(t.Context(), c, "A", "B", half, half, large, "C", "D")
		for _, want := range []string{call("A"), call("B") + call(half), call(half), call(large), call("C") + call("D")} {
			if got := <-hub.bodies; got != want {
				t.Errorf("got %d bytes, want %d", len(got), len(want))
			}
			hub.answer <- http.StatusOK
		}
		for range 7 {
			if err := <-results; err != nil {
				t.Error(err)
			}
		}
		close(hub.answer)
	})
}

// A request that fails fails for all whose messages are in it, or wait.
func TestBatchFails(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		hub := newHeld()
		c := client.New("http://memory/hub", hub.options())
		if err := c.Start(t.Context()); err != nil {
			t.Fatal(err)
		}
		synctest.Wait()
		large := strings.Repeat("l", 100<<10)
		results := hub.send(t.Context(), c, "A", "B", "C", large)
		hub.answer <- http.StatusOK
		hub.answer <- http.StatusInternalServerError
		failed := 0
		close(hub.answer)
		for range 4 {
			if err := <-results; errors.Is(err, client.ErrClosed) {
				failed++
			} else if err != nil {
				t.Error(err)
			}
		}
		if failed != 3 {
			t.Errorf("%d have failed", failed)
		}
		hub.conn(1).lose()
		<-c.Done()
	})
}
