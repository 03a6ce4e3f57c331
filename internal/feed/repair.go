package feed

import (
	"context"
	"log/slog"
	"sync"
)

const (
	// maxRepairs is how many topics are repaired at once: each holds a page of
	// about a MiB.
	maxRepairs = 8
	// missingTries is how often the log is asked, once a second, for an event
	// that it has told of and does not have: it may be a replica that lags, or
	// retention may have been faster.
	missingTries = 3
)

// repairs are the topics that wait to be read from the log.
type repairs struct {
	mu      sync.Mutex
	queue   []*topic // guarded by mu
	failed  []*topic // guarded by mu: to be tried again by the next check
	workers int      // guarded by mu
}

// repairLocked has the topic's next events read from the log; until they have
// been, live ones only say how far to read.
func (t *topic) repairLocked() {
	t.repairing = true
	t.feed.repairSoon(t)
}

// repairSoon queues topics, and begins another worker if there may be one.
func (f *Feed) repairSoon(topics ...*topic) {
	r := &f.repairs
	r.mu.Lock()
	defer r.mu.Unlock()
	r.queue = append(r.queue, topics...)
	for range min(len(topics), maxRepairs-r.workers) {
		if f.spawn(f.repairAll) {
			r.workers++
		}
	}
}

func (f *Feed) repairAll(ctx context.Context) {
	for t := f.repairs.next(ctx); t != nil; t = f.repairs.next(ctx) {
		if err := t.repair(ctx); err != nil {
			f.repairs.fail(t)
			f.logger.LogAttrs(ctx, slog.LevelWarn, "read a hole in the live feed",
				slog.String("topic", t.name.String()), slog.Any("error", err))
		}
	}
}

// next returns nil, and counts the worker out, if there is nothing to do.
func (r *repairs) next(ctx context.Context) *topic {
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(r.queue) == 0 || ctx.Err() != nil {
		r.workers--
		return nil
	}
	t := r.queue[0]
	r.queue[0] = nil
	if r.queue = r.queue[1:]; len(r.queue) == 0 {
		r.queue = nil
	}
	return t
}

func (r *repairs) fail(t *topic) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.failed = append(r.failed, t)
}

// retry queues again what has failed.
func (f *Feed) retry() {
	r := &f.repairs
	r.mu.Lock()
	failed := r.failed
	r.failed = nil
	r.mu.Unlock()
	f.repairSoon(failed...)
}

// repair reads on from the head until everything is told that is known to be
// stored.
func (t *topic) repair(ctx context.Context) error {
	for {
		pos, done := t.lacking()
		if done {
			return nil
		}
		events, gap, err := t.feed.page(ctx, t.name, pos)
		if err != nil {
			return err
		}
		t.mu.Lock()
		for _, stored := range events {
			t.advanceLocked(ctx, stored, gap)
			gap, t.tries = false, 0
		}
		t.mu.Unlock()
		if len(events) == 0 && !t.missing(ctx) {
			t.feed.repairs.fail(t)
			return nil
		}
	}
}

// lacking returns from where on to read; if there is nothing to read, the topic
// goes on with its live feed.
func (t *topic) lacking() (from position, done bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.gone || !t.lacksLocked() {
		t.repairing, t.tries = false, 0
		return position{}, true
	}
	return t.tipLocked(), false
}

// missing is for a log that does not have what it has told of: true once it has
// been asked often enough, and followers have been told of a gap.
func (t *topic) missing(ctx context.Context) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.tries++; t.tries <= missingTries {
		return false
	}
	t.missLocked(ctx)
	return true
}
