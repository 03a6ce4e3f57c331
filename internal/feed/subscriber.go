package feed

import (
	"context"

	"github.com/fanfare-hub/fanfare"
)

// Subscriber is one connection and what it has subscribed to.
type Subscriber struct {
	conn Connection
}

// Subscriber returns that of a connection, which the caller closes when the
// connection has ended.
func (f *Feed) Subscriber(c Connection) *Subscriber { return &Subscriber{conn: c} }

// Subscribe has the connection told of a topic's events, from start on. It
// replaces what there was of the topic, in whichever form. Events may reach
// the client before it returns.
func (s *Subscriber) Subscribe(_ context.Context, _ fanfare.Topic, _ Form, _ Start) (Receipt, error) {
	return Receipt{}, errNotRunning
}

// Unsubscribe ends that; nothing is sent after it has returned.
func (s *Subscriber) Unsubscribe(_ fanfare.Topic, _ Form) error { return nil }

// Overflowed is told that the connection's queue dropped the topic's events
// that come after this seq, and passes over later ones until it is resumed.
func (s *Subscriber) Overflowed(_ fanfare.Topic, _ uint64) {}

// Close ends all subscriptions; it may be called twice.
func (s *Subscriber) Close() {}
