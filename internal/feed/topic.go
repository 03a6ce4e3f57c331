package feed

import (
	"context"
	"sync"
	"time"

	"github.com/fanfare-hub/fanfare"
)

// topic is what the node knows of a topic that somebody follows here. Its lock
// is held while followers are told, so that who joins or leaves does so between
// two events. The log is never called under it.
type topic struct {
	feed  *Feed
	name  fanfare.Topic
	ready chan struct{} // closed when it is open, or err says why not
	err   error         // before ready is closed, its opener's

	refs int           // guarded by feed.mu: readers and subscriptions
	idle time.Time     // guarded by feed.mu: since when there are none
	left chan struct{} // guarded by feed.mu: set while it is given up, closed then

	mu        sync.Mutex
	opened    bool
	gone      bool
	head      uint64 // seq of the last envelope, 0: none
	base      uint64 // a seq that all events to come are above of, as of the opening
	last      string // the cursor at head
	seen      uint64 // the highest seq that is known to be stored
	repairing bool   // events come from the log, not from its live feed
	tries     int    // how often the log did not have what was seen
	ring      ring
	wake      chan struct{} // closed by the next envelope; nil if nobody waits
	joined    [Envelopes + 1]int
	pending   map[*subscription]struct{} // joined by their next event, which is theirs alone
}

// open makes it ready at the end of the log. What its live feed has brought
// meanwhile is read from the log, if it comes after that.
func (t *topic) open(last, end uint64) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.opened = true
	t.head, t.base = last, max(last, end)
	if t.ring.floor = last; last == 0 { // there may have been events that are gone
		t.ring.floor = t.base
	}
	t.last = fanfare.CursorBefore(t.feed.log.Epoch(), t.base).Encode(t.name)
	if t.lacksLocked() {
		t.repairLocked()
	}
}

// close drops what it holds.
func (t *topic) close() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.gone = true
	t.feed.ringBytes.Add(-int64(t.ring.memory()))
	t.ring = ring{}
	t.wakeLocked()
}

// live takes an event of the log's live feed.
func (t *topic) live(ctx context.Context, stored fanfare.Stored) {
	t.mu.Lock()
	defer t.mu.Unlock()
	switch {
	case t.gone:
	case t.opened && stored.Seq <= t.knownLocked():
		t.feed.meters.duplicates.Add(ctx, 1)
	case !t.opened || t.repairing:
		t.seen = max(t.seen, stored.Seq)
	case t.head == 0:
		// The first of all has nothing to follow: whether another one came
		// before it and is gone already, only the log can tell.
		t.seen = max(t.seen, stored.Seq)
		t.repairLocked()
	case stored.Prev == t.head:
		t.advanceLocked(ctx, stored, false)
	case stored.Prev == 0: // nothing was stored any more when it was
		t.advanceLocked(ctx, stored, true)
	default:
		t.seen = max(t.seen, stored.Seq)
		t.feed.meters.holes.Add(ctx, 1)
		t.repairLocked()
	}
}

// advanceLocked hands on the event that follows the head, or, after a gap, the
// next one that is left.
func (t *topic) advanceLocked(ctx context.Context, stored fanfare.Stored, gap bool) {
	e := t.feed.envelope(stored)
	e.Prev = t.head
	if gap {
		e.Gap = &fanfare.Gap{After: t.head}
	}
	t.tellLocked(ctx, e)
}

// missLocked says that what was seen is not to be had any more.
func (t *topic) missLocked(ctx context.Context) {
	t.tellLocked(ctx, t.feed.gapEnvelope(t.name, t.head, t.seen))
}

// tellLocked hands an envelope to all who follow. A repair may come too late for
// that: what it read is booked for nobody then.
func (t *topic) tellLocked(ctx context.Context, e fanfare.Envelope) {
	if t.gone {
		return
	}
	if e.Gap != nil {
		t.feed.meters.gaps.Add(ctx, 1)
	}
	t.head, t.last = e.Seq, e.Cursor
	t.keepLocked(e)
	if t.joined[Callbacks] > 0 && !e.GapOnly() {
		t.feed.sink.Callback(ctx, e)
	}
	if t.joined[Envelopes] > 0 {
		t.feed.sink.Event(ctx, e)
	}
	for s := range t.pending {
		s.admitLocked(ctx, e)
	}
	t.wakeLocked()
}

// keepLocked puts an envelope into the ring. If all rings together have grown
// too large, this one pays.
func (t *topic) keepLocked(e fanfare.Envelope) {
	f := t.feed
	total := f.ringBytes.Add(int64(t.ring.push(e, f.ringEvents, f.ringRecords)))
	for total > f.nodeBytes && len(t.ring.entries) > 0 {
		total = f.ringBytes.Add(-int64(t.ring.pop()))
	}
}

// knownLocked is up to where everything has been told, or was stored before the
// topic was followed.
func (t *topic) knownLocked() uint64 { return max(t.head, t.base) }

// lacksLocked reports whether an event is known to be stored that has not been
// told.
func (t *topic) lacksLocked() bool { return t.seen > t.knownLocked() }

// tipLocked is the position of who has been told everything.
func (t *topic) tipLocked() position { return position{seq: t.head, after: t.knownLocked()} }

// heard notes that an event is stored, and reports whether it has still to come.
func (t *topic) heard(seq uint64) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.seen = max(t.seen, seq)
	return t.opened && !t.repairing && t.lacksLocked()
}

// awaitLocked returns a channel that is closed by the next envelope.
func (t *topic) awaitLocked() <-chan struct{} {
	if t.wake == nil {
		t.wake = make(chan struct{})
	}
	return t.wake
}

func (t *topic) wakeLocked() {
	if t.wake != nil {
		close(t.wake)
		t.wake = nil
	}
}

// told returns the seq of the last envelope, and up to where nothing but what
// the log has is left to be told.
func (t *topic) told() (head, known uint64) {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.head, t.knownLocked()
}
