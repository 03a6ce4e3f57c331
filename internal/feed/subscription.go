package feed

import (
	"context"
	"log/slog"
	"time"

	"github.com/fanfare-hub/fanfare"
)

// retryAfter is when a catch-up asks a log again that was unavailable.
const retryAfter = 500 * time.Millisecond

// subscription is a topic in one form on one connection.
//
//	catching up -> joined        it has been told everything: the sink reaches it
//	            -> pending       likewise, but what comes next has to be fitted
//	                             to where it stands: that is sent to it alone
//	goBack: overflow -> catching up
type subscription struct {
	subscriber *Subscriber
	topic      *topic
	form       Form
	start      Start
	base       position // where it began; base.seq is the Prev of its first envelope
	live       bool     // it began, or will, with what came after base

	ended bool // guarded by subscriber.mu: it is being dropped
	work  work // guarded by subscriber.mu: what catches up; it may have ended

	state state  // guarded by topic.mu
	told  uint64 // guarded by topic.mu: up to where the sink told it, as of the last overflow
	walk  *walk  // guarded by topic.mu while pending, else the catch-up's
}

type state int

const (
	catchingUp state = iota
	joined
	pending
)

// work is something under way that can be stopped.
type work struct {
	cancel context.CancelFunc
	done   chan struct{}
}

func (w work) stop() {
	if w.cancel != nil {
		w.cancel()
		<-w.done
	}
}

// replace resolves the start, and ends what the connection had of the topic.
// What begins now begins when that has ended.
func (s *subscription) replace(ctx context.Context) (*walk, Receipt, error) {
	subscriber := s.subscriber
	subscriber.mu.Lock()
	old := subscriber.subs[s.topic.name]
	subscriber.mu.Unlock()
	s.live = s.start.From == FromNow || s.start.From == FromSnapshot && !hasState(s.topic.name)
	if old != nil && s.live {
		_ = subscriber.drop(old) // joining says whether the connection has ended
	}
	w, receipt, err := s.topic.feed.resolve(ctx, s.topic.name, s.topic, s.start)
	if err != nil {
		return nil, receipt, err
	}
	if old != nil && !s.live {
		_ = subscriber.drop(old)
	}
	s.base = w.pos
	if len(w.first) > 0 {
		s.base.seq = w.first[0].Prev
	}
	return w, receipt, nil
}

// begin sends what comes first, and joins or goes on catching up.
func (s *subscription) begin(ctx context.Context, w *walk) error {
	inner, cancel := context.WithCancel(ctx)
	defer cancel()
	here := work{cancel: cancel, done: make(chan struct{})}
	s.enter(here)
	defer close(here.done)
	for e, ok := w.leading(); ok; e, ok = w.leading() {
		s.send(inner, e)
	}
	s.walk = w
	done := false
	if len(w.held) == 0 {
		var err error
		if done, err = s.join(inner, w); err != nil && inner.Err() == nil {
			return err
		}
	}
	if done {
		return nil
	}
	return s.follow(ctx, inner, w)
}

// enter makes it the connection's subscription of its topic. There is no other.
func (s *subscription) enter(here work) {
	subscriber := s.subscriber
	subscriber.mu.Lock()
	defer subscriber.mu.Unlock()
	if subscriber.subs == nil {
		subscriber.subs = map[fanfare.Topic]*subscription{}
	}
	subscriber.subs[s.topic.name] = s
	s.work = here
}

// follow begins to catch up in the background, unless goBack was called, which
// ends inner and takes care of it.
func (s *subscription) follow(ctx, inner context.Context, w *walk) error {
	subscriber := s.subscriber
	subscriber.mu.Lock()
	defer subscriber.mu.Unlock()
	if inner.Err() != nil {
		return ctx.Err()
	}
	work, ok := s.topic.feed.start(func(ctx context.Context) { s.catchUp(ctx, w) })
	if !ok {
		return errNotRunning
	}
	s.work = work
	return nil
}

// catchUp tells what is stored, at the client's pace, until it has joined.
func (s *subscription) catchUp(ctx context.Context, w *walk) {
	s.topic.feed.meters.replays.Add(ctx, 1)
	for {
		done, err := s.step(ctx, w)
		if done || ctx.Err() != nil {
			return
		}
		if err != nil && !s.retry(ctx, err) {
			return
		}
	}
}

// retry waits until the log may be asked again.
func (s *subscription) retry(ctx context.Context, err error) bool {
	s.topic.feed.logger.LogAttrs(ctx, slog.LevelWarn, "read what a subscriber lacks",
		slog.String("topic", s.topic.name.String()), slog.Any("error", err))
	timer := time.NewTimer(retryAfter)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}

// step sends one envelope when there is room, joins, or reads on. The error is
// the log's. It is done, too, when the connection has ended.
func (s *subscription) step(ctx context.Context, w *walk) (done bool, err error) {
	select {
	case s.subscriber.pace <- struct{}{}:
	case <-ctx.Done():
		return true, nil
	}
	defer func() { <-s.subscriber.pace }()
	if s.subscriber.conn.AwaitRoom(ctx) != nil {
		return true, nil // ctx or the connection has ended
	}
	if e, ok := w.ready(); ok {
		s.send(ctx, e)
		return false, nil
	}
	if done, err := s.join(ctx, w); done || err != nil {
		return true, nil // likewise
	}
	e, wake, err := w.next(ctx)
	if err == nil && wake == nil {
		s.send(ctx, e)
	}
	return false, err
}

// send tells the client alone. Whether the connection has ended, AwaitRoom says.
func (s *subscription) send(ctx context.Context, e fanfare.Envelope) {
	if e.GapOnly() && s.form == Callbacks {
		return // no callback carries it
	}
	if err := s.subscriber.conn.Send(ctx, e, s.form); err != nil {
		s.topic.feed.logger.LogAttrs(ctx, slog.LevelDebug, "send event",
			slog.String("topic", s.topic.name.String()), slog.Uint64("seq", e.Seq), slog.Any("error", err))
	}
}

// joinEvents and joinBytes bound what is sent at once by who joins: it goes
// into the half of the queue that AwaitRoom has found empty.
const (
	joinEvents = 8
	joinBytes  = 64 << 10
)

func tooMany(following []fanfare.Envelope) bool {
	bytes := 0
	for _, e := range following {
		bytes += len(e.Record)
	}
	return len(following) > joinEvents || bytes > joinBytes && len(following) > 1
}

// join tells what is left in the ring, and has the sink reach the client from
// there on. It is not done if that is much, or if the ring does not reach back
// far enough.
func (s *subscription) join(ctx context.Context, w *walk) (done bool, err error) {
	t := s.topic
	t.mu.Lock()
	defer t.mu.Unlock()
	following, ok := t.ring.after(w.pos.after)
	switch {
	case t.gone:
		return false, errNotRunning
	case ctx.Err() != nil: // it was told to stop, and something else goes on from here
		return false, ctx.Err()
	case !ok || tooMany(following):
		return false, nil
	}
	for _, e := range following {
		s.send(ctx, w.take(e))
	}
	if w.gap {
		s.send(ctx, w.sayGap(t.head))
	}
	fits := w.fitsLocked(t)
	if w.pos.free { // nothing has come yet, and everything that comes now is owed
		w.pos.free, w.pos.after = false, max(w.pos.after, t.knownLocked())
		s.base, s.live = w.pos, true
	}
	if fits {
		return true, s.joinLocked()
	}
	if t.pending == nil {
		t.pending = map[*subscription]struct{}{}
	}
	t.pending[s] = struct{}{}
	s.state, s.walk = pending, w
	return true, nil
}

// fitsLocked reports whether the topic's next envelope is the next for the walk
// as it is for everybody.
func (w *walk) fitsLocked(t *topic) bool {
	if w.pos.free { // no position: whatever Prev it has
		return w.pos.after <= t.knownLocked()
	}
	return w.pos.seq == t.head
}

// admitLocked is told, while pending, of an envelope that the sink has been
// given.
func (s *subscription) admitLocked(ctx context.Context, e fanfare.Envelope) {
	w := s.walk
	switch {
	case e.Seq > w.pos.after:
		s.send(ctx, w.take(e))
	case w.pos != at(e.Seq): // it knows that one, and later ones
		return
	}
	if err := s.joinLocked(); err != nil {
		s.topic.feed.logger.LogAttrs(ctx, slog.LevelDebug, "join topic",
			slog.String("topic", s.topic.name.String()), slog.Any("error", err))
	}
}

func (s *subscription) joinLocked() error {
	t := s.topic
	delete(t.pending, s)
	s.state, s.walk = catchingUp, nil
	if err := s.subscriber.conn.Join(t.name, s.form); err != nil {
		return err
	}
	t.joined[s.form]++
	s.state = joined
	return nil
}

// leave ends what join began.
func (s *subscription) leave() error {
	s.topic.mu.Lock()
	defer s.topic.mu.Unlock()
	return s.leaveLocked()
}

func (s *subscription) leaveLocked() error {
	t := s.topic
	was := s.state
	s.state = catchingUp
	switch was {
	case joined:
		t.joined[s.form]--
		return s.subscriber.conn.Leave(t.name, s.form)
	case pending:
		delete(t.pending, s)
	case catchingUp:
	}
	return nil
}
