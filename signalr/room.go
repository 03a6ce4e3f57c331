package signalr

import "context"

// Forget begins a key of the connection anew: its queue drops what waits of the
// key, and takes messages of it again if it had overflowed. From the call on no
// earlier [Overflow] of it stands. It is ordered before later sends, as Join
// is, and fails as that does.
func (c *Caller) Forget(key string) error {
	c.c.queue().forgetting(key)
	return c.post(task{kind: taskForget, conn: c.c, name: key})
}

// AwaitRoom waits until the connection's queue is at most half full, with all
// in it that the caller has sent before, as long as ctx lets it. It is
// [ErrConnectionEnded] or ctx's error.
func (c *Caller) AwaitRoom(ctx context.Context) error {
	if err := c.fence(ctx); err != nil {
		return err
	}
	for {
		room := c.c.queue().half(c.c.server.options.QueueLimit)
		if room == nil {
			return nil
		}
		if err := c.await(ctx, room); err != nil {
			return err
		}
	}
}

// fence waits until the shard has dealt with all that it was given before.
func (c *Caller) fence(ctx context.Context) error {
	if c.c.ctx.Err() != nil { // nothing is read any more
		return ErrConnectionEnded
	}
	if c.c.shard.inbox.settled() {
		return nil
	}
	done := make(chan struct{})
	if err := c.c.shard.inbox.post(ctx, task{kind: taskFence, done: done}); err != nil {
		return c.orEnded(err)
	}
	return c.await(ctx, done)
}

func (c *Caller) await(ctx context.Context, what <-chan struct{}) error {
	select {
	case <-what:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	case <-c.c.ctx.Done():
		return ErrConnectionEnded
	}
}

// post hands a task to the connection's shard, in OnDisconnected too, where a
// connection is still in its groups (LIFE-06).
func (c *Caller) post(t task) error {
	if c.c.over.Load() {
		return ErrConnectionEnded
	}
	return c.orEnded(c.c.post(t))
}

// orEnded is what an error means: that of a connection which has ended is that.
func (c *Caller) orEnded(err error) error {
	if err != nil && c.c.ctx.Err() != nil {
		return ErrConnectionEnded
	}
	return err
}

// half returns what to wait for while a queue is more than half full.
func (q *queue) half(limit int) <-chan struct{} {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.waitingLocked()+q.booked <= limit/2 {
		return nil
	}
	return q.roomLocked()
}
