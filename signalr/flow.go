package signalr

import "context"

// The items of streams share a part of their client's queue and wait for room
// in it, so that a slow client slows its streams down (STR-02), and neither
// they nor anybody else overflow its queue. What an item takes is booked from
// the moment it is handed to the shard.

// streamShare is the part of a queue that items may take.
const streamShare = 4 // a quarter

// postItem hands a stream's item to the shard when there is room for it, or
// when nothing at all is before it. It waits as long as ctx lets it.
func (c *connection) postItem(ctx context.Context, bytes []byte) error {
	for {
		room := c.queue().book(len(bytes), c.server.options.QueueLimit/streamShare)
		if room == nil {
			break
		}
		select {
		case <-room:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	err := c.shard.inbox.post(ctx, task{kind: taskItem, conn: c, bytes: bytes})
	if err != nil {
		c.queue().unbook(len(bytes))
	}
	return err
}

// book takes room for an item, or returns what to wait for.
func (q *queue) book(size, limit int) <-chan struct{} {
	q.mu.Lock()
	defer q.mu.Unlock()
	if before := q.waitingLocked() + q.booked; before == 0 || before+size <= limit {
		q.booked += size
		return nil
	}
	return q.roomLocked()
}

// unbook is called when booked bytes are in the queue itself, written or lost.
func (q *queue) unbook(size int) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.booked -= size
	q.wakeLocked()
}

// giveItem adds an item for c alone; settle ends its booking when it has been
// written or queued.
func (s *shard) giveItem(c *connection, bytes []byte) {
	if c.finished {
		c.queue().unbook(len(bytes))
	} else {
		c.booked += len(bytes)
	}
	s.give(c, bytes, asAnswer)
}

func (s *shard) settle(c *connection) {
	if c.booked > 0 {
		c.queue().unbook(c.booked)
		c.booked = 0
	}
}
