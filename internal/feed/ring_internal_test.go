package feed

import (
	"testing"

	"github.com/fanfare-hub/fanfare"
)

func TestARingKeepsItsBoundsAndItsAccounts(t *testing.T) {
	t.Parallel()
	var r ring
	booked := 0
	for seq := uint64(1); seq <= 100; seq++ {
		e := fanfare.Envelope{Stored: fanfare.Stored{Seq: seq, Prev: seq - 1, Record: make([]byte, seq)}}
		booked += r.push(e, 10, 500)
		if len(r.entries) > 10 || r.bytes > 500 {
			t.Fatalf("%d events, %d bytes", len(r.entries), r.bytes)
		}
		if booked != r.memory() {
			t.Fatalf("%d bytes booked, it takes %d", booked, r.memory())
		}
		if len(r.entries) > 0 && r.entries[0].Prev != r.floor {
			t.Fatalf("the oldest has prev %d, the floor is %d", r.entries[0].Prev, r.floor)
		}
	}
	following, ok := r.after(98)
	if !ok || len(following) != 2 || following[0].Seq != 99 {
		t.Errorf("after 98: %d envelopes, %v", len(following), ok)
	}
	if _, ok := r.after(r.floor - 1); ok {
		t.Error("it claims to reach back behind its floor")
	}
}

func TestAllRingsTogetherKeepTheirBound(t *testing.T) {
	t.Parallel()
	f := &Feed{ringEvents: 64, ringRecords: 1 << 20, nodeBytes: 3 * (envelopeCost + 100)}
	one, two := &topic{feed: f}, &topic{feed: f}
	for seq := range uint64(5) {
		one.keepLocked(fanfare.Envelope{Stored: fanfare.Stored{Seq: seq + 1, Record: make([]byte, 100)}})
	}
	two.keepLocked(fanfare.Envelope{Stored: fanfare.Stored{Seq: 1, Record: make([]byte, 100)}})
	if n := len(one.ring.entries); n != 3 {
		t.Errorf("the first keeps %d, want 3", n)
	}
	if n := len(two.ring.entries); n != 0 || two.ring.floor != 1 {
		t.Errorf("the one that grew last keeps %d from %d on, want none from 1 on", n, two.ring.floor)
	}
	one.close()
	two.close()
	one.tellLocked(t.Context(), fanfare.Envelope{Stored: fanfare.Stored{Seq: 6, Record: make([]byte, 100)}})
	if left := f.ringBytes.Load(); left != 0 {
		t.Errorf("%d bytes are booked for nothing", left)
	}
}
