package bus

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"github.com/nats-io/nats.go/jetstream"
)

const (
	// duplicateWindow is how long an event sent again is recognised, unless too
	// many are stored in that time. The streams hold their ids in memory, about
	// 100 bytes each.
	duplicateWindow = 10 * time.Minute
	// minDuplicateWindow is kept whatever it costs: publishers try again for
	// that long.
	minDuplicateWindow = time.Minute
	// maxIDs is how many ids all streams together are to hold.
	maxIDs = 1_000_000
	// idCheck is how often they are counted. In that time the fastest disk adds
	// less than half of maxIDs.
	idCheck = 5 * time.Second
)

// ids keeps the duplicate window as long as memory allows. It counts what was
// stored by time slots, because the streams do not tell how many ids they hold:
// those of before Start, ten minutes' worth at most, are not counted.
type ids struct {
	limit    int
	shortest time.Duration
	longest  time.Duration
	slot     time.Duration // longest holds idSlots of them

	mu     sync.Mutex
	counts [idSlots]int // guarded by mu; a ring, by number of slot
	newest int64        // guarded by mu; the number of the newest slot
}

const idSlots = 60

func newIDs(retention time.Duration) *ids {
	longest := min(duplicateWindow, retention)
	return &ids{
		limit: maxIDs, longest: longest, shortest: min(minDuplicateWindow, longest),
		slot: max(longest/idSlots, 1),
	}
}

// add counts ids that were stored now.
func (i *ids) add(n int) { i.addAt(time.Now(), n) }

func (i *ids) addAt(at time.Time, n int) {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.advance(at)
	i.counts[i.newest%idSlots] += n
}

// advance empties the slots that begin between the newest one and at. The
// caller holds mu.
func (i *ids) advance(at time.Time) {
	number := at.UnixNano() / int64(i.slot)
	for n := max(i.newest+1, number-idSlots+1); n <= number; n++ {
		i.counts[n%idSlots] = 0
	}
	i.newest = max(i.newest, number)
}

// within counts the ids stored in a window before at; a slot counts whole.
func (i *ids) within(window time.Duration, at time.Time) int {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.advance(at)
	sum := 0
	for n := range min(int64(window/i.slot)+1, idSlots) {
		sum += i.counts[(i.newest-n)%idSlots]
	}
	return sum
}

// choose returns the window that is to follow the current one: half of it while
// it holds too many ids, double while that holds clearly fewer.
func (i *ids) choose(current time.Duration, at time.Time) time.Duration {
	for current > i.shortest && i.within(current, at) > i.limit {
		current = max(current/2, i.shortest)
	}
	for current < i.longest {
		wider := min(2*current, i.longest)
		if i.within(wider, at) > i.limit*3/4 {
			break
		}
		current = wider
	}
	return current
}

// keepWindow adjusts the streams' window until ctx ends.
func (b *Bus) keepWindow(ctx context.Context, s *session) {
	ticker := time.NewTicker(idCheck)
	defer ticker.Stop()
	window := s.ids.longest
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
			window = b.adjustWindow(ctx, s, window)
		}
	}
}

// adjustWindow returns the window that the streams have now. What could not be
// changed is tried again with the next check.
func (b *Bus) adjustWindow(ctx context.Context, s *session, current time.Duration) time.Duration {
	next := s.ids.choose(current, time.Now())
	if next == current {
		return current
	}
	for p := range b.opts.Partitions {
		if err := setWindow(ctx, s.js, eventStream(p), next); err != nil {
			if ctx.Err() == nil {
				b.log.WarnContext(ctx, "The duplicate window cannot be changed",
					slog.String("stream", eventStream(p)), slog.Duration("window", next), slog.Any("error", err))
			}
			return current
		}
	}
	if next < current {
		b.shortened.Add(1)
	}
	b.log.InfoContext(ctx, "The duplicate window has changed",
		slog.Duration("from", current), slog.Duration("to", next), slog.Int("ids", s.ids.within(next, time.Now())))
	return next
}

// setWindow changes one stream's window: the server forgets at once the ids
// that are beyond it.
func setWindow(ctx context.Context, js jetstream.JetStream, name string, window time.Duration) error {
	update := stream{name, func(cfg *jetstream.StreamConfig) { cfg.Duplicates = window }}
	return update.ensure(ctx, js)
}
