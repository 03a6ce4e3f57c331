package bus

import (
	"context"
	"runtime"
	"sync"
)

const (
	// maxBatch is half of what the server takes as one batch.
	maxBatch = 500
	// maxBatchBytes keeps a batch of large events from holding up the next for
	// long, and the server's staging small.
	maxBatchBytes = 8 << 20
	// minBatch is from when on a batch is cheaper than single messages: the
	// server first stages it in files and directories of its own, which costs as
	// much as about twenty syncs, whatever it holds.
	minBatch = 20
)

// committer writes to one stream, one thing at a time. What comes meanwhile
// waits, and is the next thing: the longer a write takes, the more share the
// next one. Its goroutine runs only while there is something to write.
//
//	submit ─► waiting ─► take ─► batch ─────────────────────► finish
//	                        │      └ refused ─┐                 ▲
//	                        └ few ────────────┴─► one by one ───┘
type committer struct {
	writer *writer
	stream string

	mu      sync.Mutex
	waiting []*write // guarded by mu
	running bool     // guarded by mu
	closed  bool     // guarded by mu
}

func (c *committer) submit(w *write) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closed {
		c.writer.finish(w, unavailable("append to "+c.stream, errNotRunning))
		return
	}
	c.waiting = append(c.waiting, w)
	if !c.running {
		c.running = true
		c.writer.begin(c.run)
	}
}

// close has all that is submitted afterwards refused.
func (c *committer) close() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.closed = true
}

func (c *committer) run(ctx context.Context) {
	for {
		writes := c.take()
		if len(writes) == 0 {
			return
		}
		c.commit(ctx, writes)
		if len(writes) > 1 {
			c.gather()
		}
	}
}

// gather lets those who were just answered submit their next event, if all that
// they wait for is a processor. Otherwise the first of them would be written
// alone, and all others would wait for that.
func (c *committer) gather() {
	for before, n := -1, 0; n > before; {
		before = n
		runtime.Gosched()
		c.mu.Lock()
		n = len(c.waiting)
		c.mu.Unlock()
	}
}

// take returns what is written together next, in the order of submission:
// what one batch holds, or a single write that is larger than that.
func (c *committer) take() []*write {
	c.mu.Lock()
	defer c.mu.Unlock()
	n, msgs, bytes := 0, 0, int64(0)
	for _, w := range c.waiting {
		msgs, bytes = msgs+len(w.msgs), bytes+w.bytes
		if n > 0 && (msgs > maxBatch || bytes > maxBatchBytes) {
			break
		}
		n++
	}
	taken := c.waiting[:n:n]
	c.waiting = c.waiting[n:]
	if n == 0 {
		c.waiting, c.running = nil, false
	}
	return taken
}

// commit stores the writes, in their order, and answers each.
func (c *committer) commit(ctx context.Context, writes []*write) {
	tried := worthBatch(writes)
	if tried && c.commitTogether(ctx, writes) {
		return
	}
	refused := tried && len(writes) == 1
	for len(writes) > 0 {
		n := leadingSingles(writes)
		if n > 0 {
			c.commitSingles(ctx, writes[:n])
		} else {
			n = 1
			c.commitAlone(ctx, writes[0], !refused && len(writes[0].msgs) >= minBatch)
		}
		writes = writes[n:]
	}
}

// worthBatch reports whether the writes go as one batch.
func worthBatch(writes []*write) bool {
	msgs := 0
	for _, w := range writes {
		msgs += len(w.msgs)
	}
	return msgs >= minBatch && (len(writes) > 1 || msgs <= maxBatch)
}

func leadingSingles(writes []*write) int {
	for i, w := range writes {
		if len(w.msgs) > 1 {
			return i
		}
	}
	return len(writes)
}
