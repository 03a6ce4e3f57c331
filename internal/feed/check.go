package feed

import (
	"context"
	"log/slog"
	"time"

	"github.com/fanfare-hub/fanfare"
)

const (
	// checkEvery is how often the log is asked which topics have grown: how
	// late an event may be whose live message was the topic's last and is lost.
	checkEvery = time.Second
	// checkPatience is what a live message may take that is on its way.
	checkPatience = 100 * time.Millisecond
	// checkTimeout ends a check that hangs.
	checkTimeout = 5 * time.Second
)

// doubt has the log asked at once.
func (f *Feed) doubt() {
	select {
	case f.doubted <- struct{}{}:
	default:
	}
}

// watch looks for what the live feed has lost, until ctx ends.
func (f *Feed) watch(ctx context.Context) {
	tick := time.NewTicker(checkEvery)
	defer tick.Stop()
	var patience <-chan time.Time // nil while there are no suspects
	suspects := map[*topic]struct{}{}
	for {
		select {
		case <-tick.C:
			f.sweep()
			f.retry()
			f.check(ctx, suspects)
		case <-f.doubted:
			f.check(ctx, suspects)
		case <-patience:
			for t := range suspects {
				t.confirm(ctx)
			}
			clear(suspects)
			patience = nil
		case <-ctx.Done():
			return
		}
		if len(suspects) > 0 && patience == nil {
			patience = time.After(checkPatience)
		}
	}
}

// check adds the topics of which the log has more than was told.
func (f *Feed) check(ctx context.Context, suspects map[*topic]struct{}) {
	ctx, cancel := context.WithTimeout(ctx, checkTimeout)
	defer cancel()
	grown, err := f.log.Grown(ctx)
	if err != nil {
		f.logger.LogAttrs(ctx, slog.LevelWarn, "ask the log which topics have grown", slog.Any("error", err))
		return
	}
	for name, seq := range grown {
		if t := f.followed(name); t != nil && t.heard(seq) {
			suspects[t] = struct{}{}
		}
	}
}

func (f *Feed) followed(name fanfare.Topic) *topic {
	f.mu.RLock()
	defer f.mu.RUnlock()
	return f.topics[name]
}

// confirm has the topic read from the log if what was heard of has not come.
func (t *topic) confirm(ctx context.Context) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if !t.gone && !t.repairing && t.lacksLocked() {
		t.feed.meters.holes.Add(ctx, 1)
		t.repairLocked()
	}
}
