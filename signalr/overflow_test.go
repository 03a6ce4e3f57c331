package signalr_test

import (
	"context"
	"strings"
	"testing"

	"github.com/fanfare-hub/fanfare/signalr"
)

// overflow wants the next one to be of that connection's group a.
func (b *bundle) overflow(t *testing.T, id string) signalr.Overflow {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	got, err := b.hub.NextOverflow(ctx)
	if err != nil || got.Caller.ConnectionID() != id || got.Key != "a" {
		t.Fatalf("NextOverflow: %+v, %v; want a of %s", got, err, id)
	}
	return got
}

// A key that overflows and is logged loses what waits of it, and nobody else
// anything; it goes on when it is resumed.
func TestOverflowOfWhatIsLogged(t *testing.T) {
	t.Parallel()
	b, c, witness := waiting(t, 4<<10)
	logged, large := signalr.Delivery{Logged: true}, strings.Repeat("x", 1000)
	b.send(t, witness,
		sending{group: "b", text: "b1"},
		sending{"a", "a1" + large, logged}, sending{"a", "a2" + large, logged}, sending{"a", "a3" + large, logged},
		sending{"a", "a4" + large, logged}, // one too many
		sending{"a", "a5", logged},
		sending{group: "b", text: "b2"},
	)
	got := b.overflow(t, c.id)
	c.poll(said("b1"), said("b2"))
	b.send(t, witness, sending{"a", "a6", logged})
	if err := got.Caller.Forget(got.Key); err != nil {
		t.Fatal(err)
	}
	b.send(t, witness, sending{"a", "a7", logged})
	c.poll(said("a7"))
	if s := b.server.Stats(); s.Skipped != 6 || s.Overflowed != 0 {
		t.Errorf("got %+v", s)
	}
	stopped, stop := context.WithCancel(t.Context())
	stop()
	if _, err := b.hub.NextOverflow(stopped); err == nil {
		t.Error("another overflow")
	}
}

// What is neither logged nor taken ends the connection, whatever else waits.
func TestOverflowOfOthers(t *testing.T) {
	t.Parallel()
	b, _, witness := waiting(t, 4<<10)
	large := strings.Repeat("x", 3000)
	b.send(t, witness, sending{"a", large, signalr.Delivery{Logged: true}}, sending{group: "b", text: large})
	b.waitOpen(t, 1)
	if s := b.server.Stats(); s.Overflowed != 1 {
		t.Errorf("got %+v", s)
	}
}

// Where a receiver stands: the Position of the oldest message that it does not
// get, of one that was conflated that of the oldest in it.
func TestOverflowAfter(t *testing.T) {
	t.Parallel()
	logged := func(position uint64) signalr.Delivery { return signalr.Delivery{Logged: true, Position: position} }
	state := func(position uint64) signalr.Delivery {
		return signalr.Delivery{Logged: true, Conflate: true, Position: position}
	}
	large := strings.Repeat("x", 3800)
	for name, c := range map[string]struct {
		sent []sending
		want uint64
	}{
		"the oldest that waits": {[]sending{{"a", "1", logged(10)}, {"a", "2", logged(11)}, {"a", large, logged(12)}}, 10},
		"nothing waits":         {[]sending{{"b", large, signalr.Delivery{}}, {"a", large, logged(12)}}, 12},
		"what was conflated":    {[]sending{{"a", "1", state(10)}, {"a", "2", state(11)}, {"a", large, logged(12)}}, 10},
		"too long a state":      {[]sending{{"b", "1", signalr.Delivery{}}, {"a", "1", state(10)}, {"a", large, state(11)}}, 10},
		"urgent ones are older": {
			[]sending{
				{"a", "1", logged(10)},
				{"a", "2", signalr.Delivery{Logged: true, Urgent: true, Position: 11}},
				{"a", large, logged(12)},
			},
			10,
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b, client, witness := waiting(t, 4<<10)
			b.send(t, witness, c.sent...)
			if got := b.overflow(t, client.id); got.After != c.want {
				t.Errorf("After is %d, want %d", got.After, c.want)
			}
		})
	}
}

// An overflow that is over, and one of a connection that has ended, is not told.
func TestOverflowIsNotToldInVain(t *testing.T) {
	t.Parallel()
	b, gone, witness := waiting(t, 4<<10)
	lives := b.polling(t)
	lives.send(`{"type":1,"invocationId":"1","target":"Id","arguments":[]}`)
	lives.poll(`{"type":3,"invocationId":"1","result":"` + lives.id + `"}`)
	overflow := func(position uint64) {
		how := signalr.Delivery{Logged: true, Position: position}
		b.send(t, witness, sending{"a", strings.Repeat("x", 2500), how}, sending{"a", strings.Repeat("x", 2500), how})
	}
	overflow(1)
	first, second := b.overflow(t, gone.id), b.overflow(t, lives.id)
	for _, o := range []signalr.Overflow{first, second} {
		if err := o.Caller.Forget("a"); err != nil {
			t.Fatal(err)
		}
	}
	overflow(2)
	if err := second.Caller.Forget("a"); err != nil { // before anybody was told
		t.Fatal(err)
	}
	overflow(3)
	first.Caller.Abort()
	if got := b.overflow(t, lives.id); got.After != 3 {
		t.Errorf("After is %d, want 3", got.After)
	}
	stopped, stop := context.WithCancel(t.Context())
	stop()
	if got, err := b.hub.NextOverflow(stopped); err == nil {
		t.Errorf("another overflow: %+v", got)
	}
}

// What waits of a key that is forgotten is dropped, and an earlier overflow of
// it does not stand any more, from the call on.
func TestForget(t *testing.T) {
	t.Parallel()
	b, client, witness := waiting(t, 4<<10)
	logged := func(position uint64) signalr.Delivery { return signalr.Delivery{Logged: true, Position: position} }
	large := strings.Repeat("x", 2500)
	b.send(t, witness, sending{"a", large, logged(1)}, sending{"a", large, logged(2)}, sending{"b", "first", logged(1)})
	o := b.overflow(t, client.id)
	if o.After != 1 || !o.Stands() {
		t.Fatalf("got %+v", o)
	}
	if err := o.Caller.Forget("a"); err != nil {
		t.Fatal(err)
	}
	if o.Stands() {
		t.Error("it stands")
	}
	b.send(t, witness, sending{"a", "forgotten", logged(7)})
	if err := o.Caller.Forget("a"); err != nil {
		t.Fatal(err)
	}
	b.send(t, witness, sending{"a", large, logged(20)}, sending{"a", large, logged(21)})
	if again := b.overflow(t, client.id); again.After != 20 || o.Stands() || !again.Stands() {
		t.Errorf("got %+v, want it after 20", again)
	}
}
