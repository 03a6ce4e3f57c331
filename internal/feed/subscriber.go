package feed

import (
	"context"
	"maps"
	"slices"
	"sync"

	"github.com/fanfare-hub/fanfare"
)

// The limits of one connection.
const (
	// maxSubscriptions is more than a page shows, and little enough for what a
	// connection may cost: each one can follow a topic of its own.
	maxSubscriptions = 1000
	// maxReplays is how many pages of about a MiB are read from the log at once.
	maxReplays = 32
)

// Subscriber is one connection and what it has subscribed to. Its methods may
// be called by several goroutines, but not from within those of its Connection.
type Subscriber struct {
	feed *Feed
	conn Connection
	turn chan struct{} // holds one while a call changes what is subscribed
	pace chan struct{} // holds one while a catch-up waits for room, sends, or reads on

	mu     sync.Mutex
	closed bool                            // guarded by mu
	subs   map[fanfare.Topic]*subscription // guarded by mu
}

// Subscriber returns that of a connection, which the caller closes when the
// connection has ended.
func (f *Feed) Subscriber(c Connection) *Subscriber {
	return &Subscriber{feed: f, conn: c, turn: make(chan struct{}, 1), pace: make(chan struct{}, 1)}
}

// Subscribe has the connection told of a topic's events, from start on. It
// replaces what there was of the topic, in whichever form, unless it fails.
// Events may reach the client before it returns. FromNow costs no request of
// the log and no goroutine if somebody on this node follows the topic already.
//
// The error is CodeInvalidTopic, CodeInvalidArgument (a connection has at most
// 1000 subscriptions), CodeUnavailable, or the connection's own.
func (s *Subscriber) Subscribe(ctx context.Context, topic fanfare.Topic, form Form, start Start) (Receipt, error) {
	if form != Callbacks && form != Envelopes {
		return Receipt{}, fanfare.Errorf(fanfare.CodeInvalidArgument, "there is no form %d", form)
	}
	select {
	case s.turn <- struct{}{}:
	case <-ctx.Done():
		return Receipt{}, ctx.Err()
	}
	defer func() { <-s.turn }()
	if err := s.admits(topic); err != nil {
		return Receipt{}, err
	}
	t, err := s.feed.acquire(ctx, topic)
	if err != nil {
		return Receipt{}, err
	}
	sub := &subscription{subscriber: s, topic: t, form: form, start: start}
	w, receipt, err := sub.replace(ctx)
	if err != nil {
		s.feed.release(t)
		return Receipt{}, err
	}
	if err := sub.begin(ctx, w); err != nil {
		_ = s.drop(sub)
		return Receipt{}, err
	}
	return receipt, nil
}

// admits checks the limits of the connection.
func (s *Subscriber) admits(topic fanfare.Topic) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case s.closed:
		return errEnded
	case s.subs[topic] == nil && len(s.subs) >= maxSubscriptions:
		return fanfare.Errorf(fanfare.CodeInvalidArgument,
			"a connection may have %d subscriptions: unsubscribe from others first", maxSubscriptions)
	}
	return nil
}

// Unsubscribe ends a subscription in this form; nothing is sent after it has
// returned. Without one it does nothing.
func (s *Subscriber) Unsubscribe(topic fanfare.Topic, form Form) error {
	s.turn <- struct{}{}
	defer func() { <-s.turn }()
	s.mu.Lock()
	sub := s.subs[topic]
	s.mu.Unlock()
	if sub == nil || sub.form != form {
		return nil
	}
	return s.drop(sub)
}

// Overflowed is told that the connection's queue dropped the topic's events
// that come after this seq, and passes over later ones until it forgets. It has
// it forget and the subscription go on from there; without a subscription it
// only has it forget. It is called once for each overflow, which does nothing
// if it does not stand any more: the subscription is another one then. It waits
// for nothing but locks.
func (s *Subscriber) Overflowed(topic fanfare.Topic, after uint64, stands func() bool) {
	s.feed.meters.overflows.Add(s.feed.context(), 1)
	s.mu.Lock()
	defer s.mu.Unlock()
	if !stands() {
		return
	}
	if sub := s.subs[topic]; sub != nil {
		sub.goBack(after)
		return
	}
	s.forget(topic)
}

// forget leaves nothing of a topic in the queue that nobody here is to be told
// of any more. It is called under the lock, so that no new subscription comes
// first.
func (s *Subscriber) forget(topic fanfare.Topic) {
	_ = s.conn.Forget(topic) // an error says that the connection has ended
}

// Close ends all subscriptions; it may be called twice. It waits for calls that
// are under way: their ctx should have ended with the connection.
func (s *Subscriber) Close() {
	s.turn <- struct{}{}
	defer func() { <-s.turn }()
	s.mu.Lock()
	s.closed = true
	subs := slices.Collect(maps.Values(s.subs))
	s.mu.Unlock()
	for _, sub := range subs {
		_ = s.drop(sub) // the connection has left everything
	}
}

// drop ends a subscription and awaits what it has under way. What waits of it is
// dropped, and an overflow with it is over, before another subscription of the
// topic sends anything: that one's events are not to be taken for its own.
func (s *Subscriber) drop(sub *subscription) error {
	s.mu.Lock()
	sub.ended = true
	work := sub.work
	s.mu.Unlock()
	work.stop()
	err := sub.leave()
	s.mu.Lock()
	defer s.mu.Unlock()
	s.forget(sub.topic.name)
	if s.subs[sub.topic.name] == sub {
		delete(s.subs, sub.topic.name)
	}
	s.feed.release(sub.topic)
	return err
}
