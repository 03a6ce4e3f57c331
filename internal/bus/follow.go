package bus

import (
	"context"
	"sync"

	"github.com/nats-io/nats.go"

	"github.com/fanfare-hub/fanfare"
)

// follows are the topics whose live subjects this node has subscribed to. The
// cost of one is about a kilobyte, here and in the server together.
type follows struct {
	conn    *nats.Conn
	shards  []chan *nats.Msg // of a topic always the same: that keeps its order
	flushed *flusher

	mu      sync.Mutex
	subs    []map[string]*nats.Subscription // by partition and event subject; guarded by mu
	dropped uint64                          // from subscriptions that have ended; guarded by mu
}

func newFollows(ctx context.Context, conn *nats.Conn, partitions, queue int) *follows {
	ctx = context.WithoutCancel(ctx) // it may end with Start
	f := &follows{
		conn:    conn,
		shards:  make([]chan *nats.Msg, liveShards),
		flushed: newFlusher(func() error { return flush(ctx, conn) }),
		subs:    make([]map[string]*nats.Subscription, partitions),
	}
	for i := range f.shards {
		f.shards[i] = make(chan *nats.Msg, queue)
	}
	for p := range f.subs {
		f.subs[p] = make(map[string]*nats.Subscription)
	}
	return f
}

// Follow has [Bus.Live] hand over what is stored on the topic from its return
// on. Errors: conflict if the topic is followed already, invalid_topic,
// unavailable; after an error the topic is not followed.
func (b *Bus) Follow(ctx context.Context, topic fanfare.Topic) error {
	s, key, p, err := b.find(topic)
	if err != nil {
		return err
	}
	if err := s.follows.add(key, p); err != nil {
		return translate("follow "+topic.String(), err)
	}
	if err := s.follows.flushed.wait(ctx); err != nil {
		s.follows.remove(key, p)
		return translate("follow "+topic.String(), err)
	}
	return nil
}

// Unfollow ends what Follow began; what is under way may still come. It is
// harmless for a topic that is not followed.
func (b *Bus) Unfollow(topic fanfare.Topic) {
	if s, key, p, err := b.find(topic); err == nil { // a bus that has stopped follows nothing
		s.follows.remove(key, p)
	}
}

func (f *follows) add(key string, p int) error {
	live := liveSubject(key, p)
	subject := live[len(republished):] // shares its bytes with the subscription
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.subs[p][subject] != nil {
		return fanfare.Errorf(fanfare.CodeConflict, "the topic is followed already")
	}
	sub, err := f.conn.ChanSubscribe(live, f.shards[partition(key, len(f.shards))])
	if err != nil {
		return err
	}
	f.subs[p][subject] = sub
	return nil
}

func (f *follows) remove(key string, p int) {
	subject := eventSubject(key, p)
	f.mu.Lock()
	defer f.mu.Unlock()
	sub := f.subs[p][subject]
	if sub == nil {
		return
	}
	delete(f.subs[p], subject)
	f.dropped += liveDropped(sub)
	_ = sub.Unsubscribe() // an error says that the connection has ended
}

// any reports whether a topic of the partition is followed.
func (f *follows) any(p int) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	return len(f.subs[p]) > 0
}

// subjects returns where the followed topics of a partition are stored.
func (f *follows) subjects(p int) []string {
	f.mu.Lock()
	defer f.mu.Unlock()
	subjects := make([]string, 0, len(f.subs[p]))
	for subject := range f.subs[p] {
		subjects = append(subjects, subject)
	}
	return subjects
}

// lost counts the live events that were dropped because a shard was full.
func (f *follows) lost() uint64 {
	f.mu.Lock()
	defer f.mu.Unlock()
	lost := f.dropped
	for _, subs := range f.subs {
		for _, sub := range subs {
			lost += liveDropped(sub)
		}
	}
	return lost
}

func liveDropped(sub *nats.Subscription) uint64 {
	dropped, err := sub.Dropped()
	if err != nil || dropped < 0 { // the subscription has ended
		return 0
	}
	return uint64(dropped)
}

// flusher lets those who wait for a flush at the same time share one.
type flusher struct {
	flush func() error  // bounded by requestTimeout
	turn  chan struct{} // holds one while no flush is under way

	mu   sync.Mutex
	next *flushRound // has not begun; guarded by mu
}

func newFlusher(flush func() error) *flusher {
	f := &flusher{flush: flush, turn: make(chan struct{}, 1)}
	f.turn <- struct{}{}
	return f
}

type flushRound struct {
	done chan struct{}
	err  error // to be read when done is closed
}

// wait returns when a flush that began after the call has ended.
func (f *flusher) wait(ctx context.Context) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	f.mu.Lock()
	round, first := f.next, f.next == nil
	if first {
		round = &flushRound{done: make(chan struct{})}
		f.next = round
	}
	f.mu.Unlock()
	if first {
		f.run(round)
	}
	select {
	case <-round.done:
		return round.err
	case <-ctx.Done():
		return ctx.Err()
	}
}

// run waits for the flush under way; who comes meanwhile joins this round.
func (f *flusher) run(round *flushRound) {
	<-f.turn
	defer func() { f.turn <- struct{}{} }()
	f.mu.Lock()
	f.next = nil
	f.mu.Unlock()
	round.err = f.flush()
	close(round.done)
}
