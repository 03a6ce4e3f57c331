package signalr_test

import (
	"context"
	"errors"
	"iter"
	"strings"
	"testing"
	"time"

	"github.com/fanfare-hub/fanfare/signalr"
)

const (
	askAnswer = signalr.Ask1[string, string]("answer")
	askNumber = signalr.Ask0[int32]("number")
)

func questions(h *signalr.Hub) {
	h.Handle("AskMe", func(ctx context.Context, c *signalr.Caller, text string) (string, error) {
		return askAnswer.From(ctx, c.Self(), text)
	})
	h.Handle("AskNumber", func(ctx context.Context, c *signalr.Caller) (int32, error) { return askNumber.From(ctx, c.Self()) })
	h.Handle("AskOther", func(ctx context.Context, id string) (string, error) { return askAnswer.From(ctx, h.Client(id), "who?") })
	h.Handle("Id", func(c *signalr.Caller) string { return c.ConnectionID() })
	h.Handle("Echo", func(s string) string { return s })
}

// ask calls a method by which the client is asked.
func (c *client) ask(id, target, arguments string) {
	c.t.Helper()
	c.send(`{"type":1,"invocationId":"` + id + `","target":"` + target + `","arguments":` + arguments + `}`)
}

func question(id, text string) string {
	return `{"type":1,"invocationId":"` + id + `","target":"answer","arguments":["` + text + `"]}`
}

// CR-01, CR-03, CR-04, CR-05, CR-12, JSON-12, JSON-19: what an answer means.
func TestAskAnswers(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ target, arguments, asked, answer, want string }{
		"result":    {"AskMe", `["how?"]`, question("s1", "how?"), `"result":"well"`, `"result":"well"`},
		"null":      {"AskMe", `["how?"]`, question("s1", "how?"), `"result":null`, `"result":""`},
		"error":     {"AskMe", `["how?"]`, question("s1", "how?"), `"error":"the reason"`, `"error":"` + invoking + `AskMe' on the server. HubException: the reason"`},
		"no result": {"AskMe", `["how?"]`, question("s1", "how?"), `"headers":{}`, `"error":"` + invoking + `AskMe' on the server. HubException: Exception of type 'Microsoft.AspNetCore.SignalR.HubException' was thrown."`},
		"number":    {"AskNumber", `[]`, `{"type":1,"invocationId":"s1","target":"number","arguments":[]}`, `"result":7`, `"result":7`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			client := setup(t, options{prepare: questions}).connect(t)
			client.ask("1", c.target, c.arguments)
			client.want(c.asked)
			client.send(`{"type":3,"invocationId":"s1",`+c.answer+`}`, `{"type":3,"invocationId":"s1","result":"second"}`)
			client.want(`{"type":3,"invocationId":"1",` + c.want + `}`)
			client.invoke("Echo", `["still here"]`, `"result":"still here"`)
		})
	}
}

// CR-04: the type is named as .NET names it.
func TestAskWrongType(t *testing.T) {
	t.Parallel()
	c := setup(t, options{prepare: questions}).connect(t)
	c.ask("1", "AskNumber", `[]`)
	c.want(`{"type":1,"invocationId":"s1","target":"number","arguments":[]}`)
	c.send(result("s1", `"word"`))
	got, err := c.next()
	want := `{"type":3,"invocationId":"1","error":"` + invoking + `AskNumber' on the server. HubException: Error trying to deserialize result to Int32. `
	if err != nil || !strings.HasPrefix(got, want) {
		t.Errorf("got %s, %v", got, err)
	}
}

// CR-09, INV-18: who asks frees its slot, once; afterwards there is one as before.
func TestAskFreesTheSlot(t *testing.T) {
	t.Parallel()
	g := newGates()
	c := setup(t, options{prepare: func(h *signalr.Hub) {
		g.register(h)
		h.Handle("AskTwice", func(ctx context.Context, c *signalr.Caller) (string, error) {
			first, err := askAnswer.From(ctx, c.Self(), "one")
			if err != nil {
				return "", err
			}
			second, err := askAnswer.From(ctx, c.Self(), "two")
			return first + second, err
		})
	}}).connect(t)
	c.ask("1", "AskTwice", `[]`)
	c.want(question("s1", "one"))
	c.invoke("Echo", `["between"]`, `"result":"between"`)
	c.send(result("s1", `"a"`))
	c.want(question("s2", "two"))
	c.send(result("s2", `"b"`))
	c.want(result("1", `"ab"`))
	c.ask("2", "Wait", `["first"]`)
	c.ask("3", "Wait", `["second"]`)
	c.ask("4", "Echo", `["third"]`)
	if got := receive(t, g.entered); got != "first" {
		t.Errorf("entered %s", got)
	}
	if len(g.entered) > 0 {
		t.Error("the second did not wait")
	}
	close(g.leave)
	c.want(result("2", `"first"`), result("3", `"second"`), result("4", `"third"`))
}

// CR-06: nobody has that id, whatever the number of shards; it leaves before
// it answers.
func TestAskNobody(t *testing.T) {
	t.Parallel()
	b := setup(t, options{server: &signalr.ServerOptions{Shards: 3}, prepare: questions})
	c, other := b.connect(t), b.connect(t)
	_, err := askAnswer.From(t.Context(), b.hub.Client("nobody"), "who?")
	if err == nil || err.Error() != "Connection 'nobody' does not exist." {
		t.Errorf("got %v", err)
	}
	id := other.id()
	c.ask("1", "AskOther", `["`+id+`"]`)
	other.want(question("s2", "who?"))
	other.conn.Close()
	c.want(failure("1", invoking+"AskOther' on the server."))
	c.ask("2", "AskOther", `["nobody"]`)
	c.want(failure("2", invoking+"AskOther' on the server."))
	if _, err := signalr.Ask[int](t.Context(), signalr.NewHub(nil).Client("x"), "number"); err == nil {
		t.Error("an unmapped hub has connections")
	}
}

// CR-02, CR-13: from outside a hub, of exactly one connection.
func TestAskFromOutside(t *testing.T) {
	t.Parallel()
	b := setup(t, options{prepare: questions})
	c := b.connect(t)
	id := c.id()
	got := make(chan string, 1)
	go func() {
		text, err := signalr.Ask[string](t.Context(), b.hub.Client(id), "answer", "who?")
		got <- text + errorText(err)
	}()
	c.want(question("s1", "who?"))
	c.send(result("s1", `"me"`))
	if text := receive(t, got); text != "me" {
		t.Errorf("got %s", text)
	}
	for name, target := range map[string]signalr.Target{
		"all": b.hub.All(), "group": b.hub.Group("g"), "user": b.hub.User("u"), "two": b.hub.Clients(id, "x"),
	} {
		if _, err := askAnswer.From(t.Context(), target, "who?"); err == nil {
			t.Errorf("%s could be asked", name)
		}
	}
}

func errorText(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}

// CR-07, CR-08: no answer in time. The late one changes nothing.
func TestAskCanceled(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		limit time.Duration
		by    func(context.Context) (context.Context, context.CancelFunc)
		want  error
	}{
		"canceled": {0, func(ctx context.Context) (context.Context, context.CancelFunc) {
			ctx, cancel := context.WithCancel(ctx)
			time.AfterFunc(time.Millisecond, cancel)
			return ctx, cancel
		}, context.Canceled},
		"option": {20 * time.Millisecond, context.WithCancel, context.DeadlineExceeded},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			errs := make(chan error, 1)
			b := setup(t, options{
				hub: &signalr.HubOptions{ClientResultTimeout: c.limit},
				prepare: func(h *signalr.Hub) {
					questions(h)
					h.Handle("AskBriefly", func(ctx context.Context, caller *signalr.Caller) error {
						ctx, cancel := c.by(ctx)
						defer cancel()
						_, err := askAnswer.From(ctx, caller.Self(), "quick?")
						errs <- err
						return err
					})
				},
			})
			client := b.connect(t)
			client.ask("1", "AskBriefly", `[]`)
			if err := receive(t, errs); !errors.Is(err, c.want) {
				t.Errorf("got %v", err)
			}
			completion, err := client.next()
			if completion == question("s1", "quick?") { // not if it ended before it was sent
				completion, err = client.next()
			}
			if want := failure("1", invoking+"AskBriefly' on the server. HubException: Invocation canceled by the server."); completion != want || err != nil {
				t.Errorf("got %s, %v", completion, err)
			}
			client.send(result("s1", `"late"`))
			client.invoke("Echo", `["still here"]`, `"result":"still here"`)
		})
	}
}

// CR-10: in OnConnected nobody reads the answer; in OnDisconnected nobody gives one.
func TestAskInEvents(t *testing.T) {
	t.Parallel()
	errs := make(chan error, 2)
	b := setup(t, options{prepare: func(h *signalr.Hub) {
		h.OnConnected(func(ctx context.Context, c *signalr.Caller) error {
			_, err := askAnswer.From(ctx, c.Self(), "who?")
			errs <- err
			return nil
		})
		h.OnDisconnected(func(ctx context.Context, c *signalr.Caller, _ error) error {
			_, err := askAnswer.From(ctx, c.Self(), "why?")
			errs <- err
			return nil
		})
		questions(h)
	}})
	c := b.connect(t)
	if got := receive(t, errs); got == nil || got.Error() != "Client results inside OnConnectedAsync Hub methods are not allowed." {
		t.Errorf("OnConnected got %v", got)
	}
	id := c.id()
	c.conn.Close()
	if got := receive(t, errs); got == nil || got.Error() != "Connection '"+id+"' disconnected." {
		t.Errorf("OnDisconnected got %v", got)
	}
}

// CR-11: who answers for another is closed; the real client can still answer.
func TestAskForgedAnswer(t *testing.T) {
	t.Parallel()
	ended := make(chan error, 2)
	b := setup(t, options{prepare: func(h *signalr.Hub) {
		questions(h)
		h.OnDisconnected(func(_ context.Context, _ *signalr.Caller, err error) error {
			ended <- err
			return nil
		})
	}})
	c, forger := b.connect(t), b.connect(t)
	id := forger.id()
	c.ask("1", "AskMe", `["how?"]`)
	c.want(question("s1", "how?"))
	forger.send(result("s1", `"forged"`))
	forger.want(failedClose)
	forger.wantClosed()
	if err := receive(t, ended); err == nil || err.Error() != "Connection ID '"+id+"' is not valid for invocation ID 's1'." {
		t.Errorf("got %v", err)
	}
	c.send(result("s1", `"real"`))
	c.want(result("1", `"real"`))
}

// CR-12, UP-03: an upload's id comes first.
func TestAskAndUploadOfOneID(t *testing.T) {
	t.Parallel()
	c := setup(t, options{prepare: func(h *signalr.Hub) {
		questions(h)
		h.Handle("Sum", sum)
	}}).connect(t)
	c.send(upload("1", "Sum", `[]`, `["s1"]`))
	c.ask("2", "AskMe", `["how?"]`)
	c.want(question("s1", "how?"))
	c.send(end("s1"))
	c.want(result("1", "0"))
	c.send(result("s1", `"well"`))
	c.want(result("2", `"well"`))
}

// CR-13: a stream, an upload and what outlives a call may ask too.
func TestAskInStreams(t *testing.T) {
	t.Parallel()
	c := setup(t, options{prepare: func(h *signalr.Hub) {
		h.Handle("Stream", func(ctx context.Context, c *signalr.Caller) iter.Seq2[string, error] {
			return func(yield func(string, error) bool) { yield(askAnswer.From(ctx, c.Self(), "stream?")) }
		})
		h.Handle("Upload", func(ctx context.Context, c *signalr.Caller, _ iter.Seq2[int, error]) (string, error) {
			return askAnswer.From(ctx, c.Self(), "upload?")
		})
		h.Handle("Later", func(ctx context.Context, c *signalr.Caller) {
			go askAnswer.From(ctx, c.Self(), "later?")
		})
	}}).connect(t)
	c.stream("1", "Stream", `[]`)
	c.want(question("s1", "stream?"))
	c.send(result("s1", `"yes"`))
	c.want(item("1", `"yes"`), end("1"))
	c.send(upload("2", "Upload", `[]`, `["u"]`))
	c.want(question("s2", "upload?"))
	c.send(result("s2", `"yes"`))
	c.want(result("2", `"yes"`))
	c.ask("", "Later", `[]`)
	c.want(question("s3", "later?"))
	c.send(result("s3", `"yes"`))
}

// SEC-01: one client cannot owe any number of results.
func TestAskLimit(t *testing.T) {
	t.Parallel()
	b := setup(t, options{hub: &signalr.HubOptions{MaximumClientResults: 1, DetailedErrors: true}, prepare: questions})
	c := b.connect(t)
	id := c.id()
	c.ask("1", "AskMe", `["one"]`)
	c.want(question("s1", "one"))
	c.ask("2", "AskMe", `["two"]`)
	c.want(failure("2", invoking+"AskMe' on the server. InvalidOperationException: Connection '"+id+"' already owes 1 results."))
	c.send(result("s1", `"a"`))
	c.want(result("1", `"a"`))
	c.ask("3", "AskMe", `["three"]`)
	c.want(question("s3", "three"))
	c.send(result("s3", `"b"`))
	c.want(result("3", `"b"`))
	if got := b.server.Stats().Capped; got != 1 {
		t.Errorf("Capped: %d", got)
	}
}
