package signalr_test

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"testing"

	"github.com/fanfare-hub/fanfare/signalr"
)

type invalidOperationError string

func (e invalidOperationError) Error() string   { return string(e) }
func (invalidOperationError) ErrorName() string { return "InvalidOperationException" }

func methods(h *signalr.Hub) {
	h.Handle("Echo", func(s string) string { return s })
	h.Handle("Add", func(_ context.Context, a, b int32) (int32, error) { return a + b, nil })
	h.Handle("Nothing", func() {})
	h.Handle("Null", func() *string { return nil })
	h.Handle("Throw", func() error { return invalidOperationError("secret detail") })
	h.Handle("ThrowPlain", func() (string, error) { return "", errors.New("plain") })
	h.Handle("ThrowHub", func() error { return fmt.Errorf("wrapped: %w", signalr.HubError("for the client")) })
	h.Handle("Panic", func() { panic("at the disco") })
	h.Handle("Unserializable", func() any { return func() {} })
	h.Handle("Forbidden", func(string) {}, signalr.Authorize(
		func(_ context.Context, c *signalr.Caller, args []any) error {
			if c.ConnectionID() != "" && args[0] == "please" {
				return nil
			}
			return errors.New("nobody may")
		}))
}

// INV-01, INV-05, INV-13, INV-15, INV-16, INV-17, JSON-18: results and error
// texts.
func TestInvocationResults(t *testing.T) {
	t.Parallel()
	const unexpected = `An unexpected error occurred invoking '%s' on the server.`
	bind := `Failed to invoke '%s' due to an error on the server.`
	for _, c := range []struct{ name, target, arguments, want, detail string }{
		{"INV-01 any case", "eCHO", `["x"]`, `"result":"x"`, ""},
		{"JSON-15", "Add", `[1,2]`, `"result":3`, ""},
		{"JSON-16 void", "Nothing", `[]`, `"result":null`, ""},
		{"JSON-16 null", "Null", `[]`, `"result":null`, ""},
		{"INV-06", "NoSuch", `[]`, fmt.Sprintf(bind, "NoSuch") + ` HubException: Method does not exist.`, ""},
		{"INV-07 many", "echo", `["a","b"]`, fmt.Sprintf(bind, "Echo"), ` InvalidDataException: Invocation provides 2 argument(s) but target expects 1.`},
		{"INV-07 few", "Add", `[1]`, fmt.Sprintf(bind, "Add"), ` InvalidDataException: Invocation provides 1 argument(s) but target expects 2.`},
		{"INV-08", "Add", `[1,"2"]`, fmt.Sprintf(bind, "Add"), ` InvalidDataException: Error binding arguments. Make sure that the types of the provided values match the types of the hub method being invoked.`},
		{"INV-10", "Forbidden", `["now"]`, `Failed to invoke 'Forbidden' because user is unauthorized`, ""},
		{"INV-10 allowed", "Forbidden", `["please"]`, `"result":null`, ""},
		{"INV-13", "Throw", `[]`, fmt.Sprintf(unexpected, "Throw"), ` InvalidOperationException: secret detail`},
		{"INV-14 type name", "ThrowPlain", `[]`, fmt.Sprintf(unexpected, "ThrowPlain"), ` errorString: plain`},
		{"INV-13 hub", "ThrowHub", `[]`, fmt.Sprintf(unexpected, "ThrowHub") + ` HubException: for the client`, ""},
		{"INV-14 panic", "Panic", `[]`, fmt.Sprintf(unexpected, "Panic"), ` errorString: panic: at the disco`},
	} {
		for _, detailed := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s %v", c.name, detailed), func(t *testing.T) {
				t.Parallel()
				b := setup(t, options{hub: &signalr.HubOptions{DetailedErrors: detailed}, prepare: methods})
				want := c.want
				if detailed {
					want += c.detail
				}
				if want[0] != '"' {
					want = `"error":"` + want + `"`
				}
				client := b.connect(t)
				client.invoke(c.target, c.arguments, want)
				client.invoke("Echo", `["still here"]`, `"result":"still here"`) // INV-05
			})
		}
	}
}

// INV-05, INV-11, INV-12, INV-17, UP-07, SR-15, JSON-05.
func TestInvocationKinds(t *testing.T) {
	t.Parallel()
	b := setup(t, options{prepare: methods})
	c := b.connect(t)
	c.send(
		`{"type":1,"target":"NoSuch","arguments":[]}`,
		`{"type":1,"target":"Throw","arguments":[]}`,
		`{"type":1,"invocationId":"","target":"Echo","arguments":[1]}`,
		`{"type":2,"invocationId":"nobody","item":1}`, `{"type":3,"invocationId":"nobody"}`, `{"type":5,"invocationId":"nobody"}`,
		`{"type":6}`, `{"type":8,"sequenceId":1}`, `{"type":9,"sequenceId":1}`, `{"type":99}`,
	)
	c.send(`{"type":4,"invocationId":"1","target":"Nothing","arguments":[]}`)
	c.want(`{"type":3,"invocationId":"1","error":"The client attempted to invoke the non-streaming 'Nothing' method with a streaming invocation."}`)
	c.send(`{"type":1,"invocationId":"2","target":"Nothing","arguments":[],"streamIds":["a","b"]}`)
	c.want(`{"type":3,"invocationId":"2","error":"An unexpected error occurred invoking 'Nothing' on the server. HubException: Client sent 2 stream(s), Hub method expects 0."}`)
}

// INV-25: a result that cannot be encoded ends the connection, with its error.
func TestUnserializableResult(t *testing.T) {
	t.Parallel()
	ended := make(chan error, 1)
	b := setup(t, options{prepare: func(h *signalr.Hub) {
		methods(h)
		h.OnDisconnected(func(_ context.Context, _ *signalr.Caller, err error) error {
			ended <- err
			return nil
		})
	}})
	c := b.connect(t)
	c.send(`{"type":1,"invocationId":"1","target":"Unserializable","arguments":[]}`)
	c.want(`{"type":7,"error":"Connection closed with an error.","allowReconnect":true}`)
	c.wantClosed()
	if err := receive(t, ended); err == nil {
		t.Error("OnDisconnected got no error")
	}
}

// gates registers a method that waits until it is let go.
type gates struct {
	entered chan string
	leave   chan struct{}
}

func newGates() *gates { return &gates{make(chan string, 10), make(chan struct{})} }

func (g *gates) register(h *signalr.Hub) {
	h.Handle("Wait", func(ctx context.Context, name string) string {
		g.entered <- name
		select {
		case <-g.leave:
		case <-ctx.Done():
		}
		return name
	})
	h.Handle("Echo", func(s string) string { return s })
}

// INV-18, INV-19, INV-22: one at a time, in order, for each connection.
func TestInvocationsInOrder(t *testing.T) {
	t.Parallel()
	g := newGates()
	b := setup(t, options{prepare: g.register})
	c, other := b.connect(t), b.connect(t)
	c.send(
		`{"type":1,"invocationId":"1","target":"Wait","arguments":["a"]}`,
		`{"type":1,"invocationId":"2","target":"Wait","arguments":["b"]}`,
		`{"type":1,"invocationId":"3","target":"NoSuch","arguments":[]}`, // waits behind it
	)
	if got := receive(t, g.entered); got != "a" {
		t.Errorf("entered %s", got)
	}
	other.invoke("Echo", `["x"]`, `"result":"x"`)
	if len(g.entered) > 0 {
		t.Error("the second invocation did not wait")
	}
	g.leave <- struct{}{}
	c.want(`{"type":3,"invocationId":"1","result":"a"}`)
	receive(t, g.entered)
	close(g.leave)
	c.want(`{"type":3,"invocationId":"2","result":"b"}`,
		`{"type":3,"invocationId":"3","error":"Failed to invoke 'NoSuch' due to an error on the server. HubException: Method does not exist."}`)
}

// INV-21: with two slots two run, and the third waits.
func TestInvocationsInParallel(t *testing.T) {
	t.Parallel()
	g := newGates()
	b := setup(t, options{hub: &signalr.HubOptions{MaximumParallelInvocations: 2}, prepare: g.register})
	c := b.connect(t)
	for _, name := range []string{"a", "b", "c"} {
		c.send(`{"type":1,"invocationId":"` + name + `","target":"Wait","arguments":["` + name + `"]}`)
	}
	receive(t, g.entered)
	receive(t, g.entered)
	g.leave <- struct{}{}
	if got := receive(t, g.entered); got != "c" {
		t.Errorf("entered %s", got)
	}
	close(g.leave)
}

// INV-02, INV-14: a wrong registration says what is wrong with it.
func TestHandleRefuses(t *testing.T) {
	t.Parallel()
	h := signalr.NewHub(nil)
	h.Handle("Taken", func() {})
	for want, register := range map[string]func(){
		`signalr: duplicate definitions of "taken": overloading is not supported`:                 func() { h.Handle("taken", func() {}) },
		"signalr: handle: a method needs a name":                                                  func() { h.Handle("", func() {}) },
		"signalr: handle X: string is not a function":                                             func() { h.Handle("X", "no") },
		"signalr: handle X: a variadic function has no fixed number of arguments":                 func() { h.Handle("X", func(...int) {}) },
		"signalr: handle X: it must return nothing, an error, a result, or a result and an error": func() { h.Handle("X", func() (int, int) { return 0, 0 }) },
		"signalr: handle X: parameter 2: context.Context must stand before the arguments, the context first": func() {
			h.Handle("X", func(*signalr.Caller, context.Context) {})
		},
		"signalr: handle X: parameter 1: a chan int cannot be sent": func() { h.Handle("X", func(chan int) {}) },
		"signalr: handle X: result: a iter.Seq[int] cannot be sent": func() { h.Handle("X", func() iter.Seq[int] { return nil }) },
	} {
		if got := panicOf(register); got != want {
			t.Errorf("got  %v\nwant %s", got, want)
		}
	}
	if got := h.Methods(); len(got) != 1 || got[0] != "Taken" {
		t.Errorf("Methods: %v", got)
	}
}
