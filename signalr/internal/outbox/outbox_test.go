package outbox_test

import (
	"errors"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/fanfare-hub/fanfare/signalr/internal/outbox"
)

// SR-04, SR-06, SR-10: what is not acknowledged is kept, in order.
func TestOutboxKeepsWhatIsNotAcknowledged(t *testing.T) {
	t.Parallel()
	o := outbox.New(0)
	for _, text := range []string{"a", "b", "c", "d"} {
		o.Add([]byte(text))
	}
	cases := []struct {
		ack  int64
		next int64
		kept string
	}{
		{0, 1, "abcd"},
		{2, 3, "cd"},
		{2, 3, "cd"},  // again
		{1, 3, "cd"},  // older
		{-5, 3, "cd"}, // nonsense
		{math.MinInt64, 3, "cd"},
		{math.MaxInt64, 3, "cd"},
		{9, 3, "cd"}, // beyond what was sent
		{4, 5, ""},
	}
	for _, c := range cases {
		o.Ack(c.ack)
		var kept []byte
		for m := range o.Unacknowledged() {
			kept = append(kept, m...)
		}
		if o.Next() != c.next || string(kept) != c.kept || o.Bytes() != len(c.kept) {
			t.Errorf("after Ack(%d): next %d, kept %q, %d bytes; want %d, %q", c.ack, o.Next(), kept, o.Bytes(), c.next, c.kept)
		}
	}
}

// SR-07: one message above the limit still fits; the next has to wait.
func TestOutboxIsFullAboveItsLimit(t *testing.T) {
	t.Parallel()
	o := outbox.New(10)
	o.Add(make([]byte, 10))
	if o.Full() {
		t.Error("full at its limit")
	}
	o.Add(make([]byte, 100))
	if !o.Full() {
		t.Error("not full above its limit")
	}
	o.Ack(1)
	if !o.Full() {
		t.Error("not full with one message above its limit")
	}
	o.Ack(2)
	if o.Full() {
		t.Error("full without messages")
	}
}

// SR-12, SR-13: what comes again is known, what is missing too.
func TestInboxKnowsWhatComesAgain(t *testing.T) {
	t.Parallel()
	var in outbox.Inbox
	for range 3 {
		if !in.Receive() {
			t.Fatal("a new message is not fresh")
		}
	}
	if err := in.Sequence(5); !errors.Is(err, outbox.ErrSequence) {
		t.Errorf("Sequence(5) after 3 messages: %v", err)
	}
	if err := in.Sequence(2); err != nil {
		t.Fatal(err)
	}
	var fresh []bool
	for range 3 {
		fresh = append(fresh, in.Receive())
	}
	if want := []bool{false, false, true}; !slices.Equal(fresh, want) {
		t.Errorf("fresh: %v, want %v", fresh, want)
	}
}

// SR-05: an Ack is due once for all that came.
func TestInboxAcknowledgesOnce(t *testing.T) {
	t.Parallel()
	var in outbox.Inbox
	if _, due := in.Due(); due {
		t.Error("an Ack is due for nothing")
	}
	in.Receive()
	in.Receive()
	if n, due := in.Due(); !due || n != 2 {
		t.Errorf("Due() = %d, %v; want 2, true", n, due)
	}
	if _, due := in.Due(); due {
		t.Error("an Ack is due twice")
	}
}

// An Ack that was lost with its connection is said again.
func TestInboxAcknowledgesAgainWhatTheOtherSideHasKept(t *testing.T) {
	t.Parallel()
	var in outbox.Inbox
	in.Receive()
	in.Receive()
	in.Due()
	if err := in.Sequence(2); err != nil { // 1 was acknowledged, 2 comes again
		t.Fatal(err)
	}
	in.Receive()
	if n, due := in.Due(); !due || n != 2 {
		t.Errorf("Due() = %d, %v; want 2, true", n, due)
	}
	if err := in.Sequence(3); err != nil {
		t.Fatal(err)
	}
	if _, due := in.Due(); due {
		t.Error("an Ack is due that has arrived")
	}
}

// FuzzResume has one side send and the other receive over connections that
// break at any moment: nothing is lost, nothing comes twice, in order.
func FuzzResume(f *testing.F) {
	f.Add(uint64(1), uint16(50))
	f.Add(uint64(7), uint16(400))
	f.Fuzz(func(t *testing.T, seed uint64, steps uint16) {
		random := rand.New(rand.NewPCG(seed, 0))
		out, in := outbox.New(64), &outbox.Inbox{}
		var wire [][]byte // sent, not arrived
		var got []byte
		sent := 0
		for range steps {
			switch random.IntN(6) {
			case 0, 1:
				if !out.Full() {
					message := []byte{byte(sent % 256)}
					sent++
					out.Add(message)
					wire = append(wire, message)
				}
			case 2, 3:
				if len(wire) > 0 {
					if in.Receive() {
						got = append(got, wire[0]...)
					}
					wire = wire[1:]
				}
			case 4:
				if n, due := in.Due(); due && random.IntN(2) == 0 { // or the Ack is lost
					out.Ack(n)
				}
			case 5:
				wire = slices.Collect(out.Unacknowledged())
				if err := in.Sequence(out.Next()); err != nil {
					t.Fatalf("Sequence(%d): %v", out.Next(), err)
				}
			}
		}
		wire = slices.Collect(out.Unacknowledged())
		if err := in.Sequence(out.Next()); err != nil {
			t.Fatalf("Sequence(%d): %v", out.Next(), err)
		}
		for _, message := range wire {
			if in.Receive() {
				got = append(got, message...)
			}
		}
		if len(got) != sent {
			t.Fatalf("%d messages sent, %d received", sent, len(got))
		}
		for i, b := range got {
			if b != byte(i%256) {
				t.Fatalf("message %d is number %d", i, b)
			}
		}
	})
}
