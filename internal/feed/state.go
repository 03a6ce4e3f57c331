package feed

import (
	"context"
	"slices"

	"github.com/fanfare-hub/fanfare"
)

// maxFreshening bounds how many pages are looked through for a newer state. It
// is enough for what is stored until a state is noted; a topic that is busier
// gives an older one, and what follows it.
const maxFreshening = 4

// hasState reports whether events of the topic can tell how things are.
func hasState(topic fanfare.Topic) bool {
	return topic.Kind == fanfare.KindDocument || topic.Kind == fanfare.KindService
}

// state returns the topic's last state events, oldest first, and up to where
// they were looked for. What the log has noted may be some time old, so what it
// has stored since counts too.
func (w *walk) state(ctx context.Context) (state []fanfare.Stored, mark uint64, err error) {
	if state, mark, err = w.feed.log.Snapshot(ctx, w.name); err != nil {
		return nil, 0, err
	}
	since := mark
	if n := len(state); n > 0 {
		since = max(since, state[n-1].Seq)
	}
	for range maxFreshening {
		events, err := w.storedSince(ctx, since)
		if err != nil {
			return nil, 0, err
		}
		if len(events) == 0 {
			break
		}
		for _, e := range events {
			state = freshen(state, e)
		}
		since = events[len(events)-1].Seq
	}
	return state, mark, nil
}

// storedSince returns the first events after seq: from the ring if it reaches
// back to there.
func (w *walk) storedSince(ctx context.Context, seq uint64) ([]fanfare.Stored, error) {
	if events, ok := w.ringSince(seq); ok {
		return events, nil
	}
	events, _, err := w.feed.replay(ctx, w.name, position{after: seq, free: true})
	return events, err
}

func (w *walk) ringSince(seq uint64) (events []fanfare.Stored, ok bool) {
	t := w.topic
	if t == nil {
		return nil, false
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	following, ok := t.ring.after(seq)
	for _, e := range following {
		if !e.GapOnly() {
			events = append(events, e.Stored)
		}
	}
	return events, ok
}

// freshen puts an event in the place of the one that told the same before it.
func freshen(state []fanfare.Stored, e fanfare.Stored) []fanfare.Stored {
	name := fanfare.StateOf(e.Event.Type, e.Topic)
	if name == "" {
		return state
	}
	state = slices.DeleteFunc(slices.Clone(state), func(old fanfare.Stored) bool {
		return fanfare.StateOf(old.Event.Type, old.Topic) == name
	})
	return append(state, e)
}
