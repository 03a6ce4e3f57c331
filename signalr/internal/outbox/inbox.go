package outbox

import "errors"

// ErrSequence says that the other side left out messages: it announced one
// that comes after the next (SR-13).
var ErrSequence = errors.New("Sequence ID greater than amount of messages we've received.") //nolint:staticcheck,revive // the wire's text

// Inbox counts what was received. The zero value has received nothing.
type Inbox struct {
	received int64 // the number of the newest message that counted
	next     int64 // the number of the message that comes next, less one
	acked    int64 // what the other side is known, or was told, to have sent safely
}

// Receive counts a message that has a number. It is not fresh if it was
// received before, and then must not be looked at again (SR-12).
func (i *Inbox) Receive() (fresh bool) {
	i.next++
	if i.next <= i.received {
		return false
	}
	i.received = i.next
	return true
}

// Sequence sets the number of the message that comes next. It also tells what
// has reached the other side of the Acks before: the rest of them is due again.
func (i *Inbox) Sequence(n int64) error {
	if n > i.received+1 {
		return ErrSequence
	}
	i.next = n - 1
	i.acked = n - 1
	return nil
}

// Due returns what an Ack is to say, if something was received since the last
// one (SR-05). The caller sends it.
func (i *Inbox) Due() (number int64, due bool) {
	if i.received <= i.acked {
		return 0, false
	}
	i.acked = i.received
	return i.received, true
}
