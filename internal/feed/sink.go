package feed

import (
	"context"

	"github.com/fanfare-hub/fanfare"
)

// Form is how a subscriber hears of events.
type Form int

// The forms. A connection has a topic in one of them at most.
const (
	Callbacks Form = iota // by the callback that the routing table names
	Envelopes             // by ReceiveEvent, with position
)

// Sink tells all who are joined to a topic. It never waits for a client.
type Sink interface {
	Callback(ctx context.Context, e fanfare.Envelope)
	Event(ctx context.Context, e fanfare.Envelope)
}

// Connection is one client. Its methods keep their order among each other and
// with the calls of [Sink]: what was sent before Join comes before what the
// Sink is given afterwards.
type Connection interface {
	// Join has what the Sink is given for the topic reach this client too, in
	// that form; Leave ends it.
	Join(topic fanfare.Topic, form Form) error
	Leave(topic fanfare.Topic, form Form) error
	// Send tells this client alone. It never waits for the client.
	Send(ctx context.Context, e fanfare.Envelope, form Form) error
	// AwaitRoom waits until the client has taken most of what it was sent.
	AwaitRoom(ctx context.Context) error
	// Forget drops what waits for the client of the topic, and has it be sent
	// events of the topic again if its queue has overflowed with them, until
	// when they are passed over.
	Forget(topic fanfare.Topic) error
}
