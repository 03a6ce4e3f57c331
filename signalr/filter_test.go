package signalr_test

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"slices"
	"sync"
	"testing"

	"github.com/fanfare-hub/fanfare/signalr"
)

// journal notes what happened, in order.
type journal struct {
	mu      sync.Mutex
	entries []string
}

func (j *journal) add(entry string) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.entries = append(j.entries, entry)
}

func (j *journal) has(want ...string) bool {
	j.mu.Lock()
	defer j.mu.Unlock()
	return slices.Equal(j.entries, want)
}

func (j *journal) filter(name string) signalr.Filter {
	return signalr.Filter{
		Invoke: func(ctx context.Context, call *signalr.Invocation, next func(context.Context) (any, error)) (any, error) {
			j.add(fmt.Sprint(name, " invoke ", call.Method, call.Args, call.Caller.ConnectionID() != ""))
			defer j.add(name + " invoked")
			return next(ctx)
		},
		Connected: func(ctx context.Context, _ *signalr.Caller, next func(context.Context) error) error {
			j.add(name + " connect")
			return next(ctx)
		},
		Disconnected: func(ctx context.Context, _ *signalr.Caller, reason error, next func(context.Context) error) error {
			j.add(fmt.Sprint(name, " disconnect ", reason))
			return next(ctx)
		},
	}
}

// INV-26: the server's outside the hub's, each in the order of registration.
func TestFilterOrder(t *testing.T) {
	t.Parallel()
	var j journal
	b := setup(t, options{
		server: &signalr.ServerOptions{Filters: []signalr.Filter{j.filter("global")}},
		hub:    &signalr.HubOptions{Filters: []signalr.Filter{j.filter("first"), {}, j.filter("second")}},
		prepare: func(h *signalr.Hub) {
			h.OnConnected(func(context.Context, *signalr.Caller) error { j.add("connected"); return nil })
			h.Handle("Add", func(a, b int) int { j.add("add"); return a + b })
		},
	})
	c := b.connect(t)
	c.invoke("add", `[1,2]`, `"result":3`)
	c.conn.Close()
	b.waitOpen(t, 0)
	if !j.has(
		"global connect", "first connect", "second connect", "connected",
		"global invoke Add[1 2] true", "first invoke Add[1 2] true", "second invoke Add[1 2] true", "add",
		"second invoked", "first invoked", "global invoked",
		"global disconnect <nil>", "first disconnect <nil>", "second disconnect <nil>",
	) {
		t.Errorf("got %q", j.entries)
	}
}

type keyOfTest struct{}

// INV-26: a filter may skip the call, change the result, swallow the error, or
// fail; it may hand down a context of its own.
func TestFilterDecides(t *testing.T) {
	t.Parallel()
	filter := signalr.Filter{Invoke: func(ctx context.Context, call *signalr.Invocation, next func(context.Context) (any, error)) (any, error) {
		switch call.Method {
		case "Skip":
			return "skipped", nil
		case "Change":
			result, err := next(context.WithValue(ctx, keyOfTest{}, "from the filter"))
			return fmt.Sprint("changed ", result), err
		case "Swallow":
			_, _ = next(ctx)
			return nil, nil
		case "Refuse":
			return nil, signalr.HubError("not you")
		case "Panic":
			panic("in a filter")
		case "Stream":
			return count(2, nil), nil
		case "NoStream":
			return "no stream", nil
		}
		return next(ctx)
	}}
	b := setup(t, options{hub: &signalr.HubOptions{Filters: []signalr.Filter{filter}}, prepare: func(h *signalr.Hub) {
		never := func() string { t.Error("it ran"); return "" }
		h.Handle("Skip", never)
		h.Handle("Change", func(ctx context.Context) string { return fmt.Sprint(ctx.Value(keyOfTest{})) })
		h.Handle("Swallow", func() (string, error) { return "", errors.New("swallowed") })
		h.Handle("Refuse", never)
		h.Handle("Panic", never)
		h.Handle("Stream", func() iter.Seq2[int, error] { t.Error("it ran"); return nil })
		h.Handle("NoStream", func() iter.Seq2[int, error] { t.Error("it ran"); return nil })
	}})
	c := b.connect(t)
	c.invoke("Skip", `[]`, `"result":"skipped"`)
	c.invoke("Change", `[]`, `"result":"changed from the filter"`)
	c.invoke("Swallow", `[]`, `"result":null`)
	c.invoke("Refuse", `[]`, `"error":"`+invoking+`Refuse' on the server. HubException: not you"`)
	c.invoke("Panic", `[]`, `"error":"`+invoking+`Panic' on the server."`)
	c.stream("1", "Stream", `[]`)
	c.want(item("1", "0"), item("1", "1"), end("1"))
	c.stream("2", "NoStream", `[]`)
	c.want(failure("2", "The value returned by the streaming method 'NoStream' is not a ChannelReader<> or IAsyncEnumerable<>."))
}

// INV-26, LIFE-07: who swallows OnConnected's error lets the client in.
func TestFilterSwallowsRefusal(t *testing.T) {
	t.Parallel()
	left := make(chan struct{}, 1)
	b := setup(t, options{
		hub: &signalr.HubOptions{Filters: []signalr.Filter{{
			Connected: func(ctx context.Context, _ *signalr.Caller, next func(context.Context) error) error {
				if next(ctx) == nil {
					t.Error("OnConnected did not fail")
				}
				return nil
			},
		}}},
		prepare: func(h *signalr.Hub) {
			h.OnConnected(func(context.Context, *signalr.Caller) error { return errors.New("nobody may") })
			h.OnDisconnected(func(context.Context, *signalr.Caller, error) error { left <- struct{}{}; return nil })
			h.Handle("Echo", func(s string) string { return s })
		},
	})
	c := b.connect(t)
	c.invoke("Echo", `["in"]`, `"result":"in"`)
	c.conn.Close()
	receive(t, left)
}
