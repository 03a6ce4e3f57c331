package hub

import (
	"context"
	"log/slog"
	"sync/atomic"

	"github.com/fanfare-hub/fanfare"
	"github.com/fanfare-hub/fanfare/internal/feed"
	"github.com/fanfare-hub/fanfare/signalr"
)

// follower is a connection and what it follows.
type follower struct {
	*feed.Subscriber

	streams atomic.Int32 // topics that it streams
}

// follower finds that of a connection.
func (h *Hub) follower(id string) (*follower, error) {
	found, _ := h.followers.Load(id)
	f, ok := found.(*follower)
	if !ok {
		return nil, fanfare.Errorf(fanfare.CodeConflict, "the connection has ended")
	}
	return f, nil
}

// newFollower makes that of a connection; end ends it.
func (h *Hub) newFollower(caller *signalr.Caller) *follower {
	f := &follower{Subscriber: h.feed.Subscriber(&connection{caller: caller, callbacks: h.callbacks})}
	h.followers.Store(caller.ConnectionID(), f)
	return f
}

func (h *Hub) end(caller *signalr.Caller) {
	if found, ok := h.followers.LoadAndDelete(caller.ConnectionID()); ok {
		if f, ok := found.(*follower); ok {
			f.Close()
		}
	}
}

// Run has the feed give clients from the log what their full queues dropped,
// until ctx ends.
func (h *Hub) Run(ctx context.Context) error {
	for {
		overflow, err := h.callbacks.hub.NextOverflow(ctx)
		if err != nil {
			return nil //nolint:nilerr // ctx has ended, as it says above
		}
		h.overflowed(ctx, overflow)
	}
}

func (h *Hub) overflowed(ctx context.Context, overflow signalr.Overflow) {
	topic, err := fanfare.ParseTopic(overflow.Key)
	if err != nil {
		h.logger.LogAttrs(ctx, slog.LevelError, "overflow of what is no topic", slog.String("key", overflow.Key))
		return
	}
	f, err := h.follower(overflow.Caller.ConnectionID())
	if err != nil {
		return // it has gone, and misses nothing more
	}
	f.Overflowed(topic, overflow.After, overflow.Stands) //nolint:contextcheck // what it begins lives as long as the subscription
}
