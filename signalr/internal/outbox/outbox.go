package outbox

import "iter"

// Outbox keeps what was sent and is not acknowledged yet. The zero value is
// empty and has no bound; see [New].
type Outbox struct {
	limit    int      // bytes; 0 is no bound
	sent     int64    // the number of the newest message
	messages [][]byte // the unacknowledged ones, the newest of which is number sent
	bytes    int      // sum of their lengths
}

// New returns an empty outbox that is full above limit bytes; 0 is no bound.
func New(limit int) *Outbox { return &Outbox{limit: limit} }

// Full says whether the next message has to wait for an acknowledgement
// (SR-07). A single message above the limit fits into an outbox that is not
// full, whatever its size.
func (o *Outbox) Full() bool { return o.limit > 0 && o.bytes > o.limit }

// Add numbers a message, which must not be changed any more, and keeps it.
func (o *Outbox) Add(message []byte) (number int64) {
	o.sent++
	o.messages = append(o.messages, message)
	o.bytes += len(message)
	return o.sent
}

// Ack forgets all messages up to number n. One that was acknowledged before,
// or not sent yet, changes nothing (SR-06).
func (o *Outbox) Ack(n int64) {
	if n > o.sent || n < o.Next() {
		return
	}
	done := int64(len(o.messages)) - (o.sent - n)
	for i := range o.messages[:done] {
		o.bytes -= len(o.messages[i])
		o.messages[i] = nil
	}
	if o.messages = o.messages[done:]; len(o.messages) == 0 {
		o.messages = nil // a quiet connection holds nothing
	}
}

// Next is the number that a Sequence message announces: that of the oldest
// unacknowledged message, or of the one that will be sent next (SR-10).
func (o *Outbox) Next() int64 { return o.sent - int64(len(o.messages)) + 1 }

// Unacknowledged yields the messages to send again, the oldest first.
func (o *Outbox) Unacknowledged() iter.Seq[[]byte] {
	return func(yield func([]byte) bool) {
		for _, message := range o.messages {
			if !yield(message) {
				return
			}
		}
	}
}

// Bytes is what the unacknowledged messages take.
func (o *Outbox) Bytes() int { return o.bytes }
