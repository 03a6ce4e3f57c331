package feed

import (
	"slices"
	"sort"

	"github.com/fanfare-hub/fanfare"
)

// envelopeCost is what an envelope takes besides its record, in bytes: itself,
// its decoded payload and its cursor.
const envelopeCost = 1 << 10

// ring holds the last envelopes of a topic. Each one's Prev is the Seq of the
// one before it, that of the oldest is floor: what comes after floor is all
// here.
type ring struct {
	floor   uint64
	entries []fanfare.Envelope
	bytes   int // of the records
}

// push appends an envelope, then drops the oldest beyond the bounds. It
// returns by how much the ring has grown, in bytes of memory.
func (r *ring) push(e fanfare.Envelope, maxEvents, maxBytes int) (growth int) {
	if r.entries == nil {
		r.entries = make([]fanfare.Envelope, 0, 1)
	}
	r.entries = append(r.entries, e)
	r.bytes += len(e.Record)
	growth = len(e.Record) + envelopeCost
	for len(r.entries) > maxEvents || r.bytes > maxBytes {
		growth -= r.pop()
	}
	return growth
}

// pop drops the oldest, which must be there, and returns what that gave back.
func (r *ring) pop() (freed int) {
	oldest := r.entries[0]
	r.floor = oldest.Seq
	r.bytes -= len(oldest.Record)
	r.entries[0] = fanfare.Envelope{} // append makes room by leaving the dropped behind
	r.entries = r.entries[1:]
	return len(oldest.Record) + envelopeCost
}

// after returns the envelopes that follow a position; ok says that there are
// no others.
func (r *ring) after(seq uint64) (following []fanfare.Envelope, ok bool) {
	if seq < r.floor {
		return nil, false
	}
	return r.entries[sort.Search(len(r.entries), func(i int) bool { return r.entries[i].Seq > seq }):], true
}

// has reports whether the cursor stands at one of the events.
func (r *ring) has(c fanfare.Cursor) bool {
	return slices.ContainsFunc(r.entries, func(e fanfare.Envelope) bool {
		return e.Seq == c.Seq && !e.GapOnly() && c.At(e.Seq, e.Event.ID)
	})
}

// memory is what the ring takes, in bytes.
func (r *ring) memory() int { return r.bytes + len(r.entries)*envelopeCost }
