package feed

import (
	"context"

	"github.com/fanfare-hub/fanfare"
)

// goBack has the subscription go on after what its client was sent, since its
// queue has dropped the rest. It is called under subscriber.mu.
//
// The queue passes over all that it is sent of the topic until it is resumed:
// first whoever sends has to have stopped.
func (s *subscription) goBack(after uint64) {
	s.overflowed = true
	if s.ended {
		return // drop resumes
	}
	old := s.work
	old.cancel()
	t := s.topic
	t.mu.Lock()
	_ = s.leaveLocked() // an error says that the connection has ended
	t.mu.Unlock()
	left := s.subscriber.left[t.name]
	if work, ok := t.feed.start(func(ctx context.Context) {
		<-old.done
		if s.comeBack(ctx) {
			s.catchUpAfter(ctx, after, left)
		}
	}); ok {
		s.work = work
	}
}

// comeBack resumes the queue. If ctx ends before, who ends it does.
func (s *subscription) comeBack(ctx context.Context) bool {
	s.subscriber.mu.Lock()
	defer s.subscriber.mu.Unlock()
	if ctx.Err() != nil || s.subscriber.conn.Resume(ctx, s.topic.name) != nil {
		return false
	}
	s.overflowed = false
	return true
}

// catchUpAfter goes on after seq if that is this subscription's: what an
// earlier one may have been sent is no proof that this one was. Then it begins
// again.
func (s *subscription) catchUpAfter(ctx context.Context, after, left uint64) {
	w := &walk{feed: s.topic.feed, name: s.topic.name, topic: s.topic, pos: at(after)}
	if after <= max(left, s.base.seq) {
		if w = s.again(ctx); w == nil {
			return
		}
	}
	s.walk = w
	s.catchUp(ctx, w)
}

// again begins anew; nil when ctx has ended.
func (s *subscription) again(ctx context.Context) *walk {
	f := s.topic.feed
	if s.live {
		return &walk{feed: f, name: s.topic.name, topic: s.topic, pos: s.base}
	}
	for {
		w, _, err := f.resolve(ctx, s.topic.name, s.topic, s.start)
		if err == nil {
			return w
		}
		if !s.retry(ctx, err) {
			return nil
		}
	}
}

// start runs work that Run awaits, and that can be stopped before; false if it
// is not running.
func (f *Feed) start(run func(ctx context.Context)) (work, bool) {
	done := make(chan struct{})
	ctx, cancel := context.WithCancel(f.context())
	if !f.spawn(func(context.Context) {
		defer close(done)
		defer cancel()
		run(ctx)
	}) {
		cancel()
		return work{}, false
	}
	return work{cancel: cancel, done: done}, true
}

// leading returns the next of what comes before everything else.
func (w *walk) leading() (e fanfare.Envelope, ok bool) {
	if len(w.first) == 0 {
		return e, false
	}
	e, w.first = w.first[0], w.first[1:]
	return e, true
}
