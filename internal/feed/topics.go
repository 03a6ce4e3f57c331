package feed

import (
	"context"
	"errors"
	"time"

	"github.com/fanfare-hub/fanfare"
)

// linger is how long a topic is followed after the last who did: about as long
// as a page takes to load again, or a connection to come back.
const linger = 5 * time.Second

func checkTopic(topic fanfare.Topic) error {
	_, err := fanfare.ParseTopic(topic.String())
	return err
}

// acquire returns the topic, open. Who is first opens it, the others wait.
func (f *Feed) acquire(ctx context.Context, name fanfare.Topic) (*topic, error) {
	if err := checkTopic(name); err != nil {
		return nil, err
	}
	for {
		if !f.running() {
			return nil, errNotRunning
		}
		t, isNew, left := f.claim(name)
		if t == nil && left == nil {
			return nil, errNotRunning
		}
		if isNew {
			return f.follow(ctx, t)
		}
		if t != nil {
			err := f.awaitOpen(ctx, t)
			if err == nil || !errors.Is(err, context.Canceled) && !errors.Is(err, context.DeadlineExceeded) || ctx.Err() != nil {
				return t, err
			}
			continue // it was the opener who gave up
		}
		select {
		case <-left:
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
}

func (f *Feed) awaitOpen(ctx context.Context, t *topic) error {
	select {
	case <-t.ready:
		return t.err
	case <-ctx.Done():
		f.release(t)
		return ctx.Err()
	}
}

// claim returns the topic with one more reference, or what to wait for before
// another try.
func (f *Feed) claim(name fanfare.Topic) (t *topic, isNew bool, left <-chan struct{}) {
	f.mu.Lock()
	defer f.mu.Unlock()
	t = f.topics[name]
	switch {
	case f.topics == nil: // Run has ended
		return nil, false, nil
	case t == nil:
		t = &topic{feed: f, name: name, ready: make(chan struct{}), refs: 1}
		f.topics[name] = t
		return t, true, nil
	case t.left != nil:
		return nil, false, t.left
	}
	t.refs++
	delete(f.idle, t)
	return t, false, nil
}

// follow opens a topic. If it fails, those who wait for it try themselves.
func (f *Feed) follow(ctx context.Context, t *topic) (*topic, error) {
	last, end, err := f.startFollowing(ctx, t.name)
	if err == nil {
		t.open(last, end)
		close(t.ready)
		return t, nil
	}
	f.mu.Lock()
	delete(f.topics, t.name)
	f.mu.Unlock()
	t.err = err
	close(t.ready)
	return nil, err
}

func (f *Feed) startFollowing(ctx context.Context, name fanfare.Topic) (last, end uint64, err error) {
	if err := f.log.Follow(ctx, name); err != nil {
		return 0, 0, err
	}
	if last, end, err = f.log.End(ctx, name); err != nil {
		f.log.Unfollow(name)
	}
	return last, end, err
}

// release gives a reference back. The topic is kept for a while.
func (f *Feed) release(t *topic) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if t.refs--; t.refs == 0 && f.topics[t.name] == t {
		t.idle = time.Now()
		f.idle[t] = struct{}{}
	}
}

// sweep unfollows what nobody has followed for a while.
func (f *Feed) sweep() {
	for _, t := range f.outdated() {
		f.unfollow(t)
	}
}

// outdated marks those that are to be unfollowed: until that is done, who comes
// has to wait.
func (f *Feed) outdated() (topics []*topic) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for t := range f.idle {
		if time.Since(t.idle) >= linger {
			t.left = make(chan struct{})
			delete(f.idle, t)
			topics = append(topics, t)
		}
	}
	return topics
}

func (f *Feed) unfollow(t *topic) {
	f.log.Unfollow(t.name)
	t.close()
	f.mu.Lock()
	defer f.mu.Unlock()
	delete(f.topics, t.name)
	close(t.left)
}

// abandon unfollows everything, at the end of Run. Those who have references
// may still release them.
func (f *Feed) abandon() {
	f.mu.Lock()
	topics := f.topics
	f.topics, f.idle = nil, nil
	f.mu.Unlock()
	for _, t := range topics {
		f.log.Unfollow(t.name)
		t.close()
	}
}

func (f *Feed) countTopics() int64 {
	f.mu.RLock()
	defer f.mu.RUnlock()
	return int64(len(f.topics))
}
