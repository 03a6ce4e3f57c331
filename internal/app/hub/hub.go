package hub

import (
	"context"
	"log/slog"

	"github.com/fanfare-hub/fanfare"
)

// Path is where the hub is mapped.
const Path = "/aspire-realtime"

// maxMessage is the largest message a client may send, in bytes. Clients send
// method names and ids: the room is for cursors and filters of many topics.
const maxMessage = 1 << 20

// tenant stands before a topic in a group's name, until there are others.
const tenant = "_/"

// Documents knows the present state of documents.
type Documents interface {
	// State returns the document's last state; not_found when there is none.
	State(ctx context.Context, id string) (fanfare.DocumentPayload, error)
}

// Emitter takes the events that the hub itself tells.
type Emitter interface {
	Emit(ctx context.Context, e fanfare.Event) (fanfare.Receipt, error)
}

// Options are what a Hub is made of.
type Options struct {
	Callbacks *Callbacks // whose hub gets the methods
	Service   string     // this process's name: the group that every connection joins
	Instance  string     // this process's instance, told in presence events
	Documents Documents
	Emitter   Emitter
	Logger    *slog.Logger // nil discards
}

// Hub is what clients call. Its zero value is not usable; make one by [New].
type Hub struct {
	callbacks *Callbacks
	service   fanfare.Topic
	instance  string
	documents Documents
	emitter   Emitter
	logger    *slog.Logger
}

// New binds the hub's methods, before anybody connects.
func New(options Options) *Hub {
	h := &Hub{
		callbacks: options.Callbacks,
		service:   fanfare.ServiceTopic(options.Service),
		instance:  options.Instance,
		documents: options.Documents,
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
	return h
}

// group is the SignalR group of a topic's callback subscribers.
func group(topic fanfare.Topic) string { return tenant + topic.String() }
