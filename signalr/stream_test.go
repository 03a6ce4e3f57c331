package signalr_test

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/fanfare-hub/fanfare/signalr"
)

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

// forever yields 0 and then waits for the end of ctx.
func forever(ctx context.Context) iter.Seq2[int, error] {
	return func(yield func(int, error) bool) {
		if yield(0, nil) {
			<-ctx.Done()
			yield(0, ctx.Err())
		}
	}
}

func streams(h *signalr.Hub) {
	h.Handle("Count", func(n int) iter.Seq2[int, error] { return count(n, nil) })
	h.Handle("Fail", func() iter.Seq2[int, error] { return count(1, invalidOperationError("secret detail")) })
	h.Handle("FailHub", func() iter.Seq2[int, error] {
		return count(1, fmt.Errorf("wrapped: %w", signalr.HubError("for the client")))
	})
	h.Handle("Panic", func() iter.Seq2[int, error] { return func(func(int, error) bool) { panic("at the disco") } })
	h.Handle("Refuse", func() (iter.Seq2[int, error], error) { return nil, invalidOperationError("secret detail") })
	h.Handle("PanicBefore", func() (iter.Seq2[int, error], error) { panic("at the disco") })
	h.Handle("None", func() iter.Seq2[int, error] { return nil })
	h.Handle("Nulls", func() iter.Seq2[*string, error] {
		return func(yield func(*string, error) bool) { yield(nil, nil) }
	})
	h.Handle("Forever", forever)
	h.Handle("Pending", func(ctx context.Context) (iter.Seq2[int, error], error) {
		<-ctx.Done()
		return nil, ctx.Err()
	})
	h.Handle("Forbidden", func() iter.Seq2[int, error] { return nil },
		signalr.Authorize(func(context.Context, *signalr.Caller, []any) error { return errors.New("nobody may") }))
	h.Handle("Echo", func(s string) string { return s })
}

func item(id, value string) string {
	return `{"type":2,"invocationId":"` + id + `","item":` + value + `}`
}

func end(id string) string { return `{"type":3,"invocationId":"` + id + `"}` }

func failure(id, text string) string {
	return `{"type":3,"invocationId":"` + id + `","error":"` + text + `"}`
}

func (c *client) stream(id, target, arguments string) {
	c.t.Helper()
	c.send(`{"type":4,"invocationId":"` + id + `","target":"` + target + `","arguments":` + arguments + `}`)
}

// STR-01, STR-03, STR-04, INV-06, INV-10, INV-11, JSON-14, JSON-17, JSON-20.
func TestStreamEnds(t *testing.T) {
	t.Parallel()
	const before = "An unexpected error occurred invoking '%s' on the server."
	const midway = "An error occurred on the server while streaming results."
	const none = "The value returned by the streaming method 'None' is not a ChannelReader<> or IAsyncEnumerable<>."
	for _, c := range []struct {
		target, arguments string
		items             []string
		text, detail      string
	}{
		{"count", `[3]`, []string{"0", "1", "2"}, "", ""},
		{"Count", `[0]`, nil, "", ""},
		{"Nulls", `[]`, []string{"null"}, "", ""},
		{"Fail", `[]`, []string{"0"}, midway, " InvalidOperationException: secret detail"},
		{"FailHub", `[]`, []string{"0"}, midway + " HubException: for the client", ""},
		{"Panic", `[]`, nil, midway, " errorString: panic: at the disco"},
		{"Refuse", `[]`, nil, fmt.Sprintf(before, "Refuse"), " InvalidOperationException: secret detail"},
		{"PanicBefore", `[]`, nil, fmt.Sprintf(before, "PanicBefore"), " errorString: panic: at the disco"},
		{"None", `[]`, nil, none, ""},
		{"Forbidden", `[]`, nil, "Failed to invoke 'Forbidden' because user is unauthorized", ""},
		{"NoSuch", `[]`, nil, "Failed to invoke 'NoSuch' due to an error on the server. HubException: Method does not exist.", ""},
		{"Echo", `["x"]`, nil, "The client attempted to invoke the non-streaming 'Echo' method with a streaming invocation.", ""},
	} {
		for _, detailed := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s%s %v", c.target, c.arguments, detailed), func(t *testing.T) {
				t.Parallel()
				b := setup(t, options{hub: &signalr.HubOptions{DetailedErrors: detailed}, prepare: streams})
				client := b.connect(t)
				client.stream("1", c.target, c.arguments)
				for _, value := range c.items {
					client.want(item("1", value))
				}
				text := c.text
				if detailed {
					text += c.detail
				}
				if text == "" {
					client.want(end("1"))
				} else {
					client.want(failure("1", text))
				}
				client.invoke("Echo", `["still here"]`, `"result":"still here"`)
			})
		}
	}
}

// INV-11, STR-09: a stream needs a stream invocation.
func TestStreamByInvocation(t *testing.T) {
	t.Parallel()
	b := setup(t, options{prepare: streams})
	c := b.connect(t)
	c.send(`{"type":1,"target":"Count","arguments":[2]}`)
	c.invoke("Count", `[2]`, `"error":"The client attempted to invoke the streaming 'Count' method with a non-streaming invocation."`)
}

// STR-05, STR-06, JSON-21: a cancelled stream ends without an error, wherever
// it stood; an unknown id is ignored.
func TestStreamCancel(t *testing.T) {
	t.Parallel()
	b := setup(t, options{prepare: streams})
	c := b.connect(t)
	c.stream("1", "Forever", `[]`)
	c.want(item("1", "0"))
	c.send(`{"type":5,"invocationId":"unknown"}`, `{"type":5,"invocationId":"1"}`)
	c.want(end("1"))
	c.send(`{"type":5,"invocationId":"1"}`)
	c.send(`{"type":4,"invocationId":"2","target":"Pending","arguments":[]}`, `{"type":5,"invocationId":"2"}`)
	c.want(end("2"))
	c.stream("2", "Count", `[1]`) // the id is free again
	c.want(item("2", "0"), end("2"))
}

// INV-24: the newcomer fails, and what runs stays cancellable.
func TestStreamIDInUse(t *testing.T) {
	t.Parallel()
	b := setup(t, options{prepare: streams})
	c := b.connect(t)
	c.stream("1", "Forever", `[]`)
	c.want(item("1", "0"))
	c.stream("1", "Forever", `[]`)
	c.want(failure("1", "Invocation ID '1' is already in use."))
	c.send(`{"type":5,"invocationId":"1"}`)
	c.want(end("1"))
}

// INV-20: streams run while an invocation does and another waits behind it.
func TestStreamTakesNoSlot(t *testing.T) {
	t.Parallel()
	g := newGates()
	b := setup(t, options{prepare: func(h *signalr.Hub) {
		g.register(h)
		h.Handle("Count", func(n int) iter.Seq2[int, error] { return count(n, nil) })
		h.Handle("Sum", sum)
	}})
	c := b.connect(t)
	c.send(`{"type":1,"invocationId":"w","target":"Wait","arguments":["a"]}`)
	receive(t, g.entered)
	c.stream("1", "Count", `[1]`)
	c.want(item("1", "0"), end("1"))
	c.stream("2", "NoSuch", `[]`)
	c.want(failure("2", "Failed to invoke 'NoSuch' due to an error on the server. HubException: Method does not exist."))
	c.send(`{"type":1,"invocationId":"3","target":"Sum","arguments":[],"streamIds":["s"]}`, item("s", "2"), end("s"))
	c.want(`{"type":3,"invocationId":"3","result":2}`)
	close(g.leave)
	c.want(`{"type":3,"invocationId":"w","result":"a"}`)
}

// STR-08: the connection's end ends its streams; Shutdown awaits them.
func TestStreamEndsWithConnection(t *testing.T) {
	t.Parallel()
	stopped := make(chan error, 1)
	b := setup(t, options{prepare: func(h *signalr.Hub) {
		h.Handle("Forever", func(ctx context.Context) iter.Seq2[int, error] {
			return func(yield func(int, error) bool) {
				yield(0, nil)
				<-ctx.Done()
				stopped <- ctx.Err()
			}
		})
	}})
	c := b.connect(t)
	c.stream("1", "Forever", `[]`)
	c.want(item("1", "0"))
	c.conn.Close()
	if err := receive(t, stopped); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
}

// INV-25: an item that cannot be encoded ends the connection.
func TestStreamUnencodableItem(t *testing.T) {
	t.Parallel()
	b := setup(t, options{prepare: func(h *signalr.Hub) {
		h.Handle("Bad", func() iter.Seq2[any, error] {
			return func(yield func(any, error) bool) { yield(func() {}, nil) }
		})
	}})
	c := b.connect(t)
	c.stream("1", "Bad", `[]`)
	c.want(failedClose)
	c.wantClosed()
}

// flood yields items of 8 KiB and counts them.
func flood(n int, produced *atomic.Int64, stopped chan<- struct{}) iter.Seq2[string, error] {
	return func(yield func(string, error) bool) {
		defer close(stopped)
		padding := strings.Repeat("x", 8<<10)
		for i := range n {
			if !yield(strconv.Itoa(i)+padding, nil) {
				return
			}
			produced.Add(1)
		}
	}
}

// STR-02, INV-22: a client that does not read slows its stream down; neither is
// it cut, nor does anybody else notice.
func TestStreamWaitsForSlowClient(t *testing.T) {
	t.Parallel()
	const items = 4000 // 32 MiB: more than any socket's buffers
	var produced atomic.Int64
	stopped := make(chan struct{})
	b := setup(t, options{
		server: &signalr.ServerOptions{QueueLimit: 64 << 10},
		prepare: func(h *signalr.Hub) {
			streams(h)
			h.Handle("Flood", func() iter.Seq2[string, error] { return flood(items, &produced, stopped) })
		},
	})
	slow, other := b.connect(t), b.connect(t)
	slow.stream("1", "Flood", `[]`)
	for range 100 {
		other.invoke("Echo", `["x"]`, `"result":"x"`)
	}
	waitForStandstill(t, &produced)
	if err := message.To(t.Context(), b.hub.All(), "between"); err != nil {
		t.Fatal(err)
	}
	if got := produced.Load(); got == items {
		t.Error("the producer did not wait")
	}
	between := 0
	for next := 0; next < items; {
		record, err := slow.next()
		if err != nil {
			t.Fatal(err)
		}
		if record == said("between") {
			between++
			continue
		}
		if !strings.HasPrefix(record, `{"type":2,"invocationId":"1","item":"`+strconv.Itoa(next)+"x") {
			t.Fatalf("item %d is %.60s", next, record)
		}
		next++
	}
	if between == 0 {
		slow.want(said("between"))
	}
	slow.want(end("1"))
	if got := b.server.Stats(); got.Overflowed != 0 || got.Stuck != 0 {
		t.Errorf("got %+v", got)
	}
}

// waitForStandstill waits until a number that has grown no longer does.
func waitForStandstill(t *testing.T, number *atomic.Int64) {
	t.Helper()
	last, same := int64(0), 0
	waitFor(t, func() bool {
		now := number.Load()
		if same++; now != last || now == 0 {
			last, same = now, 0
		}
		return same == 50
	})
}

// STR-05: a stream that waits for its client can be cancelled; so can one
// whose client is gone (STR-08).
func TestStreamCancelWhileWaiting(t *testing.T) {
	t.Parallel()
	for name, stop := range map[string]func(*client){
		"cancel": func(c *client) { c.send(`{"type":5,"invocationId":"1"}`) },
		"close":  func(c *client) { c.conn.Close() },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var produced atomic.Int64
			stopped := make(chan struct{})
			b := setup(t, options{
				server: &signalr.ServerOptions{QueueLimit: 64 << 10},
				prepare: func(h *signalr.Hub) {
					h.Handle("Flood", func() iter.Seq2[string, error] { return flood(1<<30, &produced, stopped) })
				},
			})
			c := b.connect(t)
			c.stream("1", "Flood", `[]`)
			waitForStandstill(t, &produced)
			stop(c)
			receive(t, stopped)
		})
	}
}

// SEC-01: one client cannot have any number of streams.
func TestStreamLimit(t *testing.T) {
	t.Parallel()
	b := setup(t, options{hub: &signalr.HubOptions{MaximumStreams: 1}, prepare: streams})
	c := b.connect(t)
	c.stream("1", "Forever", `[]`)
	c.want(item("1", "0"))
	c.stream("2", "Forever", `[]`)
	c.want(failure("2", "An unexpected error occurred invoking 'Forever' on the server. HubException: More than 1 streams run on the connection."))
	c.send(`{"type":5,"invocationId":"1"}`)
	c.want(end("1"))
	c.stream("2", "Count", `[0]`)
	c.want(end("2"))
	if got := b.server.Stats().Capped; got != 1 {
		t.Errorf("Capped: %d", got)
	}
}
