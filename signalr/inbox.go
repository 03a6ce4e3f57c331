package signalr

import (
	"context"
	"sync"
)

// inbox is the queue of a shard. It is bounded in bytes: a sender that is
// faster than the shard waits for room.
type inbox struct {
	limit int
	wake  chan struct{} // holds one signal while there are tasks

	mu     sync.Mutex
	tasks  []task        // guarded by mu
	spare  []task        // guarded by mu: the array of the round before
	bytes  int           // guarded by mu: sum of the tasks' sizes
	room   chan struct{} // guarded by mu: closed by the next take; nil if nobody waits
	busy   bool          // guarded by mu: the tasks of a round are being done
	closed bool          // guarded by mu
}

// keepTasks is the longest array that is kept for the next rounds.
const keepTasks = 4 << 10

func newInbox(limit int) *inbox {
	return &inbox{limit: limit, wake: make(chan struct{}, 1)}
}

// post appends a task, and waits for room as long as ctx lets it. A task is
// always taken when the inbox is empty, however big it is.
func (b *inbox) post(ctx context.Context, t task) error {
	size := t.size()
	for {
		room, err := b.offer(t, size)
		if err != nil || room == nil {
			return err
		}
		select {
		case <-room:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// offer appends a task, or returns what to wait for.
func (b *inbox) offer(t task, size int) (room <-chan struct{}, err error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.closed {
		return nil, ErrServerClosed
	}
	if b.bytes == 0 || b.bytes+size <= b.limit {
		b.appendLocked(t, size)
		return nil, nil //nolint:nilnil // nothing to wait for
	}
	if b.room == nil {
		b.room = make(chan struct{})
	}
	return b.room, nil
}

// force appends a task without regard to the bound: for the few that must
// never wait, one or two for each connection in its life.
func (b *inbox) force(t task) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if !b.closed {
		b.appendLocked(t, t.size())
	}
}

func (b *inbox) appendLocked(t task, size int) {
	b.tasks = append(b.tasks, t)
	b.bytes += size
	if len(b.tasks) == 1 {
		select {
		case b.wake <- struct{}{}:
		default:
		}
	}
}

// take returns all tasks; they must be given back by recycle.
func (b *inbox) take() []task {
	b.mu.Lock()
	defer b.mu.Unlock()
	tasks := b.tasks
	b.tasks, b.spare, b.bytes, b.busy = b.spare, nil, 0, true
	if b.room != nil {
		close(b.room)
		b.room = nil
	}
	return tasks
}

// recycle ends a round.
func (b *inbox) recycle(tasks []task) {
	if cap(tasks) > keepTasks {
		tasks = nil
	}
	clear(tasks)
	b.mu.Lock()
	defer b.mu.Unlock()
	b.spare, b.busy = tasks[:0], false
}

// settled says whether all that was posted is done.
func (b *inbox) settled() bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	return len(b.tasks) == 0 && !b.busy
}

// close refuses tasks from now on; those that are there can still be taken.
func (b *inbox) close() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.closed = true
	if b.room != nil {
		close(b.room)
		b.room = nil
	}
}
