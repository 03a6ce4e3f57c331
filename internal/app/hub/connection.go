package hub

import (
	"context"

	"github.com/fanfare-hub/fanfare"
	"github.com/fanfare-hub/fanfare/internal/feed"
	"github.com/fanfare-hub/fanfare/signalr"
)

// connection is one client as the feed sees it.
type connection struct {
	caller    *signalr.Caller
	callbacks *Callbacks
}

var _ feed.Connection = (*connection)(nil)

// Join implements [feed.Connection].
func (c *connection) Join(topic fanfare.Topic, form feed.Form) error {
	return c.caller.Join(groupOf(topic, form))
}

// Leave implements [feed.Connection].
func (c *connection) Leave(topic fanfare.Topic, form feed.Form) error {
	return c.caller.Leave(groupOf(topic, form))
}

// Send implements [feed.Connection]. An envelope without an event means nothing
// to who hears of events by callback.
func (c *connection) Send(ctx context.Context, e fanfare.Envelope, form feed.Form) error {
	target := c.caller.Self()
	if form == feed.Envelopes {
		return receiveEvent.To(ctx, target.With(delivery(e)), envelope{e})
	}
	if e.GapOnly() {
		return nil
	}
	callback := fanfare.CallbackFor(e.Event.Type, e.Topic)
	if callback == fanfare.CallbackNone {
		return nil
	}
	return c.callbacks.call(ctx, target, callback, e)
}

// AwaitRoom implements [feed.Connection].
func (c *connection) AwaitRoom(ctx context.Context) error { return c.caller.AwaitRoom(ctx) }

// Forget implements [feed.Connection].
func (c *connection) Forget(topic fanfare.Topic) error { return c.caller.Forget(topic.String()) }

// groupOf is the SignalR group of a topic's followers in one form.
func groupOf(topic fanfare.Topic, form feed.Form) string {
	if form == feed.Envelopes {
		return events(topic)
	}
	return group(topic)
}

// group is the SignalR group of a topic's callback subscribers.
func group(topic fanfare.Topic) string { return fanfare.DefaultTenant + "/" + topic.String() }

// events is the SignalR group of those who get the topic's envelopes.
func events(topic fanfare.Topic) string { return group(topic) + "#events" }
