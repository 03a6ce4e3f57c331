package feed_test

import (
	"context"
	"errors"
	"slices"
	"sync"
	"testing"

	"github.com/fanfare-hub/fanfare"
	"github.com/fanfare-hub/fanfare/internal/feed"
)

var errGone = errors.New("the connection has ended")

type group struct {
	topic fanfare.Topic
	form  feed.Form
}

// fakeHub is the sink: it hands what it is given to all who have joined.
type fakeHub struct {
	mu     sync.Mutex
	groups map[group][]*fakeConn
	told   int // calls of the sink
	twice  int // joins of who had joined
}

func (h *fakeHub) Callback(_ context.Context, e fanfare.Envelope) { h.tell(e, feed.Callbacks) }
func (h *fakeHub) Event(_ context.Context, e fanfare.Envelope)    { h.tell(e, feed.Envelopes) }

func (h *fakeHub) tell(e fanfare.Envelope, form feed.Form) {
	h.mu.Lock()
	h.told++
	members := slices.Clone(h.groups[group{e.Topic, form}])
	h.mu.Unlock()
	for _, c := range members {
		c.put(e)
	}
}

func (h *fakeHub) conn(limit int) *fakeConn {
	return &fakeConn{hub: h, limit: limit, behind: map[fanfare.Topic]int{}, changed: make(chan struct{})}
}

// fakeConn has a bounded queue, as a connection of the server has while its
// client is slow.
type fakeConn struct {
	hub        *fakeHub
	limit      int // envelopes
	overflowed func(topic fanfare.Topic, after uint64, stands func() bool)

	hold chan struct{} // if set, AwaitRoom takes one of it first, whatever its ctx

	mu        sync.Mutex
	queue     []fanfare.Envelope
	behind    map[fanfare.Topic]int // which overflow
	changed   chan struct{}         // closed by the next change
	ended     bool
	conflated int
	overflows int
	forgotten int
}

func (c *fakeConn) Join(topic fanfare.Topic, form feed.Form) error {
	c.hub.mu.Lock()
	defer c.hub.mu.Unlock()
	g := group{topic, form}
	if slices.Contains(c.hub.groups[g], c) {
		c.hub.twice++
		return errors.New("joined twice")
	}
	if c.hub.groups == nil {
		c.hub.groups = map[group][]*fakeConn{}
	}
	c.hub.groups[g] = append(c.hub.groups[g], c)
	return nil
}

func (c *fakeConn) Leave(topic fanfare.Topic, form feed.Form) error {
	c.hub.mu.Lock()
	defer c.hub.mu.Unlock()
	g := group{topic, form}
	c.hub.groups[g] = slices.DeleteFunc(c.hub.groups[g], func(other *fakeConn) bool { return other == c })
	return nil
}

func (c *fakeConn) Send(_ context.Context, e fanfare.Envelope, _ feed.Form) error {
	c.put(e)
	return nil
}

func (c *fakeConn) put(e fanfare.Envelope) {
	c.mu.Lock()
	defer c.mu.Unlock()
	defer c.changeLocked()
	switch {
	case c.behind[e.Topic] > 0 || c.ended:
		return
	case c.conflateLocked(e):
		c.conflated++
		return
	case len(c.queue) < c.limit:
		c.queue = append(c.queue, e)
		return
	}
	after := e.Prev
	if i := slices.IndexFunc(c.queue, func(q fanfare.Envelope) bool { return q.Topic == e.Topic }); i >= 0 {
		after = c.queue[i].Prev
	}
	c.purgeLocked(e.Topic)
	c.overflows++
	c.behind[e.Topic] = c.overflows
	if number := c.overflows; c.overflowed != nil {
		c.overflowed(e.Topic, after, func() bool {
			c.mu.Lock()
			defer c.mu.Unlock()
			return c.behind[e.Topic] == number
		})
	}
}

// conflateLocked puts an event in the place of the one before it: as the real
// queue, it does not look whether that is its neighbour in the chain.
func (c *fakeConn) conflateLocked(e fanfare.Envelope) bool {
	for i, before := range slices.Backward(c.queue) {
		if before.Topic != e.Topic {
			continue
		}
		plain := !before.Snapshot && before.Gap == nil && e.Gap == nil && !e.Snapshot
		if !plain || !before.Event.Conflatable() || !e.Event.Conflatable() {
			return false
		}
		c.queue[i] = e.Covering(before.Prev, before.Covers+1)
		return true
	}
	return false
}

func (c *fakeConn) AwaitRoom(ctx context.Context) error {
	if c.hold != nil {
		<-c.hold
		return nil
	}
	for {
		c.mu.Lock()
		room, changed, ended := len(c.queue) <= c.limit/2, c.changed, c.ended
		c.mu.Unlock()
		switch {
		case ended:
			return errGone
		case room:
			return ctx.Err()
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

func (c *fakeConn) Forget(topic fanfare.Topic) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	defer c.changeLocked()
	c.forgotten++
	c.purgeLocked(topic)
	delete(c.behind, topic)
	return nil
}

// take waits for the next envelope that the client receives.
func (c *fakeConn) take(ctx context.Context) (fanfare.Envelope, bool) {
	for {
		c.mu.Lock()
		if len(c.queue) > 0 {
			e := c.queue[0]
			c.queue = c.queue[1:]
			c.changeLocked()
			c.mu.Unlock()
			return e, true
		}
		changed := c.changed
		c.mu.Unlock()
		select {
		case <-changed:
		case <-ctx.Done():
			return fanfare.Envelope{}, false
		}
	}
}

// purge is a client that takes no interest in what is under way to it.
func (c *fakeConn) purge(topic fanfare.Topic) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.purgeLocked(topic)
	c.changeLocked()
}

func (c *fakeConn) purgeLocked(topic fanfare.Topic) {
	c.queue = slices.DeleteFunc(c.queue, func(q fanfare.Envelope) bool { return q.Topic == topic })
}

func (c *fakeConn) changeLocked() {
	close(c.changed)
	c.changed = make(chan struct{})
}

func (c *fakeConn) drain() []fanfare.Envelope {
	c.mu.Lock()
	defer c.mu.Unlock()
	all := c.queue
	c.queue = nil
	c.changeLocked()
	return all
}

// start runs a feed until the test's end; stop ends it before.
func start(t *testing.T, opts feed.Options) (f *feed.Feed, stop func()) {
	t.Helper()
	f, err := feed.New(opts)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- f.Run(ctx) }()
	stop = sync.OnceFunc(func() {
		cancel()
		if err := <-done; err != nil {
			t.Errorf("run: %v", err)
		}
	})
	t.Cleanup(stop)
	for { // until it runs
		r, err := f.Read(t.Context(), fanfare.UserTopic("nobody"), feed.Start{From: feed.FromNow})
		if err == nil {
			r.Close()
			return f, stop
		}
		wait(t.Context(), 1)
	}
}

var _ feed.Connection = (*fakeConn)(nil)

var _ feed.Sink = (*fakeHub)(nil)

var _ feed.Log = (*memLog)(nil)
