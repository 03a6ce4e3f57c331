package signalr_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/fanfare-hub/fanfare/signalr"
	"github.com/fanfare-hub/fanfare/signalr/hubproto"
)

// step is a state that tells what was left out before it.
type step struct {
	Name   string `json:"name"   msgpack:"name"`
	Prev   uint64 `json:"prev"   msgpack:"prev"`
	Covers int    `json:"covers" msgpack:"covers"`
}

func (s step) Covering(position uint64, messages int) any {
	return step{s.Name, position, messages}
}

const stepped = signalr.Call1[any]("step")

func (s step) record() string {
	return fmt.Sprintf(`{"type":1,"target":"step","arguments":[{"name":"%s","prev":%d,"covers":%d}]}`, s.Name, s.Prev, s.Covers)
}

// steps sends steps to group a: those with an exclamation mark stay, those with
// two are urgent besides.
func (b *bundle) steps(t *testing.T, steps ...step) {
	t.Helper()
	for _, s := range steps {
		how := signalr.Delivery{
			Position: s.Prev, Conflate: !strings.HasSuffix(s.Name, "!"), Urgent: strings.HasSuffix(s.Name, "!!"),
		}
		if err := stepped.To(t.Context(), b.hub.Group("a").With(how), s); err != nil {
			t.Fatal(err)
		}
	}
}

// What waits is conflated into the newest, which tells of it; what stays is
// not, and keeps its place in the chain.
func TestConflatable(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ sent, want []step }{
		"one":   {[]step{{"1", 4, 0}}, []step{{"1", 4, 0}}},
		"two":   {[]step{{"1", 4, 0}, {"2", 7, 0}}, []step{{"2", 4, 1}}},
		"three": {[]step{{"1", 4, 0}, {"2", 7, 0}, {"3", 9, 0}}, []step{{"3", 4, 2}}},
		"not what stays": {
			[]step{{"1", 4, 0}, {"2", 7, 0}, {"end!", 9, 0}, {"4", 11, 0}, {"5", 12, 0}},
			[]step{{"2", 4, 1}, {"end!", 9, 0}, {"5", 11, 1}},
		},
		"in front of what is urgent": {
			[]step{{"1", 4, 0}, {"2", 7, 0}, {"end!!", 9, 0}},
			[]step{{"2", 4, 1}, {"end!!", 9, 0}},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b, client, witness := waiting(t, 0)
			b.steps(t, c.sent...)
			b.send(t, witness)
			var want []string
			for _, s := range c.want {
				want = append(want, s.record())
			}
			client.poll(want...)
		})
	}
}

// counting counts how often a step is encoded, as what comes of it.
func counting(encoded *atomic.Int64) *hubproto.JSONOptions {
	return &hubproto.JSONOptions{Marshal: func(v any) ([]byte, error) {
		if _, ok := v.(step); ok {
			encoded.Add(1)
		}
		return json.Marshal(v)
	}}
}

// A conflated message is encoded once more, however many are in it, when it is
// sent to a client that was slow, and not for the others.
func TestConflatableIsEncodedWhenItIsSent(t *testing.T) {
	t.Parallel()
	var encoded atomic.Int64
	b := setup(t, options{hub: &signalr.HubOptions{JSON: counting(&encoded)}, prepare: func(h *signalr.Hub) {
		room(h)
		h.OnConnected(func(_ context.Context, c *signalr.Caller) error { return c.Join("a") })
	}})
	witness, slow := b.connect(t), b.polling(t)
	slow.send(`{"type":1,"invocationId":"1","target":"Id","arguments":[]}`) // behind OnConnected
	slow.poll(`{"type":3,"invocationId":"1","result":"` + slow.id + `"}`)
	for i := range uint64(10) {
		b.steps(t, step{Name: "s", Prev: i})
		witness.want(step{Name: "s", Prev: i}.record())
	}
	if got := encoded.Load(); got != 10 {
		t.Errorf("encoded %d times before it was sent", got)
	}
	slow.poll(step{"s", 0, 9}.record())
	if got := encoded.Load(); got != 11 {
		t.Errorf("encoded %d times", got)
	}
}

// Over a socket that is full, in MessagePack: its own encoding.
func TestConflatablePacked(t *testing.T) {
	t.Parallel()
	b := setup(t, options{server: &signalr.ServerOptions{QueueLimit: 64 << 20}, prepare: room})
	c := b.connectPacked(t)
	c.call("1", "Join", "a")
	c.wantPacked(3, map[string]any{}, "1", 3, nil)
	flood := strings.Repeat("x", 16<<20)
	if err := message.To(t.Context(), b.hub.All(), flood); err != nil {
		t.Fatal(err)
	}
	b.steps(t, step{"1", 4, 0}, step{"2", 7, 0}, step{"3", 9, 0}, step{"end!", 11, 0})
	waitFor(t, func() bool { return b.server.Stats().Conflated == 2 })
	c.wantPacked(1, map[string]any{}, nil, "message", []any{flood}, []any{})
	c.wantPacked(1, map[string]any{}, nil, "step", []any{map[string]any{"name": "3", "prev": 4, "covers": 2}}, []any{})
	c.wantPacked(1, map[string]any{}, nil, "step", []any{map[string]any{"name": "end!", "prev": 11, "covers": 0}}, []any{})
}

// What has a number is never conflated; what waits for an Ack is, until it gets
// one, and then comes again as it was.
func TestConflatableStateful(t *testing.T) {
	t.Parallel()
	b, _ := resumable(t, &signalr.ServerOptions{TickInterval: time.Hour}, &signalr.HubOptions{StatefulReconnectBufferSize: 1})
	c, query := b.stateful(t)
	c.invoke("Join", `["a"]`, void) // number 1 fills the buffer
	c.send(ack(1))
	b.steps(t, step{"1", 4, 0})
	c.want(step{"1", 4, 0}.record()) // number 2 does again
	b.steps(t, step{"2", 7, 0}, step{"3", 9, 0})
	waitFor(t, func() bool { return b.server.Stats().Conflated == 1 })
	c.conn.Close()
	b.steps(t, step{"4", 11, 0})
	waitFor(t, func() bool { return b.server.Stats().Conflated == 2 })
	c = b.dial(t, query)
	c.send(sequence(2))
	c.want(sequence(2), step{"1", 4, 0}.record())
	c.send(ack(2))
	c.want(step{"4", 7, 2}.record()) // number 3
	b.steps(t, step{"5", 12, 0})
	c.conn.Close()
	c = b.dial(t, query)
	c.send(sequence(2))
	c.want(sequence(3), step{"4", 7, 2}.record())
	c.send(ack(3))
	c.want(step{"5", 12, 0}.record())
}

// broken is an argument that cannot tell of others.
type broken struct {
	how func() any
}

func (b broken) Covering(uint64, int) any { return b.how() }

func (broken) MarshalJSON() ([]byte, error) { return []byte(`"the newest"`), nil }

// Unreadable cannot be encoded.
type unreadable struct{}

func (unreadable) MarshalJSON() ([]byte, error) { return nil, errors.New("not to be encoded") }

// Where the newest cannot be encoded anew it is sent as it is, and the log says
// so; a panic does not end the process.
func TestConflatableThatFails(t *testing.T) {
	t.Parallel()
	for name, how := range map[string]func() any{
		"not to be encoded": func() any { return unreadable{} },
		"it panicked":       func() any { panic("it panicked") },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			log := &record{}
			b := setup(t, options{hub: &signalr.HubOptions{Logger: slog.New(slog.NewTextHandler(log, nil))}, prepare: room})
			c, witness := b.polling(t), b.connect(t)
			for range 2 {
				target := b.hub.Client(c.id).With(signalr.Delivery{Conflate: true})
				if err := stepped.To(t.Context(), target, broken{how}); err != nil {
					t.Fatal(err)
				}
			}
			b.send(t, witness)
			c.poll(`{"type":1,"target":"step","arguments":["the newest"]}`)
			if !strings.Contains(log.String(), name) {
				t.Errorf("the log says %q", log)
			}
		})
	}
}
