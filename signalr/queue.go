package signalr

import (
	"errors"
	"fmt"
	"net"
	"sync"
)

// writeStep is what a writer offers to a socket at a time, in bytes: between
// two steps it sees whether the client takes anything at all.
const writeStep = 16 << 10

var errOverflow = errors.New("client is too slow: its queue is full")

// queue holds what a connection's socket did not take. The shard appends; a
// writer, which exists only while there is something, takes out.
type queue struct {
	mu      sync.Mutex
	waiting []byte        // guarded by mu
	inHand  int           // guarded by mu: bytes that the writer is writing
	writing bool          // guarded by mu: there is a writer
	booked  int           // guarded by mu: bytes of streams' items on their way here
	room    chan struct{} // guarded by mu: closed when something leaves; nil if nobody waits
	done    chan struct{} // guarded by mu: closed when all is written, if set
}

// push writes whole frames to c if nothing is before them, as far as its socket takes
// them now, and queues the rest. It is called by the shard.
func (s *shard) push(c *connection, bytes []byte) error {
	if bytes = s.wire(c, bytes); len(bytes) == 0 {
		return nil
	}
	if c.queue.idle() {
		n, err := c.transport.tryWrite(bytes)
		if err != nil {
			return fmt.Errorf("write: %w", err)
		}
		if bytes = bytes[n:]; len(bytes) == 0 {
			return nil
		}
		c.queue.start(bytes)
		s.writers.Go(func() { s.drain(c) })
		return nil
	}
	if !c.queue.add(bytes, s.server.options.QueueLimit) {
		s.server.counters.overflowed.Add(1)
		return errOverflow
	}
	return nil
}

// drain is a connection's writer: it writes, blocking, until the queue is
// empty or the client has taken nothing for the send timeout.
func (s *shard) drain(c *connection) {
	for {
		bytes := c.queue.take()
		if bytes == nil {
			return
		}
		if err := c.writeSteps(bytes); err != nil {
			var timeout net.Error
			if errors.As(err, &timeout) && timeout.Timeout() {
				s.server.counters.stuck.Add(1)
			}
			c.cut()
			c.queue.giveUp()
			return
		}
	}
}

// writeSteps writes bytes; the deadline begins anew with all that is taken.
func (c *connection) writeSteps(bytes []byte) error {
	for len(bytes) > 0 {
		n, err := c.transport.write(bytes[:min(len(bytes), writeStep)], c.endpoint.TransportSendTimeout)
		bytes = bytes[n:]
		c.queue.taken(n)
		if err != nil && n == 0 {
			return fmt.Errorf("write: %w", err)
		}
	}
	return nil
}

func (q *queue) idle() bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	return !q.writing
}

// start queues the first bytes, of any number; the caller starts the writer.
func (q *queue) start(bytes []byte) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.waiting, q.writing = append(q.waiting, bytes...), true
}

// add queues bytes behind others, if that keeps the bound.
func (q *queue) add(bytes []byte, limit int) bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	if len(q.waiting)+q.inHand+len(bytes) > limit {
		return false
	}
	q.waiting = append(q.waiting, bytes...)
	return true
}

// take hands all bytes to the writer; nil ends it.
func (q *queue) take() []byte {
	q.mu.Lock()
	defer q.mu.Unlock()
	bytes := q.waiting
	q.waiting, q.inHand = nil, len(bytes)
	if bytes == nil {
		q.endLocked()
	}
	return bytes
}

func (q *queue) taken(n int) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.inHand -= n
	q.wakeLocked()
}

// giveUp ends the writer of a lost connection.
func (q *queue) giveUp() {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.waiting, q.inHand = nil, 0
	q.endLocked()
}

func (q *queue) endLocked() {
	q.writing = false
	q.wakeLocked()
	if q.done != nil {
		close(q.done)
		q.done = nil
	}
}

// finish closes done when all that is queued is written, or lost.
func (q *queue) finish(done chan struct{}) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if !q.writing {
		close(done)
		return
	}
	q.done = done
}
