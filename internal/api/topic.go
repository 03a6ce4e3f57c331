package api

import (
	"context"
	"mime"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"github.com/fanfare-hub/fanfare"
	"github.com/fanfare-hub/fanfare/internal/feed"
)

// Topics gives the events of topics, from a position on. Errors are a
// [*fanfare.Error].
type Topics interface {
	// History returns what followers were told from start on, at most limit
	// envelopes and a few MiB, and the cursor after the last of them: that of
	// start if there are none.
	History(ctx context.Context, topic fanfare.Topic, start feed.Start, limit int) (items []fanfare.Envelope, next string, err error)
	// Read begins to follow a topic; the context is that of the call alone.
	Read(ctx context.Context, topic fanfare.Topic, start feed.Start) (Reader, error)
}

// Reader gives a topic's envelopes one by one, at the pace of who reads.
type Reader interface {
	// Next waits for the next envelope. None is lost when ctx ends before.
	Next(ctx context.Context) (fanfare.Envelope, error)
	Close()
}

// TopicsOf makes a feed the Topics of an [API].
func TopicsOf(f *feed.Feed) Topics { return topics{f} }

type topics struct{ *feed.Feed }

// Read implements [Topics].
func (t topics) Read(ctx context.Context, topic fanfare.Topic, start feed.Start) (Reader, error) {
	reader, err := t.Feed.Read(ctx, topic, start)
	if err != nil {
		return nil, err
	}
	return reader, nil
}

// readTopic answers with the topic's history, or with a stream that goes on, as
// the client accepts.
func (a *API) readTopic(w http.ResponseWriter, r *http.Request) error {
	topic, err := fanfare.ParseTopic(r.PathValue("topic"))
	if err != nil {
		return err
	}
	if acceptsStream(r.Header) {
		return a.streamTopic(w, r, topic)
	}
	start, err := startOf(r, topic, feed.FromBeginning)
	if err != nil {
		return err
	}
	limit, err := limitOf(r.URL.Query())
	if err != nil {
		return err
	}
	items, next, err := a.topics.History(r.Context(), topic, start, limit)
	if err != nil {
		return err
	}
	if items == nil {
		items = []fanfare.Envelope{} // in JSON a list, too
	}
	return writeJSON(w, http.StatusOK, jsonType, eventList{Items: items, Next: next})
}

// startOf reads after and from of the query.
func startOf(r *http.Request, topic fanfare.Topic, fallback feed.From) (feed.Start, error) {
	query, err := url.ParseQuery(r.URL.RawQuery)
	if err != nil {
		return feed.Start{}, fanfare.Errorf(fanfare.CodeInvalidArgument, "the query cannot be read: %w", err)
	}
	for name := range query {
		if name != "after" && name != "from" && name != "limit" {
			return feed.Start{}, fanfare.Errorf(fanfare.CodeInvalidArgument, "%q is unknown: there are after, from and limit", name)
		}
	}
	after, from := query.Get("after"), query.Get("from")
	if after != "" && from != "" {
		return feed.Start{}, fanfare.Errorf(fanfare.CodeInvalidArgument, "after and from are both given: give one of them")
	}
	return feed.ParseStart(topic, after, from, fallback)
}

// acceptsStream reports whether text/event-stream is among what the client
// takes: a wildcard is not enough, curl sends one.
func acceptsStream(header http.Header) bool {
	for _, value := range header.Values("Accept") {
		for accepted := range strings.SplitSeq(value, ",") {
			media, params, err := mime.ParseMediaType(accepted)
			if err != nil || media != streamType {
				continue
			}
			quality, err := strconv.ParseFloat(params["q"], 64)
			return err != nil || quality > 0
		}
	}
	return false
}

// eventList is a page of a topic's history. Next is always given: it is where
// to ask again for what comes later.
type eventList struct {
	Items []fanfare.Envelope `json:"items"`
	Next  string             `json:"next"`
}
