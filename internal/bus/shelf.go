package bus

import (
	"cmp"
	"slices"
	"sync"
	"time"

	"github.com/fanfare-hub/fanfare"
)

// The pace of the state. A follower reads what came after the state from the
// log, so it may be behind; the end of a document is what many ask for.
const (
	stateEvery = time.Second            // a topic's state is written once in this time
	endEvery   = 100 * time.Millisecond // the ends of documents besides
	markEvery  = 10 * time.Second       // the mark alone, where there is no state
	holeWait   = 100 * time.Millisecond // then what is missing is read from the log
)

// The bounds of what waits to be written, for each partition. What is beyond
// them is read from the log when there is room.
const (
	maxDrafts     = 4096
	maxDraftBytes = 4 << 20
	maxEarly      = 1024
	maxStateBatch = 500 // half of what the server takes at once
)

// note is what the state has to know of one event.
type note struct {
	key      string
	name     string // of the slot; "" if the event tells no state
	slot     stateSlot
	terminal bool
	service  bool // the topic has several slots
}

func noteOf(stored fanfare.Stored) note {
	name := fanfare.StateOf(stored.Event.Type, stored.Topic)
	key, err := topicKey(stored.Topic)
	if name == "" || err != nil {
		return note{}
	}
	return note{
		key: key, name: name, slot: stateSlot{Seq: stored.Seq, Record: stored.Record},
		terminal: stored.Event.Terminal(), service: stored.Topic.Kind == fanfare.KindService,
	}
}

// draft is a topic's state as it is to be written.
type draft struct {
	key      string
	first    uint64 // the oldest event since the last write: the mark stays below it
	value    stateValue
	bytes    int
	terminal bool
	service  bool
}

// shelf holds what is known of one partition's states and not written yet. It
// takes events in the order of the log; one that comes early waits for those
// before it. It knows no clock: who uses it says what time it is.
type shelf struct {
	mu      sync.Mutex
	next    uint64          // all events below were seen
	newest  uint64          // the highest seq that was heard of
	missing bool            // some of those up to newest must be read from the log
	hole    time.Time       // since when an event is awaited; zero if none is
	early   map[uint64]note // by seq, above next
	drafts  map[string]*draft
	ends    int // drafts that are terminal
	bytes   int // of the records in early and drafts

	mark    uint64    // as written
	round   uint64    // drafts that began below are written in the present round
	rounded time.Time // when the last round began
	more    bool      // there are drafts that the round has not come to
	batched time.Time // when anything was written
}

// reset begins after the mark: everything behind it is to be read again.
func (s *shelf) reset(mark, next uint64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.next, s.newest, s.mark, s.round = next, max(s.newest, next-1), mark, 0
	s.missing, s.hole, s.more = true, time.Time{}, false
	s.early, s.drafts = make(map[uint64]note), make(map[string]*draft)
	s.ends, s.bytes = 0, 0
}

// add takes an event that was just appended. It reports whether there may be
// something to do sooner than before.
func (s *shelf) add(seq uint64, n note, now time.Time) (sooner bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.newest = max(s.newest, seq)
	switch {
	case seq < s.next || s.missing && seq > s.next:
		return false
	case s.full(), seq > s.next && len(s.early) == maxEarly:
		s.missing = true
		return true
	case seq > s.next:
		s.early[seq] = n
		s.bytes += len(n.slot.Record)
		sooner = s.hole.IsZero()
		if sooner {
			s.hole = now
		}
		return sooner
	}
	drafts, ends := len(s.drafts), s.ends
	s.put(seq, n)
	s.drain()
	return drafts == 0 && len(s.drafts) > 0 || ends == 0 && s.ends > 0
}

// read takes an event that was read from the log: there is none between it and
// the one that was read before.
func (s *shelf) read(seq uint64, n note) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if seq < s.next {
		return
	}
	s.skip(seq)
	s.forget(seq)
	s.put(seq, n)
}

// reading returns where to read from, and how far that has to reach.
func (s *shelf) reading() (from, newest uint64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.missing = false
	return s.next, s.newest
}

// caughtUp says that everything up to that seq was read, or is gone; without
// all it only ends a page.
func (s *shelf) caughtUp(newest uint64, all bool, now time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !all {
		s.missing = true
		return
	}
	s.skip(newest + 1)
	s.drain()
	if s.hole = (time.Time{}); s.newest >= s.next {
		s.hole = now
	}
}

// skip passes over what is not in the log.
func (s *shelf) skip(to uint64) {
	if to <= s.next {
		return
	}
	for seq := range s.early {
		if seq < to {
			s.forget(seq)
		}
	}
	s.next = to
}

// forget takes an event out of those that came early, if it is one.
func (s *shelf) forget(seq uint64) {
	s.bytes -= len(s.early[seq].slot.Record)
	delete(s.early, seq)
}

// drain takes those that came early and are next now.
func (s *shelf) drain() {
	for n, ok := s.early[s.next]; ok; n, ok = s.early[s.next] {
		s.forget(s.next)
		s.put(s.next, n)
	}
	if s.newest < s.next {
		s.hole = time.Time{}
	}
}

// put takes the event that is next.
func (s *shelf) put(seq uint64, n note) {
	s.next = seq + 1
	if n.name == "" {
		return
	}
	d := s.drafts[n.key]
	if d == nil {
		d = &draft{key: n.key, first: seq, value: make(stateValue, 1), service: n.service}
		s.drafts[n.key] = d
	}
	grown := len(n.slot.Record) - len(d.value[n.name].Record)
	s.ends += count(n.terminal) - count(d.terminal)
	d.value[n.name], d.terminal = n.slot, n.terminal
	d.bytes += grown
	s.bytes += grown
}

func count(one bool) int {
	if one {
		return 1
	}
	return 0
}

func (s *shelf) full() bool { return len(s.drafts) >= maxDrafts || s.bytes >= maxDraftBytes }

// mustRead reports whether events are to be read from the log now.
func (s *shelf) mustRead(now time.Time) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return !s.full() && (s.missing || !s.hole.IsZero() && !now.Before(s.hole.Add(holeWait)))
}

// due is when there is something to do, if nothing else happens.
func (s *shelf) due(now time.Time) time.Time {
	s.mu.Lock()
	defer s.mu.Unlock()
	due := now.Add(markEvery) // a look at the log, for what was stored and not told
	sooner := func(at time.Time) {
		if at.Before(due) {
			due = at
		}
	}
	if s.missing && !s.full() {
		sooner(now)
	}
	if !s.hole.IsZero() && !s.full() {
		sooner(s.hole.Add(holeWait))
	}
	if len(s.drafts) > 0 {
		sooner(s.roundAt())
	}
	if s.more {
		sooner(now)
	}
	if s.ends > 0 && !s.missing {
		sooner(s.batched.Add(endEvery))
	}
	if s.next > s.mark+1 {
		sooner(s.batched.Add(markEvery))
	}
	return due
}

// roundAt is when all drafts are due. Who is behind writes seldom: newer events
// of the same topics are in the log already.
func (s *shelf) roundAt() time.Time {
	if s.missing && !s.full() {
		return s.rounded.Add(markEvery)
	}
	return s.rounded.Add(stateEvery)
}

// take returns what is to be written now, and the mark to write with it: below
// the first event of every draft that stays. ok is false if nothing is due.
func (s *shelf) take(now time.Time) (drafts []*draft, mark uint64, ok bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.drafts) > 0 && !now.Before(s.roundAt()) {
		s.round, s.rounded = s.next, now
	}
	ends := !s.missing && !now.Before(s.batched.Add(endEvery))
	for _, d := range s.drafts {
		if d.first < s.round || d.terminal && ends {
			drafts = append(drafts, d)
		}
	}
	slices.SortFunc(drafts, func(a, b *draft) int { return cmp.Compare(a.first, b.first) })
	drafts = drafts[:min(len(drafts), maxStateBatch)]
	for _, d := range drafts {
		delete(s.drafts, d.key)
		s.bytes -= d.bytes
		s.ends -= count(d.terminal)
	}
	mark, s.more = s.next-1, false
	for _, d := range s.drafts {
		mark = min(mark, d.first-1)
		s.more = s.more || d.first < s.round
	}
	if len(drafts) == 0 && (mark <= s.mark || now.Before(s.batched.Add(markEvery))) {
		return nil, 0, false
	}
	s.batched = now
	return drafts, max(mark, s.mark), true
}

// wrote says that what take returned is stored.
func (s *shelf) wrote(mark uint64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.mark = mark
}
