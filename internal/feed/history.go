package feed

import (
	"context"

	"github.com/fanfare-hub/fanfare"
)

// The bounds of one call of History: what a client may take at once, and what
// the process holds for it. An event larger than the rest is still given whole.
const (
	maxHistory      = 1000
	maxHistoryBytes = 4 << 20
)

// History returns what a topic's followers were told from start on: at most
// limit envelopes, 1 to 1000, and at most about 4 MiB. next is the cursor after
// the last of them: the one that was given if there is nothing new. It follows
// nothing and does not wait. The errors are those of [Feed.Read].
func (f *Feed) History(ctx context.Context, topic fanfare.Topic, start Start, limit int) (items []fanfare.Envelope, next string, err error) {
	if limit < 1 || limit > maxHistory {
		return nil, "", fanfare.Errorf(fanfare.CodeInvalidArgument, "limit is %d: want 1 to %d", limit, maxHistory)
	}
	if err := checkTopic(topic); err != nil {
		return nil, "", err
	}
	if !f.running() {
		return nil, "", errNotRunning
	}
	w, receipt, err := f.resolve(ctx, topic, nil, start)
	if err != nil {
		return nil, "", err
	}
	next = receipt.Cursor
	for bytes := 0; len(items) < limit && bytes < maxHistoryBytes; {
		e, ok, err := w.stored(ctx)
		if err != nil {
			return nil, "", err
		}
		if !ok {
			break
		}
		items, next = append(items, e), e.Cursor
		bytes += len(e.Record)
	}
	return items, next, nil
}

// stored is next for who does not follow: false at the end of the log.
func (w *walk) stored(ctx context.Context) (e fanfare.Envelope, ok bool, err error) {
	if e, ok := w.ready(); ok {
		return e, true, nil
	}
	if err := w.fill(ctx); err != nil {
		return fanfare.Envelope{}, false, err
	}
	e, ok = w.ready()
	return e, ok, nil
}
