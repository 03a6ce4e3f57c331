package signalr

import (
	"github.com/fanfare-hub/fanfare/signalr/hubproto"
	"github.com/fanfare-hub/fanfare/signalr/internal/outbox"
)

// The numbers of stateful reconnect are kept in the connection's queue, which
// gives them out; the reader counts what comes, the shard acknowledges it.

// arm makes a connection one that may come back. It is called before the shard
// knows of it.
func (c *connection) arm() {
	q := c.queue()
	q.mu.Lock()
	defer q.mu.Unlock()
	q.out, q.in = outbox.New(c.hub.options.StatefulReconnectBufferSize), &outbox.Inbox{}
	c.resumable.Store(true)
}

// acknowledge tells the client what has arrived, if something has (SR-05).
func (s *shard) acknowledge(c *connection) {
	if !c.resumable.Load() {
		return
	}
	if number, due := c.queue().due(s.server.options.QueueLimit); due {
		s.give(c, c.encoding.Load().frame(nil, &hubproto.Ack{SequenceID: number}), asControl)
	}
}

// ackRoom is what an Ack takes in a queue at most, in bytes.
const ackRoom = entryCost + 128

// due says what to acknowledge, unless the queue is so full that an Ack would
// overflow it: then it is due at a later tick.
func (q *queue) due(limit int) (number int64, due bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if waiting := q.waitingLocked(); waiting > 0 && waiting+ackRoom > limit {
		return 0, false
	}
	return q.in.Due()
}

// numbers takes care of the numbers of what a client sends. It says whether
// the message is to be looked at: not if it came before (SR-12), nor if it
// stands where a Sequence should (SR-14).
func (c *connection) numbers(m hubproto.Message) (fresh bool, err error) {
	sequence, announces := m.(*hubproto.Sequence)
	switch {
	case !c.resumable.Load():
		return true, nil // SR-15
	case announces:
		c.unannounced = false
		return false, c.queue().sequence(sequence.SequenceID)
	case c.unannounced:
		return false, nil
	}
	switch m := m.(type) {
	case *hubproto.Ack:
		if c.queue().acknowledged(m.SequenceID) {
			c.shard.inbox.force(task{kind: taskPump, conn: c})
		}
		return false, nil
	case *hubproto.Invocation, *hubproto.StreamItem, *hubproto.Completion, *hubproto.CancelInvocation:
		return c.queue().received(), nil
	default:
		return true, nil
	}
}

func (q *queue) sequence(n int64) error {
	q.mu.Lock()
	defer q.mu.Unlock()
	if err := q.in.Sequence(n); err != nil {
		return &namedError{nameInvalidOperation, err.Error()}
	}
	return nil
}

// acknowledged forgets what the client has; it says whether something that
// waited for that can go on (SR-06, SR-07).
func (q *queue) acknowledged(n int64) (released bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	full := q.out.Full()
	q.out.Ack(n)
	return full && !q.out.Full() && !q.backlog.empty()
}

func (q *queue) received() (fresh bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.in.Receive()
}

// replay puts what was not acknowledged in front, behind the message that says
// with which number it begins.
func (q *queue) replay(sequence func(next int64) []byte) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.unsent = sequence(q.out.Next())
	for frame := range q.out.Unacknowledged() {
		q.unsent = append(q.unsent, frame...)
	}
}
