package signalr

import (
	"context"
	"sync"
)

// Overflow tells that a connection was too slow for the messages of one key
// that are [Delivery.Logged]: those that waited were dropped, and later ones
// are until [Hub.Resume].
type Overflow struct {
	ConnectionID string
	Key          string // Delivery.Key, or the name that the target had

	key key
}

// overflows are those of a hub that nobody has been told of. A connection has
// one for each of its keys at most, until that is resumed.
type overflows struct {
	mu    sync.Mutex
	list  []Overflow    // guarded by mu
	added chan struct{} // guarded by mu: closed by the next; nil if nobody waits
}

// NextOverflow waits for an overflow that it has not returned before. It is
// for one goroutine, which every hub needs whose messages are Logged. It has
// the connections given what they lack, from where it is stored, at the pace of
// [Caller.AwaitRoom], and at the end Resume. The connection may have ended since.
func (h *Hub) NextOverflow(ctx context.Context) (Overflow, error) {
	for {
		next, added := h.overflows.take()
		if added == nil {
			return next, nil
		}
		select {
		case <-added:
		case <-ctx.Done():
			return Overflow{}, ctx.Err()
		}
	}
}

func (o *overflows) add(next Overflow) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.list = append(o.list, next)
	if o.added != nil {
		close(o.added)
		o.added = nil
	}
}

func (o *overflows) take() (Overflow, <-chan struct{}) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if len(o.list) == 0 {
		if o.added == nil {
			o.added = make(chan struct{})
		}
		return Overflow{}, o.added
	}
	next := o.list[0]
	if o.list = o.list[1:]; len(o.list) == 0 {
		o.list = nil
	}
	return next, nil
}

// Resume has a connection's queue take messages of a key again that has
// overflowed. It is ordered before later sends, as Join is.
func (h *Hub) Resume(ctx context.Context, o Overflow) error {
	server := h.server.Load()
	if server == nil {
		return nil
	}
	return server.post(ctx, task{kind: taskResume, hub: h, id: o.ConnectionID, key: o.key})
}

// AwaitRoom waits until the connection's queue is at most half full, as long as
// ctx lets it. An error says that ctx or the connection has ended.
func (c *Caller) AwaitRoom(ctx context.Context) error {
	for {
		room := c.c.queue().half(c.c.server.options.QueueLimit)
		if room == nil {
			return nil
		}
		select {
		case <-room:
		case <-ctx.Done():
			return ctx.Err()
		case <-c.c.ctx.Done():
			return c.c.ctx.Err()
		}
	}
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
