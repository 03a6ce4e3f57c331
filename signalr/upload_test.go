package signalr_test

import (
	"context"
	"iter"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/fanfare-hub/fanfare/signalr"
)

func sum(numbers iter.Seq2[int32, error]) (int32, error) {
	var total int32
	for n, err := range numbers {
		if err != nil {
			return 0, err
		}
		total += n
	}
	return total, nil
}

func uploads(h *signalr.Hub) {
	h.Handle("Sum", sum)
	h.Handle("Join", func(first iter.Seq2[string, error], between string, second iter.Seq2[string, error]) string {
		var text strings.Builder
		for s := range first {
			text.WriteString(s)
		}
		text.WriteString(between)
		for s := range second {
			text.WriteString(s)
		}
		return text.String()
	})
	h.Handle("First", func(numbers iter.Seq2[int32, error]) int32 {
		for n := range numbers {
			return n
		}
		return -1
	})
	h.Handle("Double", func(numbers iter.Seq2[int32, error]) iter.Seq2[int32, error] {
		return func(yield func(int32, error) bool) {
			for n, err := range numbers {
				if !yield(2*n, err) {
					return
				}
			}
		}
	})
	h.Handle("Echo", func(s string) string { return s })
}

func upload(id, target, arguments, ids string) string {
	return `{"type":1,"invocationId":"` + id + `","target":"` + target + `","arguments":` + arguments + `,"streamIds":` + ids + `}`
}

func result(id, value string) string {
	return `{"type":3,"invocationId":"` + id + `","result":` + value + `}`
}

const invoking = "An unexpected error occurred invoking '"

// UP-01, UP-02, UP-04, UP-06, UP-07, UP-08, UP-09, UP-12, INV-03, INV-12,
// JSON-19.
func TestUpload(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ send, want []string }{
		"in one frame":   {[]string{upload("1", "Sum", `[]`, `["a"]`), item("a", "1"), item("a", "2"), end("a")}, []string{result("1", "3")}},
		"nothing":        {[]string{upload("1", "Sum", `[]`, `["a"]`), end("a")}, []string{result("1", "0")}},
		"with a result":  {[]string{upload("1", "Sum", `[]`, `["a"]`), item("a", "1"), result("a", "5")}, []string{result("1", "1")}},
		"in turn":        {[]string{upload("1", "Join", `["-"]`, `["a","b"]`), item("b", `"2"`), item("a", `"1"`), end("b"), end("a")}, []string{result("1", `"1-2"`)}},
		"unknown stream": {[]string{item("b", "1"), end("b"), upload("1", "Sum", `[]`, `["a"]`), item("b", "1"), end("a")}, []string{result("1", "0")}},
		"error":          {[]string{upload("1", "Sum", `[]`, `["a"]`), failure("a", "the reason")}, []string{failure("1", invoking+`Sum' on the server. HubException: the reason`)}},
		"wrong item": {
			[]string{upload("1", "Sum", `[]`, `["a"]`), item("a", `"word"`), item("a", "1"), end("a")},
			[]string{failure("1", invoking+`Sum' on the server. HubException: Failed to bind Stream message.`)},
		},
		"too few": {[]string{upload("1", "Join", `["-"]`, `["a"]`)}, []string{failure("1", invoking+`Join' on the server. HubException: Client sent 1 stream(s), Hub method expects 2.`)}},
		"none":    {[]string{upload("1", "Sum", `[]`, `[]`)}, []string{failure("1", invoking+`Sum' on the server. HubException: Client sent 0 stream(s), Hub method expects 1.`)}},
		"twice":   {[]string{upload("1", "Join", `["-"]`, `["a","a"]`)}, []string{failure("1", invoking+`Join' on the server. HubException: Stream ID 'a' is already in use.`)}},
		"id in use": {
			[]string{upload("1", "Sum", `[]`, `["a"]`), upload("2", "Sum", `[]`, `["a"]`)},
			[]string{failure("2", invoking+`Sum' on the server. HubException: Stream ID 'a' is already in use.`)},
		},
		"without id": {[]string{`{"type":1,"target":"Sum","arguments":[],"streamIds":["a"]}`, item("a", "1"), end("a")}, nil},
		"both ways": {
			[]string{`{"type":4,"invocationId":"1","target":"Double","arguments":[],"streamIds":["a"]}`, item("a", "1"), item("a", "2"), end("a")},
			[]string{item("1", "2"), item("1", "4"), end("1")},
		},
		"both ways, cancelled": {
			[]string{`{"type":4,"invocationId":"1","target":"Double","arguments":[],"streamIds":["a"]}`, `{"type":5,"invocationId":"1"}`},
			[]string{end("1")},
		},
		"both ways, error": {
			[]string{`{"type":4,"invocationId":"1","target":"Double","arguments":[],"streamIds":["a"]}`, failure("a", "the reason")},
			[]string{failure("1", "An error occurred on the server while streaming results. HubException: the reason")},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			client := setup(t, options{prepare: uploads}).connect(t)
			client.send(c.send...)
			client.want(c.want...)
			client.invoke("Echo", `["still here"]`, `"result":"still here"`)
		})
	}
}

// UP-06 with details: what the decoder says stands behind them.
func TestUploadWrongItemDetailed(t *testing.T) {
	t.Parallel()
	c := setup(t, options{hub: &signalr.HubOptions{DetailedErrors: true}, prepare: uploads}).connect(t)
	c.send(upload("1", "Sum", `[]`, `["a"]`), item("a", `"word"`))
	got, err := c.next()
	want := `{"type":3,"invocationId":"1","error":"` + invoking + `Sum' on the server. HubException: Failed to bind Stream message. JsonException: `
	if err != nil || !strings.HasPrefix(got, want) {
		t.Errorf("got %s, %v", got, err)
	}
}

// UP-08: when the method returns, what is still sent is for nobody, and holds
// up nothing; its stream's id is free.
func TestUploadLateItems(t *testing.T) {
	t.Parallel()
	c := setup(t, options{hub: &signalr.HubOptions{StreamBufferCapacity: 1}, prepare: uploads}).connect(t)
	c.send(upload("1", "First", `[]`, `["a"]`), item("a", "1"))
	for range 5 {
		c.send(item("a", "2"))
	}
	c.want(result("1", "1"))
	c.send(item("a", "3"), end("a"), upload("2", "Sum", `[]`, `["a"]`), item("a", "4"), end("a"))
	c.want(result("2", "4"))
}

// UP-05, INV-22: what the method does not take holds up its own connection, and
// no other.
func TestUploadFullBuffer(t *testing.T) {
	t.Parallel()
	var open atomic.Bool
	gate := make(chan struct{})
	b := setup(t, options{hub: &signalr.HubOptions{StreamBufferCapacity: 2}, prepare: func(h *signalr.Hub) {
		uploads(h)
		h.Handle("Hold", func(numbers iter.Seq2[int32, error]) (int32, error) {
			<-gate
			return sum(numbers)
		})
		h.Handle("IsOpen", func() bool { return open.Load() })
	}})
	c, other := b.connect(t), b.connect(t)
	c.send(upload("1", "Hold", `[]`, `["a"]`), item("a", "1"), item("a", "2"), item("a", "4"),
		`{"type":1,"invocationId":"2","target":"IsOpen","arguments":[]}`, end("a"))
	for range 100 {
		other.invoke("Echo", `["x"]`, `"result":"x"`)
	}
	open.Store(true)
	close(gate)
	got := map[string]bool{}
	for range 2 {
		record, err := c.next()
		if err != nil {
			t.Fatal(err)
		}
		got[record] = true
	}
	if !got[result("1", "7")] || !got[result("2", "true")] {
		t.Errorf("got %v", got)
	}
}

// UP-10, STR-08: the connection's end ends what is sent on it, after what has
// arrived.
func TestUploadEndsWithConnection(t *testing.T) {
	t.Parallel()
	entered, ended := make(chan struct{}), make(chan error, 2)
	b := setup(t, options{prepare: func(h *signalr.Hub) {
		h.Handle("Read", func(ctx context.Context, numbers iter.Seq2[int32, error]) error {
			for _, err := range numbers {
				if err != nil {
					ended <- err
					ended <- ctx.Err()
					return err
				}
				close(entered)
			}
			return nil
		})
	}})
	c := b.connect(t)
	c.send(upload("1", "Read", `[]`, `["a"]`), item("a", "1"))
	receive(t, entered)
	c.conn.Close()
	if err := receive(t, ended); err.Error() != "The underlying connection was closed." {
		t.Errorf("got %v", err)
	}
	if receive(t, ended) == nil {
		t.Error("the context has not ended")
	}
}

// A stream that outlives its method ends with an error.
func TestUploadOutlivesMethod(t *testing.T) {
	t.Parallel()
	kept := make(chan iter.Seq2[int32, error], 1)
	b := setup(t, options{prepare: func(h *signalr.Hub) {
		h.Handle("Keep", func(numbers iter.Seq2[int32, error]) { kept <- numbers })
	}})
	c := b.connect(t)
	c.send(upload("1", "Keep", `[]`, `["a"]`))
	c.want(result("1", "null"))
	if _, err := sum(receive(t, kept)); err == nil {
		t.Error("no error")
	}
}

// SEC-01: one client cannot send any number of streams, not even ended ones
// whose methods still run.
func TestUploadLimit(t *testing.T) {
	t.Parallel()
	gate := make(chan struct{})
	b := setup(t, options{hub: &signalr.HubOptions{MaximumUploads: 1}, prepare: func(h *signalr.Hub) {
		uploads(h)
		h.Handle("Hold", func(iter.Seq2[int32, error]) { <-gate })
	}})
	c := b.connect(t)
	refused := `' on the server. HubException: More than 1 streams from the client are open on the connection.`
	c.send(upload("1", "Join", `["-"]`, `["a","b"]`))
	c.want(failure("1", invoking+"Join"+refused))
	c.send(upload("2", "Hold", `[]`, `["a"]`), end("a"), upload("3", "Sum", `[]`, `["b"]`))
	c.want(failure("3", invoking+"Sum"+refused))
	close(gate)
	c.want(result("2", "null"))
	c.send(upload("4", "Sum", `[]`, `["b"]`), end("b"))
	c.want(result("4", "0"))
	if got := b.server.Stats().Capped; got != 2 {
		t.Errorf("Capped: %d", got)
	}
}

// UP-11: a stream is never taken from the arguments.
func TestUploadIsNoArgument(t *testing.T) {
	t.Parallel()
	b := setup(t, options{hub: &signalr.HubOptions{DetailedErrors: true}, prepare: uploads})
	c := b.connect(t)
	c.invoke("Sum", `[[1,2]]`, `"error":"Failed to invoke 'Sum' due to an error on the server. `+
		`InvalidDataException: Invocation provides 1 argument(s) but target expects 0."`)
}
