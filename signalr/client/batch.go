package client

import (
	"context"
	"slices"
	"sync"

	"github.com/fanfare-hub/fanfare/signalr/hubproto"
)

// batchLimit is how many bytes of messages go out with one request, unless a
// single one has more: about what a server holds for a connection before it
// makes its requests wait (CONN-10).
const batchLimit = 64 << 10

// batcher is a transport that takes a round trip for each Send: what waits
// meanwhile goes out with the next one. It is for those that need no ledger.
type batcher interface{ batches() }

// batches are the messages whose senders wait for their turn. Each sender has
// one at most, which bounds them. Who gets the turn sends for the others too:
//
//	sendBatched: add ─► turn: take, write, tell ─► told
//	                └─► told by another one's turn, or withdrawn
type batches struct {
	mu      sync.Mutex
	waiting []*waiting // guarded by mu, in the order of their coming
}

// waiting is a message that waits.
type waiting struct {
	frame []byte
	told  chan error // holds one: what came of it
}

func (b *batches) add(frame []byte) *waiting {
	w := &waiting{frame: frame, told: make(chan error, 1)}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.waiting = append(b.waiting, w)
	return w
}

// withdraw takes a message back; it fails if it is being sent, or was.
func (b *batches) withdraw(w *waiting) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	i := slices.Index(b.waiting, w)
	if i < 0 {
		return false
	}
	b.waiting = slices.Delete(b.waiting, i, i+1)
	return true
}

// take hands out the oldest messages, up to batchLimit bytes, and their bytes.
func (b *batches) take() (batch []*waiting, frames []byte) {
	b.mu.Lock()
	defer b.mu.Unlock()
	n := 0
	for n < len(b.waiting) && (n == 0 || len(frames)+len(b.waiting[n].frame) <= batchLimit) {
		frames = append(frames, b.waiting[n].frame...)
		n++
	}
	batch = slices.Clone(b.waiting[:n])
	b.waiting = slices.Delete(b.waiting, 0, n)
	return batch, frames
}

// sendBatched is send over a batcher.
func (c *connection) sendBatched(ctx context.Context, message hubproto.Message) error {
	switch {
	case c.isClosing():
		return closedBy(c.reason())
	case ctx.Err() != nil:
		return context.Cause(ctx)
	}
	mine := c.batches.add(c.client.codec.Append(nil, message))
	for {
		select {
		case err := <-mine.told:
			return err
		default:
		}
		select {
		case err := <-mine.told:
			return err
		case c.writing <- struct{}{}:
			c.writeBatch()
			<-c.writing
		case <-ctx.Done():
			if c.batches.withdraw(mine) {
				return context.Cause(ctx)
			}
			return <-mine.told
		case <-c.ended:
			if c.batches.withdraw(mine) {
				return closedBy(c.reason())
			}
			return <-mine.told
		}
	}
}

// writeBatch is for the holder of the right to write. Behind what has failed
// nothing more is sent: the hub would see a gap.
func (c *connection) writeBatch() {
	batch, frames := c.batches.take()
	if len(batch) == 0 {
		return
	}
	var err error
	if c.isClosing() {
		err = closedBy(c.reason())
	} else {
		err = c.writeFrames(frames, uint64(len(batch)), false)
	}
	for _, w := range batch {
		w.told <- err
	}
}
