package feed

import (
	"context"

	"github.com/fanfare-hub/fanfare"
)

// resolve finds where a start stands. The cursor is before the first envelope
// to come. The topic may be nil; then nothing is followed.
func (f *Feed) resolve(ctx context.Context, name fanfare.Topic, t *topic, start Start) (*walk, Receipt, error) {
	w := &walk{feed: f, name: name, topic: t}
	before, resumed, err := w.begin(ctx, start)
	if err != nil {
		return nil, Receipt{}, err
	}
	return w, Receipt{Topic: name, Cursor: before, Resumed: resumed}, nil
}

func (w *walk) begin(ctx context.Context, start Start) (before string, resumed bool, err error) {
	switch start.From {
	case FromSnapshot:
		before, err = w.fromSnapshot(ctx)
	case FromBeginning:
		before, err = w.fromStored(ctx, 0)
	case FromNow:
		before, err = w.fromNow(ctx)
	case FromTime:
		var first uint64
		if first, err = w.feed.log.Since(ctx, w.name, start.At); err == nil {
			before, err = w.fromStored(ctx, max(first, 1)-1)
		}
	case FromCursor:
		before = start.Cursor.Encode(w.name)
		resumed, err = w.fromCursor(ctx, start.Cursor)
	default:
		err = fanfare.Errorf(fanfare.CodeInvalidArgument, "a subscription cannot begin from %d", start.From)
	}
	return before, resumed, err
}

// fromStored begins with whatever is still stored after seq, if somebody
// follows, without losing anything that is stored from now on.
func (w *walk) fromStored(ctx context.Context, seq uint64) (before string, err error) {
	owed := uint64(0)
	if w.topic != nil {
		last, end, err := w.feed.log.End(ctx, w.name)
		if err != nil {
			return before, err
		}
		owed = max(last, end) + 1
	}
	w.pos = position{after: seq, free: true, owed: owed}
	return w.cursorBefore(seq), nil
}

func (w *walk) cursorBefore(seq uint64) string {
	return fanfare.CursorBefore(w.feed.log.Epoch(), seq).Encode(w.name)
}

// fromNow begins with what is not told to others yet.
func (w *walk) fromNow(ctx context.Context) (before string, err error) {
	if t := w.topic; t != nil {
		t.mu.Lock()
		defer t.mu.Unlock()
		w.pos = t.tipLocked()
		return t.last, nil
	}
	last, end, err := w.feed.log.End(ctx, w.name)
	w.pos = position{seq: last, after: max(last, end)}
	return w.cursorBefore(w.pos.after), err
}

// fromSnapshot begins with the present state, and without one after where it
// was looked for.
func (w *walk) fromSnapshot(ctx context.Context) (before string, err error) {
	if !hasState(w.name) {
		return w.fromNow(ctx)
	}
	state, mark, err := w.state(ctx)
	switch {
	case err != nil:
		return "", err
	case len(state) == 0:
		return w.fromStored(ctx, mark)
	}
	w.tellState(state, mark, 0)
	return w.cursorBefore(state[0].Seq - 1), nil
}

func (w *walk) tellState(state []fanfare.Stored, mark, prev uint64) {
	for _, stored := range state {
		e := w.feed.envelope(stored)
		e.Prev, e.Snapshot = prev, true
		w.first = append(w.first, e)
		prev = stored.Seq
	}
	w.pos = w.stateAt(prev, mark)
}

// stateAt is the position after a snapshot. All events of a document tell its
// state, so that none lies between the last one and where it was looked for.
func (w *walk) stateAt(seq, mark uint64) position {
	pos := at(seq)
	if w.name.Kind == fanfare.KindDocument {
		pos.after = max(seq, mark)
	}
	return pos
}

// fromCursor goes on after the cursor if it can be proven that nothing is
// missing, else where the topic stands, saying so.
func (w *walk) fromCursor(ctx context.Context, c fanfare.Cursor) (resumed bool, err error) {
	if c.Epoch != w.feed.log.Epoch() {
		return false, w.fromElsewhere(ctx)
	}
	if w.inRing(c) {
		return true, nil
	}
	last, end, err := w.feed.log.End(ctx, w.name)
	switch {
	case err != nil:
		return false, err
	case c.Seq > max(last, end): // of events that the log has lost
		return false, w.fromElsewhere(ctx)
	case c.AtEvent():
		resumed, err = w.proveEvent(ctx, c)
	default:
		resumed, err = w.prove(ctx, at(c.Seq))
	}
	if err != nil || resumed {
		return resumed, err
	}
	return w.fromLost(ctx, c, max(last, end))
}

// inRing looks for a cursor among what is kept in memory. Of one that stands
// before any event it is enough that the ring reaches back to it.
func (w *walk) inRing(c fanfare.Cursor) bool {
	t := w.topic
	if t == nil {
		return false
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if c.AtEvent() && !t.ring.has(c) || c.Seq < t.ring.floor || c.Seq > t.knownLocked() {
		return false
	}
	w.pos = at(c.Seq)
	return true
}

// proveEvent finds the event that the cursor stands at.
func (w *walk) proveEvent(ctx context.Context, c fanfare.Cursor) (proven bool, err error) {
	events, _, err := w.feed.replay(ctx, w.name, position{after: c.Seq - 1, free: true})
	if err != nil || len(events) == 0 || !c.At(events[0].Seq, events[0].Event.ID) {
		return false, err
	}
	w.pos = at(c.Seq)
	w.hold(events[1:])
	return true, nil
}

// prove goes on after a position if nothing after it is missing.
func (w *walk) prove(ctx context.Context, pos position) (proven bool, err error) {
	events, gap, err := w.feed.replay(ctx, w.name, pos)
	if err != nil || gap {
		return false, err
	}
	w.pos = pos
	w.hold(events)
	return true, nil
}

// fromElsewhere is for a cursor that means nothing in this log: the present
// state, or, without one, what comes from now on, after a gap.
func (w *walk) fromElsewhere(ctx context.Context) error {
	if _, err := w.fromSnapshot(ctx); err != nil {
		return err
	}
	w.sayLost(ctx, 0)
	return nil
}

// fromLost is for a cursor after which something may be missing: the present
// state if that is newer, else what is left after the cursor. end is the log's,
// from before the proof failed.
func (w *walk) fromLost(ctx context.Context, c fanfare.Cursor, end uint64) (resumed bool, err error) {
	if hasState(w.name) {
		state, mark, err := w.state(ctx)
		if err != nil {
			return false, err
		}
		if resumed, err := w.proveState(ctx, c, state, mark); err != nil || resumed {
			return resumed, err
		}
		if n := len(state); n > 0 && state[n-1].Seq > c.Seq {
			w.tellState(state, mark, c.Seq)
			w.sayLost(ctx, c.Seq)
			return false, nil
		}
	}
	events, _, err := w.feed.replay(ctx, w.name, position{after: c.Seq, free: true})
	if err != nil {
		return false, err
	}
	w.pos = at(max(c.Seq, end))
	if len(events) > 0 {
		w.pos = at(events[0].Seq - 1)
	}
	w.hold(events)
	w.sayLost(ctx, c.Seq)
	return false, nil
}

// proveState is for a cursor at the last event of a document, which is kept
// longer than the log keeps it.
func (w *walk) proveState(ctx context.Context, c fanfare.Cursor, state []fanfare.Stored, mark uint64) (proven bool, err error) {
	if w.name.Kind != fanfare.KindDocument || len(state) != 1 || !c.At(state[0].Seq, state[0].Event.ID) {
		return false, nil
	}
	return w.prove(ctx, w.stateAt(c.Seq, mark))
}

// sayLost says that events after seq may be missing: on the snapshot, or on an
// envelope of its own.
func (w *walk) sayLost(ctx context.Context, seq uint64) {
	w.feed.meters.gaps.Add(ctx, 1)
	if len(w.first) > 0 {
		w.first[0].Gap = &fanfare.Gap{After: seq}
		return
	}
	w.first = []fanfare.Envelope{w.feed.gapEnvelope(w.name, seq, w.pos.after)}
	w.pos = at(w.pos.after)
}
