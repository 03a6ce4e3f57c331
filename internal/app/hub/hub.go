package hub

import (
	"context"
	"log/slog"
	"sync"

	"github.com/fanfare-hub/fanfare"
	"github.com/fanfare-hub/fanfare/internal/feed"
)

// Path is where the hub is mapped.
const Path = "/aspire-realtime"

// maxMessage is the largest message a client may send, in bytes. Clients send
// method names and ids: the room is for cursors and filters of many topics.
const maxMessage = 1 << 20

// Emitter takes the events that the hub itself tells.
type Emitter interface {
	Emit(ctx context.Context, e fanfare.Event) (fanfare.Receipt, error)
}

// Options are what a Hub is made of.
type Options struct {
	Callbacks *Callbacks // whose hub gets the methods
	Service   string     // this process's name: the group that every connection joins
	Instance  string     // this process's instance, told in presence events
	Feed      *feed.Feed
	Emitter   Emitter
	Logger    *slog.Logger // nil discards
}

// Hub is what clients call. Its zero value is not usable; make one by [New].
type Hub struct {
	callbacks *Callbacks
	service   fanfare.Topic
	instance  string
	feed      *feed.Feed
	emitter   Emitter
	logger    *slog.Logger
	followers sync.Map // of *follower, by connection id
}

// New binds the hub's methods, before anybody connects.
func New(options Options) *Hub {
	h := &Hub{
		callbacks: options.Callbacks,
		service:   fanfare.ServiceTopic(options.Service),
		instance:  options.Instance,
		feed:      options.Feed,
		emitter:   options.Emitter,
		logger:    options.Logger,
	}
	if h.logger == nil {
		h.logger = slog.New(slog.DiscardHandler)
	}
	hub := options.Callbacks.Hub()
	hub.OnConnected(h.connected)
	hub.OnDisconnected(h.disconnected)
	hub.Handle("SubscribeToDocument", h.subscribeToDocument)
	hub.Handle("UnsubscribeFromDocument", h.unsubscribeFromDocument)
	hub.Handle("Subscribe", h.subscribe)
	hub.Handle("Unsubscribe", h.unsubscribe)
	hub.Handle("StreamTopic", h.streamTopic)
	return h
}
