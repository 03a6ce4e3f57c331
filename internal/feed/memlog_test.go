package feed_test

import (
	"context"
	"math/rand/v2"
	"slices"
	"sync"
	"time"

	"github.com/fanfare-hub/fanfare"
)

// dice is a seeded source of chance that goroutines may share.
type dice struct {
	mu   sync.Mutex
	rand *rand.Rand
}

func newDice(seed uint64) *dice { return &dice{rand: rand.New(rand.NewPCG(seed, seed))} }

// in returns 0 to n-1.
func (d *dice) in(n int) int {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.rand.IntN(n)
}

// hits is true in so many of a hundred cases.
func (d *dice) hits(percent int) bool { return d.in(100) < percent }

// pause waits up to so long.
func (d *dice) pause(ctx context.Context, most time.Duration) {
	if most <= 0 {
		return
	}
	wait(ctx, time.Duration(d.in(int(most)+1)))
}

func wait(ctx context.Context, d time.Duration) {
	select {
	case <-time.After(d):
	case <-ctx.Done():
	}
}

// faults are what may go wrong in a memLog, in percent, and how slow it is.
type faults struct {
	loseLive, repeatLive, fail int
	slow                       time.Duration
	maxPerTopic                int // 0: no bound
}

// memLog is a log of one stream in memory.
type memLog struct {
	dice *dice

	mu       sync.Mutex
	faults   faults
	epoch    fanfare.Epoch
	seq      uint64 // the last that was given
	first    uint64 // the first that is still stored, or would be
	events   map[fanfare.Topic][]fanfare.Stored
	history  map[fanfare.Topic][]fanfare.Stored // what was ever stored
	times    map[uint64]time.Time
	mark     uint64 // up to where the states are known
	compared uint64 // by Grown
	followed map[fanfare.Topic]int
	queue    []fanfare.Stored // live events that are under way
	arrived  chan struct{}
	doubtful bool
	calls    map[string]int
	failing  map[string]error
}

func newMemLog(d *dice) *memLog {
	return &memLog{
		dice: d, epoch: fanfare.Epoch{1}, first: 1,
		events: map[fanfare.Topic][]fanfare.Stored{}, history: map[fanfare.Topic][]fanfare.Stored{},
		times: map[uint64]time.Time{}, followed: map[fanfare.Topic]int{},
		arrived: make(chan struct{}, 1), calls: map[string]int{}, failing: map[string]error{},
	}
}

// with changes the log under its lock.
func (l *memLog) with(change func()) {
	l.mu.Lock()
	defer l.mu.Unlock()
	change()
}

func (l *memLog) append(topic fanfare.Topic, e fanfare.Event) fanfare.Stored {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.seq++
	stored := fanfare.Stored{Event: e, Topic: topic, Seq: l.seq, Record: []byte(`{"id":"` + e.ID + `"}`)}
	if had := l.events[topic]; len(had) > 0 {
		stored.Prev = had[len(had)-1].Seq
	}
	l.events[topic] = append(l.events[topic], stored)
	l.history[topic] = append(l.history[topic], stored)
	l.times[l.seq] = time.Now()
	if most := l.faults.maxPerTopic; most > 0 && len(l.events[topic]) > most {
		l.events[topic] = l.events[topic][1:]
	}
	if l.followed[topic] > 0 && !l.dice.hits(l.faults.loseLive) {
		l.queue = append(l.queue, stored)
		if l.dice.hits(l.faults.repeatLive) {
			l.queue = append(l.queue, stored)
		}
		l.wake()
	}
	return stored
}

func (l *memLog) wake() {
	select {
	case l.arrived <- struct{}{}:
	default:
	}
}

// eat removes everything before this seq.
func (l *memLog) eat(before uint64) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.first = min(max(l.first, before), l.seq+1)
	l.mark = max(l.mark, l.first-1)
	for topic, events := range l.events {
		l.events[topic] = slices.DeleteFunc(slices.Clone(events), func(s fanfare.Stored) bool { return s.Seq < l.first })
	}
}

// keepState moves the mark on.
func (l *memLog) keepState(to uint64) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.mark = min(max(l.mark, to), l.seq)
}

func (l *memLog) doubt() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.doubtful = true
	l.wake()
}

// call begins a request: it counts it, takes its time, and may fail.
func (l *memLog) call(ctx context.Context, name string) error {
	l.mu.Lock()
	l.calls[name]++
	slow, percent, failing := l.faults.slow, l.faults.fail, l.failing[name]
	l.mu.Unlock()
	l.dice.pause(ctx, slow)
	switch {
	case ctx.Err() != nil:
		return ctx.Err()
	case failing != nil:
		return failing
	case l.dice.hits(percent):
		return fanfare.Errorf(fanfare.CodeUnavailable, "the log is away")
	}
	return nil
}

func (l *memLog) Epoch() fanfare.Epoch { return l.epoch }

func (l *memLog) Follow(ctx context.Context, topic fanfare.Topic) error {
	if err := l.call(ctx, "follow"); err != nil {
		return err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.followed[topic]++
	return nil
}

func (l *memLog) Unfollow(topic fanfare.Topic) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.followed[topic]--
}

func (l *memLog) Live(ctx context.Context, deliver func(fanfare.Stored), doubt func()) error {
	for {
		l.mu.Lock()
		queue, doubtful, slow := l.queue, l.doubtful, l.faults.slow
		l.queue, l.doubtful = nil, false
		l.mu.Unlock()
		for _, stored := range queue {
			l.dice.pause(ctx, slow)
			if ctx.Err() == nil {
				deliver(stored)
			}
		}
		if doubtful {
			doubt()
		}
		select {
		case <-l.arrived:
		case <-ctx.Done():
			return nil
		}
	}
}

func (l *memLog) Grown(ctx context.Context) (map[fanfare.Topic]uint64, error) {
	if err := l.call(ctx, "grown"); err != nil {
		return nil, err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	grown := map[fanfare.Topic]uint64{}
	for topic, events := range l.events {
		if n := len(events); l.followed[topic] > 0 && n > 0 && events[n-1].Seq > l.compared {
			grown[topic] = events[n-1].Seq
		}
	}
	l.compared = l.seq
	return grown, nil
}

func (l *memLog) Snapshot(ctx context.Context, topic fanfare.Topic) ([]fanfare.Stored, uint64, error) {
	if err := l.call(ctx, "snapshot"); err != nil {
		return nil, 0, err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	last := map[string]fanfare.Stored{}
	for _, stored := range l.history[topic] {
		if name := fanfare.StateOf(stored.Event.Type, topic); name != "" && stored.Seq <= l.mark {
			stored.Prev = 0
			last[name] = stored
		}
	}
	var state []fanfare.Stored
	for _, stored := range last {
		state = append(state, stored)
	}
	slices.SortFunc(state, func(a, b fanfare.Stored) int { return int(a.Seq) - int(b.Seq) })
	return state, l.mark, nil
}

func (l *memLog) Read(ctx context.Context, topic fanfare.Topic, from uint64, limit int) ([]fanfare.Stored, bool, error) {
	if err := l.call(ctx, "read"); err != nil {
		return nil, false, err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	var events []fanfare.Stored
	for _, stored := range l.events[topic] {
		if stored.Seq < from {
			continue
		}
		if len(events) == limit {
			return events, true, nil
		}
		if stored.Prev = 0; len(events) > 0 {
			stored.Prev = events[len(events)-1].Seq
		}
		events = append(events, stored)
	}
	return events, false, nil
}

func (l *memLog) Since(ctx context.Context, topic fanfare.Topic, at time.Time) (uint64, error) {
	if err := l.call(ctx, "since"); err != nil {
		return 0, err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, stored := range l.events[topic] {
		if !l.times[stored.Seq].Before(at) {
			return stored.Seq, nil
		}
	}
	return l.seq + 1, nil
}

func (l *memLog) End(ctx context.Context, topic fanfare.Topic) (last, end uint64, err error) {
	if err := l.call(ctx, "end"); err != nil {
		return 0, 0, err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if events := l.events[topic]; len(events) > 0 {
		last = events[len(events)-1].Seq
	}
	return last, l.seq, nil
}

func (l *memLog) Whole(ctx context.Context, topic fanfare.Topic, seq uint64) (bool, error) {
	if err := l.call(ctx, "whole"); err != nil {
		return false, err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	most := l.faults.maxPerTopic
	return l.first <= seq+1 && (most == 0 || len(l.events[topic]) < most), nil
}

// called returns how often a request was made.
func (l *memLog) called(name string) int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.calls[name]
}

// keeps reports whether the log still has the event.
func (l *memLog) keeps(topic fanfare.Topic, seq uint64) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return slices.ContainsFunc(l.events[topic], func(s fanfare.Stored) bool { return s.Seq == seq })
}
