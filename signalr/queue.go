package signalr

import (
	"sync"

	"github.com/fanfare-hub/fanfare/signalr/internal/outbox"
)

// queue is what waits for one client. The shard puts in; the shard, a writer,
// or the polls of long polling take out, one of them at a time.
//
//	put -> backlog -> take: numbered, in hand -> sent | unsent (comes first)
type queue struct {
	mu      sync.Mutex
	backlog backlog           // guarded by mu
	unsent  []byte            // guarded by mu: began to be sent, so goes before everything else
	last    []byte            // guarded by mu: the last frames, after everything else (CLOSE-07)
	inHand  int               // guarded by mu: bytes that were taken and are being sent
	writing bool              // guarded by mu: there is a writer
	stopped chan struct{}     // guarded by mu: closed when the writer ends; nil if nobody waits
	booked  int               // guarded by mu: bytes of streams' items on their way here
	room    chan struct{}     // guarded by mu: closed when something leaves; nil if nobody waits
	flushed chan struct{}     // guarded by mu: to be closed when all is sent, if set
	behind  map[key]*Overflow // guarded by mu: of the keys that have overflowed
	leaving map[string]int    // guarded by mu: how often forget is to come, of each name
	out     *outbox.Outbox    // guarded by mu: nil without stateful reconnect
	in      *outbox.Inbox     // guarded by mu: likewise
}

// verdict is what becomes of a message at a queue.
type verdict int

const (
	queued    verdict = iota
	conflated         // it has taken another one's place
	skipped           // its key has overflowed before
	forgone           // its key overflows now: what waited of it is dropped
	overflow          // the queue is full
)

// put queues a frame, if that keeps the bound. Something is always queued if
// nothing else waits. behind is set with forgone.
func (q *queue) put(frame []byte, how *handling, limit int) (result verdict, dropped int, behind *Overflow) {
	q.mu.Lock()
	defer q.mu.Unlock()
	switch {
	case how.logged && q.behind[how.key] != nil:
		return skipped, 1, nil
	case q.backlog.conflate(frame, how, limit-q.waitingLocked()):
		return conflated, 1, nil
	}
	if waiting := q.waitingLocked(); waiting == 0 || waiting+cost(frame, how) <= limit {
		q.backlog.push(frame, how)
		return queued, 0, nil
	}
	if !how.logged {
		return overflow, 1, nil
	}
	dropped, behind = q.forgoLocked(how)
	return forgone, dropped, behind
}

// finish queues the last frames; flushed is closed when they are sent, or
// cannot be. Without any, what waits is given up.
func (q *queue) finish(last []byte, flushed chan struct{}) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.last, q.flushed = last, flushed; len(last) == 0 {
		q.last, q.unsent, q.backlog = nil, nil, backlog{}
	}
	q.concludeLocked()
}

// take hands out what goes next, about limit bytes, as whole frames but for
// the rest of one that has begun; what has to wait for an Ack is left. in is
// what the connection's messages are encoded in, wire turns frames into what
// the transport sends. The bytes are appended to buf; nothing is nil.
func (q *queue) take(buf []byte, limit int, in *encoding, wire func(dst, frames []byte) []byte) []byte {
	q.mu.Lock()
	defer q.mu.Unlock()
	bytes := append(buf, q.unsent...)
	q.unsent = nil
	for len(bytes) < limit {
		e := q.backlog.first(q.out != nil && q.out.Full())
		if e == nil {
			bytes = append(bytes, q.takeLastLocked(wire)...)
			break
		}
		q.backlog.remove(e)
		frame := e.final(in)
		if q.out != nil && e.how.numbered {
			q.out.Add(frame)
		}
		bytes = wire(bytes, frame)
	}
	if q.inHand = len(bytes) - len(buf); q.inHand == 0 {
		q.concludeLocked() // the last frames may mean nothing to a transport
		return nil
	}
	return bytes
}

// takeLastLocked is the end of the queue. What an Ack could still have let
// through is given up.
func (q *queue) takeLastLocked(wire func(dst, frames []byte) []byte) []byte {
	if q.last == nil {
		return nil
	}
	last := wire(nil, q.last)
	q.last, q.backlog = nil, backlog{}
	return last
}

// sent is called when n bytes of what was taken have left.
func (q *queue) sent(n int) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.inHand -= n
	q.wakeLocked()
	q.concludeLocked()
}

// keep puts back bytes that were taken and not sent: they go first. They are
// copied.
func (q *queue) keep(bytes []byte) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.unsent, q.inHand = append([]byte(nil), bytes...), 0
}

// restart has a writer begin, if there is none and there is something to send.
func (q *queue) restart() bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.writing || !q.sendableLocked() {
		return false
	}
	q.writing = true
	return true
}

// rest ends the writer if there is nothing more to send.
func (q *queue) rest() bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.sendableLocked() {
		return false
	}
	q.endLocked()
	return true
}

// stop returns a channel that is closed when no writer is there. It is for
// who sees to it that the writer fails, and that no other one begins.
func (q *queue) stop() <-chan struct{} {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.stopped == nil {
		q.stopped = make(chan struct{})
	}
	stopped := q.stopped
	if !q.writing {
		close(q.stopped)
		q.stopped = nil
	}
	return stopped
}

// giveUp ends the writer of a transport that is lost. What it had in hand is
// gone with it; stateful reconnect has it still.
func (q *queue) giveUp() {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.inHand, q.unsent = 0, nil
	if q.out == nil || q.flushed != nil {
		q.backlog, q.last = backlog{}, nil
	}
	q.endLocked()
}

func (q *queue) endLocked() {
	q.writing = false
	if q.stopped != nil {
		close(q.stopped)
		q.stopped = nil
	}
	q.wakeLocked()
	q.concludeLocked()
}

// concludeLocked tells that all is sent.
func (q *queue) concludeLocked() {
	if q.flushed != nil && !q.writing && q.last == nil && q.inHand == 0 && len(q.unsent) == 0 {
		close(q.flushed)
		q.flushed = nil
	}
}

// sendableLocked says whether take would hand out something.
func (q *queue) sendableLocked() bool {
	return len(q.unsent) > 0 || q.last != nil || q.backlog.first(q.out != nil && q.out.Full()) != nil
}

func (q *queue) sendable() bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	return !q.writing && q.sendableLocked()
}

// idle says whether nothing waits and nobody writes, and nothing is left out.
func (q *queue) idle() bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	return !q.writing && len(q.unsent) == 0 && q.backlog.empty() && q.behind == nil
}

// quiet says whether nothing is under way: what waits, waits for an Ack.
func (q *queue) quiet() bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	return !q.writing && !q.sendableLocked()
}

// waitingLocked is what the bound is compared with, in bytes.
func (q *queue) waitingLocked() int { return q.backlog.bytes + len(q.unsent) + q.inHand }

// roomLocked is closed when something leaves.
func (q *queue) roomLocked() <-chan struct{} {
	if q.room == nil {
		q.room = make(chan struct{})
	}
	return q.room
}

func (q *queue) wakeLocked() {
	if q.room != nil {
		close(q.room)
		q.room = nil
	}
}
