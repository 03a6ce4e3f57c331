package client_test

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"strings"
	"sync"
	"testing"

	"github.com/fanfare-hub/fanfare/signalr/client"
	"github.com/fanfare-hub/fanfare/signalr/hubproto"
)

func TestInvoke(t *testing.T) {
	t.Parallel()
	type point struct {
		X int `json:"x"`
		Y int `json:"y"`
	}
	tests := map[string]struct {
		args   []any
		call   string // what the server must see
		answer string // members of the Completion
		result any    // what the result must be
		want   error
	}{
		"value":           {[]any{1, "a"}, `"arguments":[1,"a"]`, `,"result":42`, 42, nil},
		"object":          {[]any{point{1, 2}}, `"arguments":[{"x":1,"y":2}]`, `,"result":{"x":3,"y":4}`, point{3, 4}, nil},
		"no arguments":    {nil, `"arguments":[]`, `,"result":"x"`, "x", nil},
		"no result":       {nil, `"arguments":[]`, ``, 0, nil},
		"null":            {[]any{nil}, `"arguments":[null]`, `,"result":null`, (*int)(nil), nil},
		"failure":         {nil, `"arguments":[]`, `,"error":"HubException: No."`, 0, &client.HubError{Message: "HubException: No."}},
		"empty error":     {nil, `"arguments":[]`, `,"error":""`, 0, &client.HubError{}},
		"text, not ascii": {[]any{"<é😀>"}, `"arguments":["<é\uD83D\uDE00>"]`, `,"result":"<é😀>"`, "<é😀>", nil},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			hub := newFakeHub(t, func(s *session) {
				s.greet()
				want := `{"type":1,"invocationId":"1","target":"Method",` + test.call + `}`
				if got := s.call(); got != want {
					t.Errorf("call = %s, want %s", got, want)
				}
				s.send(`{"type":3,"invocationId":"1"` + test.answer + `}`)
				s.goodbye()
			})
			c := start(t, client.New(hub.url, nil))
			result := reflect.New(reflect.TypeOf(test.result))
			err := c.Invoke(testContext(t), result.Interface(), "Method", test.args...)
			if test.want == nil && err != nil || test.want != nil && !hubErrorIs(err, test.want) {
				t.Errorf("Invoke = %v, want %v", err, test.want)
			}
			if got := result.Elem().Interface(); !reflect.DeepEqual(got, test.result) {
				t.Errorf("result = %v, want %v", got, test.result)
			}
		})
	}
}

func hubErrorIs(err, want error) bool {
	var got *client.HubError
	return errors.As(err, &got) && reflect.DeepEqual(got, want)
}

func TestInvokeOfTheWrongType(t *testing.T) {
	t.Parallel()
	hub := newFakeHub(t, func(s *session) {
		s.greet()
		s.call()
		s.send(`{"type":3,"invocationId":"1","result":"text"}`)
		s.call()
		s.send(`{"type":3,"invocationId":"2","result":"text"}`)
		s.goodbye()
	})
	c := start(t, client.New(hub.url, nil))
	var number int
	if err := c.Invoke(testContext(t), &number, "Method"); err == nil || !strings.Contains(err.Error(), "decode result") {
		t.Errorf("Invoke = %v, want a failure to decode", err)
	}
	if err := c.Invoke(testContext(t), nil, "Method"); err != nil {
		t.Errorf("Invoke without result = %v; the connection should live on", err)
	}
	if err := c.Invoke(testContext(t), nil, "Method", func() {}); err == nil {
		t.Error("Invoke took an argument that cannot be encoded")
	}
}

// Many calls at once, answered in the opposite order.
func TestInvokeConcurrently(t *testing.T) {
	t.Parallel()
	const calls = 50
	hub := newFakeHub(t, func(s *session) {
		s.greet()
		answers := make([]string, calls)
		for i := range calls {
			var id, n int
			if _, err := fmt.Sscanf(s.call(), `{"type":1,"invocationId":"%d","target":"Double","arguments":[%d]}`, &id, &n); err != nil {
				t.Errorf("call %d: %v", i, err)
			}
			answers[calls-1-i] = fmt.Sprintf(`{"type":3,"invocationId":"%d","result":%d}`, id, 2*n)
		}
		s.send(answers...)
		s.goodbye()
	})
	c := start(t, client.New(hub.url, nil))
	ctx := testContext(t)
	var wg sync.WaitGroup
	for n := range calls {
		wg.Go(func() {
			var got int
			if err := c.Invoke(ctx, &got, "Double", n); err != nil || got != 2*n {
				t.Errorf("Double(%d) = %d, %v", n, got, err)
			}
		})
	}
	wg.Wait()
}

// The answer that comes after all belongs to nobody (CLI-03).
func TestInvokeHonoursItsContext(t *testing.T) {
	t.Parallel()
	called, cancelled := make(chan struct{}), make(chan struct{})
	hub := newFakeHub(t, func(s *session) {
		s.greet()
		s.call()
		close(called)
		<-cancelled
		s.send(`{"type":3,"invocationId":"1","result":1}`, `{"type":3,"invocationId":"never","result":1}`)
		s.send(`{"type":1,"target":"Late","arguments":[]}`)
		s.goodbye()
	})
	c := client.New(hub.url, nil)
	late := make(chan struct{}, 1)
	c.On("Late", func() { late <- struct{}{} })
	start(t, c)
	ctx, cancel := context.WithCancelCause(testContext(t))
	enough := errors.New("enough")
	go func() { <-called; cancel(enough) }()
	if err := c.Invoke(ctx, nil, "Method"); !errors.Is(err, enough) {
		t.Errorf("Invoke = %v, want the context's cause", err)
	}
	if err := c.Send(ctx, "Method"); !errors.Is(err, enough) {
		t.Errorf("Send = %v, want the context's cause", err)
	}
	close(cancelled)
	waitFor(t, late, "call")
	if got := c.Stats().Ignored; got != 2 {
		t.Errorf("ignored %d messages, want 2", got)
	}
}

func TestSend(t *testing.T) {
	t.Parallel()
	got := make(chan string, 1)
	hub := newFakeHub(t, func(s *session) { s.greet(); got <- s.call(); s.goodbye() })
	c := start(t, client.New(hub.url, nil))
	if err := c.Send(testContext(t), "Method", "a", 1.5, []byte{1, 2}); err != nil {
		t.Fatal(err)
	}
	const want = `{"type":1,"target":"Method","arguments":["a",1.5,"AQI="]}`
	if call := waitFor(t, got, "call"); call != want {
		t.Errorf("call = %s, want %s", call, want)
	}
}

func TestBigMessages(t *testing.T) {
	t.Parallel()
	big := strings.Repeat("0123456789", 100_000)
	hub := newFakeHub(t, func(s *session) {
		s.greet()
		if got := s.call(); !strings.Contains(got, big) {
			t.Errorf("call of %d bytes, want more than %d", len(got), len(big))
		}
		s.send(`{"type":3,"invocationId":"1","result":"` + big + `"}`)
		s.drain()
	})
	c := start(t, client.New(hub.url, &client.Options{MaximumMessageSize: 3_000_000}))
	var got string
	if err := c.Invoke(testContext(t), &got, "Echo", big); err != nil || got != big {
		t.Errorf("Echo = %d bytes, %v; want %d", len(got), err, len(big))
	}
}

func TestTooBigMessageEndsTheConnection(t *testing.T) {
	t.Parallel()
	hub := newFakeHub(t, func(s *session) {
		s.greet()
		s.send(`{"type":1,"target":"Big","arguments":["` + strings.Repeat("x", 1000) + `"]}`)
		s.drain()
	})
	c := start(t, client.New(hub.url, &client.Options{MaximumMessageSize: 1000}))
	var tooBig *hubproto.SizeError
	if err := ended(t, c); !errors.As(err, &tooBig) || tooBig.Limit != 1000 {
		t.Errorf("Err = %v, want the size limit", err)
	}
}
