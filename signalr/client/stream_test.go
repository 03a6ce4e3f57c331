package client_test

import (
	"context"
	"errors"
	"iter"
	"net/http/httptest"
	"reflect"
	"strconv"
	"strings"
	"testing"

	"github.com/fanfare-hub/fanfare/signalr"
	"github.com/fanfare-hub/fanfare/signalr/client"
)

// newHub serves methods with streams by the real server.
func newHub(t *testing.T) string {
	t.Helper()
	hub := signalr.NewHub(nil)
	hub.Handle("Count", func(n int) iter.Seq2[int, error] { return count(n, nil) })
	hub.Handle("Fail", func(n int) iter.Seq2[int, error] { return count(n, signalr.HubError("no more")) })
	hub.Handle("Pad", func(n int) iter.Seq2[string, error] {
		return func(yield func(string, error) bool) {
			for range n {
				if !yield(strings.Repeat("x", 8<<10), nil) {
					return
				}
			}
		}
	})
	hub.Handle("Double", func(numbers iter.Seq2[int, error]) iter.Seq2[int, error] {
		return func(yield func(int, error) bool) {
			for n, err := range numbers {
				if !yield(2*n, err) {
					return
				}
			}
		}
	})
	hub.Handle("Join", func(prefix string, numbers iter.Seq2[int, error]) (string, error) {
		text := []byte(prefix)
		for n, err := range numbers {
			if err != nil {
				return "", err
			}
			text = strconv.AppendInt(text, int64(n), 10)
		}
		return string(text), nil
	})
	hub.Handle("First", func(numbers iter.Seq2[int, error]) (int, error) {
		for n, err := range numbers {
			return n, err
		}
		return -1, nil
	})
	hub.Handle("Echo", func(n int) int { return n })
	server := signalr.NewServer(nil)
	server.MapHub("/hub", hub, nil)
	web := httptest.NewServer(server)
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), patience)
		defer cancel()
		if err := server.Shutdown(ctx); err != nil {
			t.Error(err)
		}
		web.Close()
		web.Client().CloseIdleConnections()
	})
	return web.URL + "/hub"
}

// count yields the numbers below n, and then err if there is one.
func count(n int, err error) iter.Seq2[int, error] {
	return func(yield func(int, error) bool) {
		for i := range n {
			if !yield(i, nil) {
				return
			}
		}
		if err != nil {
			yield(0, err)
		}
	}
}

// collect goes through a stream to its end.
func collect[T any](stream iter.Seq2[T, error]) (items []T, err error) {
	for item, err := range stream {
		if err != nil {
			return items, err
		}
		items = append(items, item)
	}
	return items, nil
}

func TestStream(t *testing.T) {
	t.Parallel()
	c := start(t, client.New(newHub(t), nil))
	ctx := testContext(t)
	stream := client.Stream[int](ctx, c, "Count", 3)
	for range 2 { // each time it is a call of its own
		if got, err := collect(stream); err != nil || !reflect.DeepEqual(got, []int{0, 1, 2}) {
			t.Errorf("got %v, %v", got, err)
		}
	}
	got, err := collect(client.Stream[int](ctx, c, "Fail", 2))
	if !hubErrorIs(err, &client.HubError{Message: "An error occurred on the server while streaming results. HubException: no more"}) || len(got) != 2 {
		t.Errorf("got %v, %v", got, err)
	}
	if _, err := collect(client.Stream[int](ctx, c, "NoSuch")); err == nil {
		t.Error("a method that is not there streams")
	}
	if _, err := collect(client.Stream[bool](ctx, c, "Count", 1)); err == nil || !strings.Contains(err.Error(), "decode item") {
		t.Errorf("got %v", err)
	}
	if _, err := collect(client.Stream[int](ctx, client.New("http://x", nil), "Count", 1)); !errors.Is(err, client.ErrNotStarted) {
		t.Errorf("got %v", err)
	}
}

// STR-05, CLI-10: leaving the loop, or the end of the context, cancels.
func TestStreamCancels(t *testing.T) {
	t.Parallel()
	for name, leave := range map[string]func(*testing.T, *client.Client){
		"break": func(t *testing.T, c *client.Client) {
			t.Helper()
			for item, err := range client.Stream[int](testContext(t), c, "Forever") {
				if item != 0 || err != nil {
					t.Errorf("got %v, %v", item, err)
				}
				break
			}
		},
		"context": func(t *testing.T, c *client.Client) {
			t.Helper()
			ctx, cancel := context.WithCancel(testContext(t))
			defer cancel()
			var last error
			for _, err := range client.Stream[int](ctx, c, "Forever") {
				cancel()
				last = err
			}
			if !errors.Is(last, context.Canceled) {
				t.Errorf("ended with %v", last)
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			hub := newFakeHub(t, func(s *session) {
				s.greet()
				if got, want := s.call(), `{"type":4,"invocationId":"1","target":"Forever","arguments":[]}`; got != want {
					t.Errorf("call = %s, want %s", got, want)
				}
				s.send(`{"type":2,"invocationId":"1","item":0}`)
				if got, want := s.call(), `{"type":5,"invocationId":"1"}`; got != want {
					t.Errorf("then %s, want %s", got, want)
				}
				s.send(`{"type":2,"invocationId":"1","item":1}`, `{"type":3,"invocationId":"1"}`)
				s.goodbye()
			})
			leave(t, start(t, client.New(hub.url, nil)))
		})
	}
}

// A stream whose connection is lost ends with ErrClosed, after what has come.
func TestStreamLosesConnection(t *testing.T) {
	t.Parallel()
	hub := newFakeHub(t, func(s *session) {
		s.greet()
		s.call()
		s.send(`{"type":2,"invocationId":"1","item":0}`, `{"type":2,"invocationId":"1","item":1}`)
		s.hangUp()
	})
	c := start(t, client.New(hub.url, nil))
	got, err := collect(client.Stream[int](testContext(t), c, "Count"))
	if !errors.Is(err, client.ErrClosed) || !reflect.DeepEqual(got, []int{0, 1}) {
		t.Errorf("got %v, %v", got, err)
	}
}

// A stream that is faster than its loop waits for it, and the loop may call
// and go through another stream.
func TestStreamSlowLoop(t *testing.T) {
	t.Parallel()
	c := start(t, client.New(newHub(t), &client.Options{StreamBuffer: 1}))
	ctx := testContext(t)
	items := 0
	for _, err := range client.Stream[string](ctx, c, "Pad", 300) {
		if err != nil {
			t.Fatal(err)
		}
		var echo int
		if err := c.Invoke(ctx, &echo, "Echo", items); err != nil || echo != items {
			t.Fatalf("got %d, %v", echo, err)
		}
		if inner, err := collect(client.Stream[int](ctx, c, "Count", 2)); err != nil || len(inner) != 2 {
			t.Fatalf("got %v, %v", inner, err)
		}
		items++
	}
	if items != 300 {
		t.Errorf("%d items", items)
	}
}

// UP-01, UP-02, UP-08, UP-09: streams as arguments.
func TestUpload(t *testing.T) {
	t.Parallel()
	c := start(t, client.New(newHub(t), nil))
	ctx := testContext(t)
	var text string
	if err := c.Invoke(ctx, &text, "Join", "-", count(3, nil)); err != nil || text != "-012" {
		t.Errorf("got %q, %v", text, err)
	}
	numbers := make(chan int, 2)
	numbers <- 7
	numbers <- 8
	close(numbers)
	if err := c.Invoke(ctx, &text, "Join", "", numbers); err != nil || text != "78" {
		t.Errorf("got %q, %v", text, err)
	}
	err := c.Invoke(ctx, &text, "Join", "", count(1, errors.New("my reason")))
	if !hubErrorIs(err, &client.HubError{Message: "An unexpected error occurred invoking 'Join' on the server. HubException: my reason"}) {
		t.Errorf("got %v", err)
	}
	endless := make(chan int, 1)
	endless <- 5
	var first int
	if err := c.Invoke(ctx, &first, "First", endless); err != nil || first != 5 {
		t.Errorf("got %d, %v", first, err)
	}
	if got, err := collect(client.Stream[int](ctx, c, "Double", count(3, nil))); err != nil || !reflect.DeepEqual(got, []int{0, 2, 4}) {
		t.Errorf("got %v, %v", got, err)
	}
	if err := c.Invoke(ctx, &text, "Join", "", badItems); err == nil || !strings.Contains(err.Error(), "encode item") {
		t.Errorf("got %v", err)
	}
}

func badItems(yield func(any, error) bool) { yield(func() {}, nil) }

// JSON-13, UP-09: a Send may have streams too; they share the ids of calls.
func TestSendWithStream(t *testing.T) {
	t.Parallel()
	seen, over := make(chan struct{}), make(chan struct{})
	hub := newFakeHub(t, func(s *session) {
		s.greet()
		for _, want := range []string{
			`{"type":1,"target":"Join","arguments":["-"],"streamIds":["1","2"]}`,
			`{"type":2,"invocationId":"1","item":0}`, `{"type":3,"invocationId":"1"}`,
		} {
			if got := s.call(); got != want {
				t.Errorf("got %s, want %s", got, want)
			}
		}
		close(seen)
		if got, want := s.call(), `{"type":3,"invocationId":"2","error":"stream canceled by the client"}`; got != want {
			t.Errorf("got %s, want %s", got, want)
		}
		close(over)
		s.goodbye()
	})
	c := start(t, client.New(hub.url, nil))
	ctx, cancel := context.WithCancel(testContext(t))
	defer cancel()
	if err := c.Send(ctx, "Join", "-", count(1, nil), make(chan int)); err != nil {
		t.Fatal(err)
	}
	waitFor(t, seen, "stream")
	cancel()
	waitFor(t, over, "end of the other stream")
}
