package hub

import (
	"context"
	"log/slog"
	"time"

	"github.com/fanfare-hub/fanfare"
	"github.com/fanfare-hub/fanfare/internal/feed"
	"github.com/fanfare-hub/fanfare/signalr"
)

// tellTimeout bounds the telling of a presence event by a log that is stuck.
const tellTimeout = 5 * time.Second

// connected follows what a connection hears of without asking, and tells of it.
func (h *Hub) connected(ctx context.Context, caller *signalr.Caller) error {
	f := h.newFollower(caller)
	topics := []fanfare.Topic{h.service}
	if id := caller.UserID(); id != "" {
		topics = append(topics, fanfare.UserTopic(id))
	}
	for _, topic := range topics {
		if _, err := f.Subscribe(ctx, topic, feed.Callbacks, feed.Start{From: feed.FromNow}); err != nil {
			h.end(caller)
			return err
		}
	}
	h.tell(ctx, caller, fanfare.UserConnected, "")
	return nil
}

// disconnected tells why: an orderly end has a reason, any other an error too.
func (h *Hub) disconnected(ctx context.Context, caller *signalr.Caller, err error) error {
	h.end(caller)
	reason := string(caller.EndReason())
	if err != nil {
		reason += ": " + err.Error()
	}
	h.tell(ctx, caller, fanfare.UserDisconnected, reason)
	return nil
}

// tell emits a presence event. Who connects must not suffer when the log does:
// a failure is logged and counted by the processor, the connection lives.
func (h *Hub) tell(ctx context.Context, caller *signalr.Caller, kind fanfare.Type, reason string) {
	user := caller.UserID()
	if user == "" {
		user = fanfare.Anonymous
	}
	event := fanfare.Event{Type: kind, Payload: fanfare.PresencePayload{
		UserID:           user,
		ConnectionID:     caller.PublicID(),
		ServiceInstance:  h.instance,
		DisconnectReason: reason,
	}}
	// A client that is gone already was here all the same: its two events come
	// in pairs, so the end of the connection must not break off the first.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), tellTimeout)
	defer cancel()
	if _, err := h.emitter.Emit(ctx, event); err != nil {
		h.logger.LogAttrs(ctx, slog.LevelWarn, "presence event lost", slog.String("type", kind.String()), slog.Any("error", err))
	}
}
