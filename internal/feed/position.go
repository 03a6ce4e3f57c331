package feed

import (
	"context"
	"time"

	"github.com/fanfare-hub/fanfare"
)

// position is where a follower of a topic stands.
type position struct {
	seq   uint64 // the Prev of what it is told next
	after uint64 // what it is told next comes after this one; not below seq
	free  bool   // whatever is stored after it may be the beginning,
	owed  uint64 // but from this seq on nothing may be missing; 0: that is not known or not asked
}

// at is the position of who was told an envelope with this seq.
func at(seq uint64) position { return position{seq: seq, after: seq} }

// pageEvents is how many events are read from the log at once.
const pageEvents = 64

// page reads what the log has after a position. gap says that something after
// it may be gone: neither is the event there at which it stands, nor does the
// log vouch for all after it.
func (f *Feed) page(ctx context.Context, topic fanfare.Topic, pos position) (events []fanfare.Stored, gap bool, err error) {
	from := pos.seq
	if pos.free {
		from = pos.after + 1
	}
	events, _, err = f.log.Read(ctx, topic, max(from, 1), pageEvents+1)
	if err != nil {
		return nil, false, err
	}
	proven, since := pos.proves(events), pos.after
	if pos.free && pos.owed > 0 {
		since = max(since, pos.owed-1)
	}
	for len(events) > 0 && events[0].Seq <= pos.after {
		events = events[1:]
	}
	if proven {
		return events, false, nil
	}
	whole, err := f.log.Whole(ctx, topic, since)
	return events, !whole, err
}

// proves reports whether the first of the events shows that what follows it has
// not been eaten: retention takes the oldest first.
func (p position) proves(events []fanfare.Stored) bool {
	switch {
	case p.free && p.owed == 0:
		return true
	case len(events) == 0:
		return false
	case p.free:
		return events[0].Seq < p.owed
	}
	return events[0].Seq == p.seq
}

// replay is page for those who catch up: only so many read at once.
func (f *Feed) replay(ctx context.Context, topic fanfare.Topic, pos position) (events []fanfare.Stored, gap bool, err error) {
	select {
	case f.replays <- struct{}{}:
	case <-ctx.Done():
		return nil, false, ctx.Err()
	}
	defer func() { <-f.replays }()
	return f.page(ctx, topic, pos)
}

// envelope is an event with the cursor at it.
func (f *Feed) envelope(stored fanfare.Stored) fanfare.Envelope {
	cursor := fanfare.CursorAt(f.log.Epoch(), stored.Seq, stored.Event.ID)
	return fanfare.Envelope{Stored: stored, Cursor: cursor.Encode(stored.Topic)}
}

// gapEnvelope says that events after prev may be missing, and to go on after
// seq.
func (f *Feed) gapEnvelope(topic fanfare.Topic, prev, seq uint64) fanfare.Envelope {
	return fanfare.Envelope{
		Stored: fanfare.Stored{
			Topic: topic, Seq: seq, Prev: prev,
			Event: fanfare.Event{Service: f.service, Time: time.Now().UTC()},
		},
		Cursor: fanfare.CursorBefore(f.log.Epoch(), seq).Encode(topic),
		Gap:    &fanfare.Gap{After: prev},
	}
}
