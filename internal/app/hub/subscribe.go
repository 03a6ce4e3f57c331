package hub

import (
	"context"
	"errors"
	"iter"
	"strconv"

	"github.com/fanfare-hub/fanfare"
	"github.com/fanfare-hub/fanfare/internal/feed"
	"github.com/fanfare-hub/fanfare/signalr"
)

// options is the second argument of Subscribe and StreamTopic: cursor or from,
// or nothing. It is read as a map, because a member that nobody knows is an
// error that a client has to hear of, in either encoding.
type options map[string]any

// receipt is the answer of Subscribe.
type receipt struct {
	Topic   string `json:"topic" msgpack:"topic"`
	Cursor  string `json:"cursor" msgpack:"cursor"`
	Resumed bool   `json:"resumed" msgpack:"resumed"`
}

// subscribeToDocument tells the caller of the document's present state, then of
// everything after it, by callback.
func (h *Hub) subscribeToDocument(ctx context.Context, caller *signalr.Caller, id string) error {
	guid, err := fanfare.ParseGUID(id)
	if err != nil {
		return hubError(err)
	}
	_, err = h.follow(ctx, caller, fanfare.DocumentTopic(guid), feed.Callbacks, nil)
	return hubError(err)
}

func (h *Hub) unsubscribeFromDocument(caller *signalr.Caller, id string) error {
	guid, err := fanfare.ParseGUID(id)
	if err != nil {
		return hubError(err)
	}
	return h.unfollow(caller, fanfare.DocumentTopic(guid), feed.Callbacks)
}

// subscribe tells the caller of a topic's events by ReceiveEvent.
func (h *Hub) subscribe(ctx context.Context, caller *signalr.Caller, name string, options options) (receipt, error) {
	topic, err := fanfare.ParseTopic(name)
	if err != nil {
		return receipt{}, hubError(err)
	}
	got, err := h.follow(ctx, caller, topic, feed.Envelopes, options)
	if err != nil {
		return receipt{}, hubError(err)
	}
	return receipt{Topic: got.Topic.String(), Cursor: got.Cursor, Resumed: got.Resumed}, nil
}

func (h *Hub) unsubscribe(caller *signalr.Caller, name string) error {
	topic, err := fanfare.ParseTopic(name)
	if err != nil {
		return hubError(err)
	}
	return h.unfollow(caller, topic, feed.Envelopes)
}

// maxStreams is how many topics a connection may stream at once: each may have
// a page of the log in memory, 64 KiB, while its client takes nothing.
const maxStreams = 32

// streamTopic streams a topic's envelopes, at the pace at which the caller
// takes them: nothing waits for it but a position and a little of the log.
func (h *Hub) streamTopic(ctx context.Context, caller *signalr.Caller, name string, options options) (iter.Seq2[envelope, error], error) {
	topic, err := fanfare.ParseTopic(name)
	if err != nil {
		return nil, hubError(err)
	}
	start, err := options.start(topic)
	if err != nil {
		return nil, hubError(err)
	}
	f, err := h.follower(caller.ConnectionID())
	if err != nil {
		return nil, hubError(err)
	}
	if f.streams.Add(1) > maxStreams {
		f.streams.Add(-1)
		return nil, hubError(fanfare.Errorf(fanfare.CodeInvalidArgument,
			"a connection may stream %d topics at once: end others first, or use Subscribe", maxStreams))
	}
	reader, err := h.feed.Read(ctx, topic, start)
	if err != nil {
		f.streams.Add(-1)
		return nil, hubError(err)
	}
	return func(yield func(envelope, error) bool) {
		defer f.streams.Add(-1)
		defer reader.Close()
		stream(ctx, caller, reader, yield)
	}, nil
}

// stream reads on only while there is room for what is read: a client that
// takes nothing has no page of the log read for it.
func stream(ctx context.Context, caller *signalr.Caller, reader *feed.Reader, yield func(envelope, error) bool) {
	for {
		if caller.AwaitRoom(ctx) != nil {
			return // ctx or the connection has ended
		}
		e, err := reader.Next(ctx)
		if err != nil {
			if ctx.Err() == nil {
				yield(envelope{}, hubError(err))
			}
			return
		}
		if !yield(envelope{e}, nil) {
			return
		}
	}
}

// follow begins a subscription of the caller's connection.
func (h *Hub) follow(ctx context.Context, caller *signalr.Caller, topic fanfare.Topic, form feed.Form, options options) (feed.Receipt, error) {
	start, err := options.start(topic)
	if err != nil {
		return feed.Receipt{}, err
	}
	f, err := h.follower(caller.ConnectionID())
	if err != nil {
		return feed.Receipt{}, err
	}
	return f.Subscribe(ctx, topic, form, start)
}

func (h *Hub) unfollow(caller *signalr.Caller, topic fanfare.Topic, form feed.Form) error {
	f, err := h.follower(caller.ConnectionID())
	if err != nil {
		return hubError(err)
	}
	return hubError(f.Unsubscribe(topic, form))
}

// start is where the options have a subscription begin.
func (o options) start(topic fanfare.Topic) (feed.Start, error) {
	var cursor, from string
	for name, value := range o {
		text, isText := value.(string)
		switch {
		case name != "cursor" && name != "from":
			return feed.Start{}, fanfare.Errorf(fanfare.CodeInvalidArgument, "option %s is unknown: there are cursor and from", strconv.Quote(name))
		case value != nil && !isText:
			return feed.Start{}, fanfare.Errorf(fanfare.CodeInvalidArgument, "option %s is no string", name)
		case name == "cursor":
			cursor = text
		default:
			from = text
		}
	}
	return feed.ParseStart(topic, cursor, from, feed.FromSnapshot)
}

// hubError turns an error into one that the client is told as
// `HubException: <code>: <sentence>`; what is not meant for it stays inside.
func hubError(err error) error {
	known, ok := errors.AsType[*fanfare.Error](err)
	if !ok || known.Code == fanfare.CodeInternal {
		return err
	}
	return signalr.HubError(string(known.Code) + ": " + known.Message)
}
