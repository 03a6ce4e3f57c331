package signalr_test

import (
	"context"
	"strings"
	"testing"

	"github.com/fanfare-hub/fanfare/signalr"
)

// sending is one message to the waiting client: a group's name, and how.
type sending struct {
	group, text string
	how         signalr.Delivery
}

// waiting is a client that nothing reaches until it polls, with a queue bound.
func waiting(t *testing.T, limit int) (*bundle, *webClient, *client) {
	t.Helper()
	b := setup(t, options{server: &signalr.ServerOptions{QueueLimit: limit}, prepare: func(h *signalr.Hub) {
		room(h)
		h.OnConnected(func(_ context.Context, c *signalr.Caller) error {
			if c.Transport() != signalr.LongPolling {
				return nil
			}
			for _, group := range []string{"a", "b"} {
				if err := c.Join(group); err != nil {
					return err
				}
			}
			return nil
		})
	}})
	c := b.polling(t)
	c.send(`{"type":1,"invocationId":"1","target":"Id","arguments":[]}`) // behind OnConnected
	c.poll(`{"type":3,"invocationId":"1","result":"` + c.id + `"}`)
	return b, c, b.connect(t)
}

// send sends all, and returns when the shard has dealt with them.
func (b *bundle) send(t *testing.T, witness *client, messages ...sending) {
	t.Helper()
	for _, m := range messages {
		target := b.hub.Group(m.group)
		if m.group == "" {
			target = b.hub.AllExcept(witness.id())
		}
		if err := message.To(t.Context(), target.With(m.how), m.text); err != nil {
			t.Fatal(err)
		}
	}
	if err := message.To(t.Context(), b.hub.Client(witness.id()), "sent"); err != nil {
		t.Fatal(err)
	}
	witness.want(said("sent"))
}

// What a Delivery does to messages that wait: order within a key always,
// priority between keys, the newest of neighbours.
func TestDelivery(t *testing.T) {
	t.Parallel()
	urgent, conflate := signalr.Delivery{Urgent: true}, signalr.Delivery{Conflate: true}
	both := signalr.Delivery{Urgent: true, Conflate: true}
	for name, c := range map[string]struct {
		sent []sending
		want string
	}{
		"the order of sending": {[]sending{{group: "a", text: "a1"}, {group: "b", text: "b1"}, {group: "a", text: "a2"}}, "a1 b1 a2"},
		"urgent goes ahead": {
			[]sending{{group: "a", text: "a1"}, {group: "b", text: "b1", how: urgent}, {group: "b", text: "b2"}}, "b1 a1 b2",
		},
		"and takes its key along": {
			[]sending{
				{group: "b", text: "b1"},
				{group: "a", text: "a1"},
				{group: "b", text: "b2"},
				{group: "a", text: "a2", how: urgent},
				{group: "b", text: "b3"},
				{group: "a", text: "a3"},
			},
			"a1 a2 b1 b2 b3 a3",
		},
		"urgent behind urgent": {
			[]sending{{group: "a", text: "a1", how: urgent}, {group: "b", text: "b1", how: urgent}, {group: "a", text: "a2", how: urgent}},
			"a1 b1 a2",
		},
		"a key across groups": {
			[]sending{
				{group: "a", text: "k1", how: signalr.Delivery{Key: "k"}},
				{group: "a", text: "a1"},
				{group: "b", text: "k2", how: signalr.Delivery{Key: "k", Urgent: true}},
			},
			"k1 k2 a1",
		},
		"to all": {
			[]sending{{text: "1", how: conflate}, {group: "a", text: "a1"}, {text: "2", how: conflate}, {text: "3", how: urgent}}, "2 3 a1",
		},
		"neighbours of a key are conflated": {
			[]sending{
				{group: "a", text: "a1", how: conflate},
				{group: "b", text: "b1"},
				{group: "a", text: "a2", how: conflate},
				{group: "b", text: "b2", how: conflate}, // b1 is to stay
				{group: "a", text: "a3", how: conflate},
			},
			"a3 b1 b2",
		},
		"not across a message that stays": {
			[]sending{
				{group: "a", text: "a1", how: conflate},
				{group: "a", text: "a2"},
				{group: "a", text: "a3", how: conflate},
				{group: "a", text: "a4", how: conflate},
			},
			"a1 a2 a4",
		},
		"conflated into an urgent one": {
			[]sending{{group: "b", text: "b1"}, {group: "a", text: "a1", how: conflate}, {group: "a", text: "a2", how: both}}, "a2 b1",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b, client, witness := waiting(t, 0)
			b.send(t, witness, c.sent...)
			var want []string
			for text := range strings.FieldsSeq(c.want) {
				want = append(want, said(text))
			}
			client.poll(want...)
			if got := int(b.server.Stats().Conflated); got != len(c.sent)-len(want) {
				t.Errorf("Conflated: %d, sent %d, came %d", got, len(c.sent), len(want))
			}
		})
	}
}

// A state that takes the place of a shorter one keeps the bound all the same.
func TestConflationKeepsTheBound(t *testing.T) {
	t.Parallel()
	b, _, witness := waiting(t, 4<<10)
	conflate := signalr.Delivery{Conflate: true}
	b.send(t, witness,
		sending{group: "b", text: strings.Repeat("x", 3000)}, sending{"a", "short", conflate},
		sending{"a", strings.Repeat("x", 3000), conflate},
	)
	b.waitOpen(t, 1)
	if s := b.server.Stats(); s.Overflowed != 1 || s.Conflated != 0 {
		t.Errorf("got %+v", s)
	}
}
