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
	if s.ended {
		return // drop forgets
	}
	old := s.work
	old.cancel()
	t := s.topic
	t.mu.Lock()
	if s.state == joined {
		s.told = t.head
	}
	told := s.told
	_ = s.leaveLocked() // an error says that the connection has ended
	t.mu.Unlock()
	if work, ok := t.feed.start(func(ctx context.Context) {
		<-old.done
		s.comeBack(ctx, after, told)
	}); ok {
		s.work = work
	}
}

// comeBack resumes the queue and catches up after seq, or from the beginning if
// that cannot have been this subscription's: told is up to where the sink told
// it. If ctx ends before the queue is resumed, who ends it does that.
func (s *subscription) comeBack(ctx context.Context, after, told uint64) {
	if ctx.Err() != nil || s.subscriber.conn.Forget(s.topic.name) != nil {
		return
	}
	if s.walk != nil {
		told = max(told, s.walk.pos.seq)
	}
	w := &walk{feed: s.topic.feed, name: s.topic.name, topic: s.topic, pos: at(after)}
	if after <= s.base.seq || after > told {
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
//
//nolint:contextcheck,nolintlint // that one calls it unused, but callers would be told; its context is Run's
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
