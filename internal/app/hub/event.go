package hub

import (
	"context"
	"log/slog"

	"github.com/fanfare-hub/fanfare"
	"github.com/fanfare-hub/fanfare/signalr"
	"github.com/fanfare-hub/fanfare/signalr/hubproto"
)

// receiveEvent tells of an event with its position.
const receiveEvent = signalr.Call1[envelope]("ReceiveEvent")

// Event tells everybody who follows the envelope's topic by envelopes. What
// cannot be sent is logged: the log has it, and the next one's prev shows it.
func (c *Callbacks) Event(ctx context.Context, e fanfare.Envelope) {
	target := c.hub.Group(events(e.Topic)).With(delivery(e))
	if err := receiveEvent.To(ctx, target, envelope{e}); err != nil {
		c.logger.LogAttrs(ctx, slog.LevelWarn, "envelope not sent",
			slog.String("id", e.Event.ID), slog.Uint64("seq", e.Seq), slog.Any("error", err))
	}
}

// envelope is an envelope on its way to clients, in either encoding.
type envelope struct{ fanfare.Envelope }

// MarshalMessagePack writes the envelope with the names and forms of its JSON.
func (e envelope) MarshalMessagePack() ([]byte, error) {
	members, err := plain(e)
	if err != nil {
		return nil, err
	}
	return messagePack.Marshal(members)
}

var messagePack = hubproto.NewMessagePack(nil) //nolint:gochecknoglobals // it holds no state

// Covering implements [signalr.Conflatable].
func (e envelope) Covering(position uint64, messages int) any {
	return envelope{e.Envelope.Covering(position, messages)}
}
