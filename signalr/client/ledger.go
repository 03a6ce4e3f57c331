package client

import (
	"slices"
	"sync"

	"github.com/fanfare-hub/fanfare/signalr/hubproto"
	"github.com/fanfare-hub/fanfare/signalr/internal/outbox"
)

// ledger numbers the messages of a connection with stateful reconnect, in both
// directions. A nil ledger is a connection without.
type ledger struct {
	mu       sync.Mutex // guards the fields below
	out      *outbox.Outbox
	in       outbox.Inbox
	room     chan struct{} // closed when an Ack makes room; nil if nobody waits
	awaiting bool          // on a new transport nothing counts before the server's Sequence (SR-14)
}

func newLedger(limit int) *ledger { return &ledger{out: outbox.New(limit)} }

// numbered says whether a message counts (SR-02).
func numbered(message hubproto.Message) bool {
	switch message.(type) {
	case *hubproto.Invocation, *hubproto.StreamItem, *hubproto.Completion, *hubproto.CancelInvocation:
		return true
	default:
		return false
	}
}

// wait returns what a message has to wait for before it is sent, nil if it need
// not (SR-07).
func (l *ledger) wait(message hubproto.Message) <-chan struct{} {
	if l == nil || !numbered(message) {
		return nil
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if !l.out.Full() {
		return nil
	}
	if l.room == nil {
		l.room = make(chan struct{})
	}
	return l.room
}

// keep numbers a message that is about to be sent, and says whether it will
// be sent again if it is lost.
func (l *ledger) keep(message hubproto.Message, frame []byte) bool {
	if l == nil || !numbered(message) {
		return false
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.out.Add(frame)
	return true
}

// take counts a message of the server. It is not fresh if it must not be looked
// at: it was received before, or comes before a Sequence that is due. The
// error ends the connection.
func (l *ledger) take(message hubproto.Message) (fresh bool, err error) {
	if l == nil {
		return true, nil
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if sequence, ok := message.(*hubproto.Sequence); ok {
		l.awaiting = false
		return false, l.in.Sequence(sequence.SequenceID)
	}
	if l.awaiting {
		return false, nil
	}
	if ack, ok := message.(*hubproto.Ack); ok {
		l.ackLocked(ack.SequenceID)
		return false, nil
	}
	return !numbered(message) || l.in.Receive(), nil
}

func (l *ledger) ackLocked(n int64) {
	l.out.Ack(n)
	if l.room != nil && !l.out.Full() {
		close(l.room)
		l.room = nil
	}
}

// due is the Ack to send, nil if nothing was received since the last one.
func (l *ledger) due() *hubproto.Ack {
	l.mu.Lock()
	defer l.mu.Unlock()
	if number, due := l.in.Due(); due {
		return &hubproto.Ack{SequenceID: number}
	}
	return nil
}

// resume begins a new transport: it returns what is to be sent on it first
// (SR-12). An Ack is with it, so that where transports are lost again and
// again, the server has less to repeat each time.
func (l *ledger) resume() (begin []hubproto.Message, frames [][]byte) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.awaiting = true
	begin = []hubproto.Message{&hubproto.Sequence{SequenceID: l.out.Next()}}
	if number, due := l.in.Due(); due {
		begin = append(begin, &hubproto.Ack{SequenceID: number})
	}
	return begin, slices.Collect(l.out.Unacknowledged())
}
