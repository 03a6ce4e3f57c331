package signalr

import (
	"context"
	"sync"
)

// Overflow tells that a connection was too slow for the messages of one key
// that are [Delivery.Logged]: those that waited were dropped, and later ones
// are until [Caller.Forget].
type Overflow struct {
	Caller *Caller // the connection, which may have ended since
	Key    string  // Delivery.Key, or the name that the target had
	// After is the Position of the oldest message that was dropped: what came
	// before it was sent or will be, it and what came after was not.
	After uint64

	key    key
	origin *Overflow // the one that the queue knows
}

// Stands says whether the connection still lacks something: it has not ended,
// and nobody has called [Caller.Forget] since.
func (o Overflow) Stands() bool {
	c := o.Caller.c
	return c.ctx.Err() == nil && c.queue().isBehind(o.origin)
}

// overflows are those of a hub that nobody has been told of. A connection has
// one for each of its keys at most, but for those that were resumed meanwhile.
type overflows struct {
	mu    sync.Mutex
	list  []*Overflow   // guarded by mu
	added chan struct{} // guarded by mu: closed by the next; nil if nobody waits
}

// NextOverflow waits for an overflow that it has not returned before. It is
// for one goroutine, which every hub needs whose messages are Logged. It has
// the connections given what they lack, from where it is stored: [Caller.Forget]
// first, then the messages after After, Logged too, at the pace of
// [Caller.AwaitRoom]. One that does not stand any more is not told.
func (h *Hub) NextOverflow(ctx context.Context) (Overflow, error) {
	for {
		next, added := h.overflows.take()
		switch {
		case next != nil && next.Stands():
			return *next, nil
		case next != nil:
			continue
		}
		select {
		case <-added:
		case <-ctx.Done():
			return Overflow{}, ctx.Err()
		}
	}
}

func (o *overflows) add(next *Overflow) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.list = append(o.list, next)
	if o.added != nil {
		close(o.added)
		o.added = nil
	}
}

// take returns the next one, or what to wait for.
func (o *overflows) take() (*Overflow, <-chan struct{}) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if len(o.list) == 0 {
		if o.added == nil {
			o.added = make(chan struct{})
		}
		return nil, o.added
	}
	next := o.list[0]
	o.list[0] = nil
	if o.list = o.list[1:]; len(o.list) == 0 {
		o.list = nil
	}
	return next, nil
}

// forgoLocked drops what waits of a message's key, and the message with it.
func (q *queue) forgoLocked(how *handling) (dropped int, behind *Overflow) {
	behind = &Overflow{Key: how.key.name, After: how.position, key: how.key}
	behind.origin = behind
	dropped, after := q.backlog.drop(how.key)
	if dropped > 0 {
		behind.After = after
	}
	if q.behind == nil {
		q.behind = map[key]*Overflow{}
	}
	q.behind[how.key] = behind
	q.wakeLocked()
	return dropped + 1, behind
}

// isBehind says whether the key has not been forgotten since o, nor is to be.
func (q *queue) isBehind(o *Overflow) bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.behind[o.key] == o && q.leaving[o.key.name] == 0
}

// forgetting says that forget will follow.
func (q *queue) forgetting(name string) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.leaving == nil {
		q.leaving = map[string]int{}
	}
	q.leaving[name]++
}

// forget drops what waits of a key, whatever the kind of its name, and queues
// its messages again.
func (q *queue) forget(name string) (dropped int) {
	q.mu.Lock()
	defer q.mu.Unlock()
	for kind := range toKey + 1 {
		k := key{kind, name}
		n, _ := q.backlog.drop(k)
		dropped += n
		delete(q.behind, k)
	}
	if len(q.behind) == 0 {
		q.behind = nil
	}
	if q.leaving[name]--; q.leaving[name] <= 0 {
		delete(q.leaving, name)
	}
	if len(q.leaving) == 0 {
		q.leaving = nil
	}
	if dropped > 0 {
		q.wakeLocked()
	}
	return dropped
}
