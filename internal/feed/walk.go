package feed

import (
	"context"
	"slices"

	"github.com/fanfare-hub/fanfare"
)

// heldBytes bounds what a walk keeps of the page that it has read: what does
// not fit is read again when it is needed.
const heldBytes = 64 << 10

// walk goes along a topic, envelope by envelope, at the pace of who asks: from
// the ring as far as that reaches back, else from the log.
type walk struct {
	feed  *Feed
	name  fanfare.Topic
	topic *topic // nil for who reads only what is stored
	pos   position
	gap   bool               // something after pos may be missing, and it has not been said
	first []fanfare.Envelope // what comes before all else; pos is after them
	held  []fanfare.Stored   // what the log has next after pos
}

// next returns the next envelope, or what to wait for. An error leaves the walk
// where it was.
func (w *walk) next(ctx context.Context) (e fanfare.Envelope, wake <-chan struct{}, err error) {
	for {
		if e, ok := w.ready(); ok {
			return e, nil, nil
		}
		e, wake, state := w.fromRing()
		switch state {
		case walked:
			return e, nil, nil
		case atHead:
			return e, wake, nil
		case closed:
			return e, nil, errNotRunning
		case behind:
		}
		if err := w.fill(ctx); err != nil {
			return fanfare.Envelope{}, nil, err
		}
	}
}

// ready returns what needs neither ring nor log.
func (w *walk) ready() (e fanfare.Envelope, ok bool) {
	switch {
	case len(w.first) > 0:
		e, w.first = w.first[0], w.first[1:]
		return e, true
	case len(w.held) > 0:
		stored := w.held[0]
		if w.held = w.held[1:]; len(w.held) == 0 {
			w.held = nil
		}
		return w.take(w.feed.envelope(stored)), true
	}
	return fanfare.Envelope{}, false
}

// stance is where a walk stands beside its topic's ring.
type stance int

const (
	walked stance = iota // it has gone on to an envelope of the ring
	atHead               // it has told everything
	behind               // the ring does not reach back to it
	closed               // nobody follows the topic any more
)

func (w *walk) fromRing() (fanfare.Envelope, <-chan struct{}, stance) {
	t := w.topic
	t.mu.Lock()
	defer t.mu.Unlock()
	following, ok := t.ring.after(w.pos.after)
	switch {
	case t.gone:
		return fanfare.Envelope{}, nil, closed
	case !ok:
		return fanfare.Envelope{}, nil, behind
	case len(following) > 0:
		return w.take(following[0]), nil, walked
	case w.gap:
		return w.sayGap(t.head), nil, walked
	}
	return fanfare.Envelope{}, t.awaitLocked(), atHead
}

// take goes on to an envelope and fits it to the one before.
func (w *walk) take(e fanfare.Envelope) fanfare.Envelope {
	e.Prev = w.pos.seq
	if w.gap {
		e.Gap = &fanfare.Gap{After: w.pos.seq}
		w.gap = false
	}
	w.pos = at(e.Seq)
	return e
}

// sayGap is for a gap with nothing to ride on.
func (w *walk) sayGap(head uint64) fanfare.Envelope {
	e := w.feed.gapEnvelope(w.name, w.pos.seq, max(w.pos.after, head))
	w.gap, w.pos = false, at(e.Seq)
	return e
}

// fill reads on in the log.
func (w *walk) fill(ctx context.Context) error {
	var head, known uint64
	if w.topic != nil {
		head, known = w.topic.told()
	}
	pos := w.pos
	if w.gap { // it will be said: there is nothing to prove
		pos = position{after: pos.after, free: true}
	}
	events, gap, err := w.feed.replay(ctx, w.name, pos)
	if err != nil {
		return err
	}
	w.gap = w.gap || gap
	if w.hold(events); len(w.held) == 0 && known > w.pos.after {
		// All that there was is gone; the head at least was something.
		w.gap = w.gap || head > w.pos.after && !w.pos.free
		w.pos.after = known
	}
	w.countGap(ctx, gap)
	return nil
}

func (w *walk) hold(events []fanfare.Stored) {
	bytes := 0
	for i, e := range events {
		if bytes += len(e.Record); bytes > heldBytes && i > 0 {
			events = slices.Clone(events[:i]) // does not keep the rest
			break
		}
	}
	w.held = events
}

func (w *walk) countGap(ctx context.Context, gap bool) {
	if gap {
		w.feed.meters.gaps.Add(ctx, 1)
	}
}
