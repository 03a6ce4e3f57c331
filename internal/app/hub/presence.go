package hub

import (
	"context"
	"log/slog"

	"github.com/fanfare-hub/fanfare"
	"github.com/fanfare-hub/fanfare/signalr"
)

// connected joins what a connection follows without asking, and tells of it.
func (h *Hub) connected(ctx context.Context, caller *signalr.Caller) error {
	if err := caller.Join(group(h.service)); err != nil {
		return err
	}
	if id := caller.UserID(); id != "" {
		if err := caller.Join(group(fanfare.UserTopic(id))); err != nil {
			return err
		}
	}
	h.tell(ctx, caller, fanfare.UserConnected, "")
	return nil
}

// disconnected runs when the connection has ended, so on a context of its own
// that still ends with the server.
func (h *Hub) disconnected(ctx context.Context, caller *signalr.Caller, err error) error {
	h.tell(ctx, caller, fanfare.UserDisconnected, reason(err))
	return nil
}

// reason is why a connection ended, in words for the event.
func reason(err error) string {
	if err == nil {
		return "closed"
	}
	return err.Error()
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
		ConnectionID:     caller.ConnectionID(),
		ServiceInstance:  h.instance,
		DisconnectReason: reason,
	}}
	if _, err := h.emitter.Emit(ctx, event); err != nil {
		h.logger.LogAttrs(ctx, slog.LevelWarn, "presence event lost", slog.String("type", kind.String()), slog.Any("error", err))
	}
}
