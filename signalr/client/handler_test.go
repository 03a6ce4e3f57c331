package client_test

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/fanfare-hub/fanfare/signalr/client"
)

func TestHandlersRunInOrder(t *testing.T) {
	t.Parallel()
	const calls = 500
	hub := newFakeHub(t, func(s *session) {
		s.greet()
		for i := range calls {
			s.send(fmt.Sprintf(`{"type":1,"target":"%s","arguments":[%d]}`, []string{"First", "SECOND"}[i%2], i))
		}
		s.hangUp()
	})
	c := client.New(hub.url, &client.Options{HandlerQueue: 3})
	var seen []int // unguarded: the race detector sees whether handlers overlap
	c.On("first", func(n int) { seen = append(seen, n) })
	c.On("Second", func(_ context.Context, n int) error { seen = append(seen, n); return nil })
	start(t, c)
	ended(t, c)
	if len(seen) != calls || !slices.IsSorted(seen) {
		t.Errorf("%d calls handled, in order: %v; want %d", len(seen), slices.IsSorted(seen), calls)
	}
}

func TestHandlerArguments(t *testing.T) {
	t.Parallel()
	type metrics struct {
		CPUUsage float64 `json:"cpuUsage"`
	}
	hub := newFakeHub(t, func(s *session) {
		s.greet()
		s.send(`{"type":1,"target":"Receive","arguments":["id",40,{"cpuUsage":0.5},[1,2],null]}`)
		s.hangUp()
	})
	c := client.New(hub.url, nil)
	var got []any
	c.On("Receive", func(id string, percentage int, m metrics, list []int, none *int) {
		got = []any{id, percentage, m, list, none}
	})
	start(t, c)
	ended(t, c)
	if want := []any{"id", 40, metrics{0.5}, []int{1, 2}, (*int)(nil)}; !reflect.DeepEqual(got, want) {
		t.Errorf("arguments = %v, want %v", got, want)
	}
}

// What cannot be handled is dropped and counted, and the rest goes on
// (CLI-06, CLI-09).
func TestWhatIsNotHandledIsCounted(t *testing.T) {
	t.Parallel()
	hub := newFakeHub(t, func(s *session) {
		s.greet()
		s.send(`{"type":1,"target":"Nobody","arguments":[]}`,
			`{"type":1,"target":"Count","arguments":[]}`,
			`{"type":1,"target":"Count","arguments":[1,2]}`,
			`{"type":1,"target":"Count","arguments":["1"]}`,
			`{"type":99,"news":true}`,
			`{"type":8,"sequenceId":1}`,
			`{"type":6}`,
			`{"type":1,"target":"Fail","arguments":[]}`,
			`{"type":1,"target":"Count","arguments":[1],"unknown":{"a":[1]}}`)
		s.hangUp()
	})
	c := client.New(hub.url, nil)
	count := 0
	c.On("Count", func(n int) { count += n })
	c.On("Fail", func() error { return errors.New("no") })
	start(t, c)
	ended(t, c)
	got := c.Stats()
	got.Sent = 0 // pings, as many as there was time for
	want := client.Stats{Received: 9, Handled: 2, HandlerErrors: 1, UnknownMethods: 1, Mismatches: 3, Ignored: 2}
	if got != want || count != 1 {
		t.Errorf("Stats = %+v, counted %d; want %+v and 1", got, count, want)
	}
}

// A server may ask a client for a result (CR-01, CR-03, CLI-09).
func TestResultsForTheServer(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		handler any
		args    string
		want    string
	}{
		"value":           {func(n int) int { return 2 * n }, `21`, `"result":42`},
		"value and error": {func(n int) (int, error) { return n, nil }, `1`, `"result":1`},
		"nil":             {func(int) (*int, error) { return nil, nil }, `1`, `"result":null`},
		"error":           {func(int) (int, error) { return 0, errors.New("from callback") }, `1`, `"error":"from callback"`},
		"nothing":         {func(int) {}, `1`, `"error":"Client didn't provide a result."`},
		"mismatch":        {func(int) int { return 1 }, `"text"`, `"error":"Client failed to parse argument(s)."`},
		"not encodable":   {func(int) any { return make(chan int) }, `1`, `"error":"Client didn't provide a result."`},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			answer := make(chan string, 1)
			hub := newFakeHub(t, func(s *session) {
				s.greet()
				s.send(`{"type":1,"invocationId":"s1","target":"Ask","arguments":[` + test.args + `]}`)
				answer <- s.call()
				s.goodbye()
			})
			c := client.New(hub.url, nil)
			c.On("Ask", test.handler)
			start(t, c)
			want := `{"type":3,"invocationId":"s1",` + test.want + `}`
			if got := waitFor(t, answer, "completion"); got != want {
				t.Errorf("completion = %s, want %s", got, want)
			}
		})
	}
}

func TestHandlerMayInvoke(t *testing.T) {
	t.Parallel()
	hub := newFakeHub(t, func(s *session) {
		s.greet()
		s.send(`{"type":1,"target":"Go","arguments":[]}`)
		s.call()
		s.send(`{"type":3,"invocationId":"1","result":"there"}`)
		s.goodbye()
	})
	c := client.New(hub.url, nil)
	got := make(chan string, 1)
	c.On("Go", func(ctx context.Context) error {
		var text string
		err := c.Invoke(ctx, &text, "Where")
		got <- text
		return err
	})
	start(t, c)
	if text := waitFor(t, got, "answer"); text != "there" {
		t.Errorf("Invoke gave %q", text)
	}
}

func TestOnRefusesWhatCannotBeCalled(t *testing.T) {
	t.Parallel()
	var none func()
	tests := map[string]struct {
		fn   any
		want string
	}{
		"not a function":   {42, "not a function"},
		"nil":              {nil, "not a function"},
		"nil function":     {none, "not a function"},
		"variadic":         {func(...int) {}, "variadic"},
		"too many results": {func() (int, int, error) { return 0, 0, nil }, "more than a value and an error"},
		"name taken":       {func() {}, "handler already"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := client.New("http://localhost", nil)
			c.On("taken", func() {})
			defer func() {
				if got := fmt.Sprint(recover()); !strings.Contains(got, test.want) {
					t.Errorf("On panicked with %q, want %q in it", got, test.want)
				}
			}()
			if name == "name taken" {
				c.On("TAKEN", test.fn)
			}
			c.On("other", test.fn)
		})
	}
}
