package api

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"mime"
	"net/http"
	"strconv"
	"strings"

	"github.com/fanfare-hub/fanfare"
)

// maxPageBytes ends a page early, so that 500 of the largest events do not stand
// in memory at once for each who asks.
const maxPageBytes = 4 << 20

// Feed gives the events of topics, from a position on. Both methods say
// invalid_cursor or invalid_argument of a position that is none.
type Feed interface {
	// History returns what follows now, at most limit envelopes, and the cursor
	// behind the last: of the position itself if there are none.
	History(ctx context.Context, topic fanfare.Topic, at Position, limit int) (items []fanfare.Envelope, next string, err error)
	// Follow returns what follows, now and later. The context is only for the
	// call itself.
	Follow(ctx context.Context, topic fanfare.Topic, at Position) (Reader, error)
}

// Reader gives a topic's envelopes one by one, at the pace of who reads.
type Reader interface {
	// Next waits for the next envelope. None is lost when ctx ends before.
	Next(ctx context.Context) (fanfare.Envelope, error)
	Close()
}

// Position is where in a topic to begin: one of both is empty.
type Position struct {
	Cursor string
	From   string // "snapshot", "start", "now", or an RFC 3339 time
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
	at, err := positionOf(r, "start")
	if err != nil {
		return err
	}
	limit, err := limitOf(r.URL.Query())
	if err != nil {
		return err
	}
	items, next, err := a.feed.History(r.Context(), topic, at, limit)
	if err != nil {
		return err
	}
	page, err := pageOf(items, next)
	if err != nil {
		return err
	}
	return writeJSON(w, http.StatusOK, jsonType, page)
}

// positionOf reads after and from of the query.
func positionOf(r *http.Request, fallback string) (Position, error) {
	query := r.URL.Query()
	at := Position{Cursor: query.Get("after"), From: query.Get("from")}
	if at.Cursor != "" && at.From != "" {
		return at, fanfare.Errorf(fanfare.CodeInvalidArgument, "after and from are both given: want one")
	}
	if at.Cursor == "" && at.From == "" {
		at.From = fallback
	}
	return at, nil
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
	Items []json.RawMessage `json:"items"`
	Next  string            `json:"next"`
}

func pageOf(envelopes []fanfare.Envelope, next string) (eventList, error) {
	page := eventList{Items: make([]json.RawMessage, 0, len(envelopes)), Next: next}
	size := 0
	for i, e := range envelopes {
		data, err := encodeEnvelope(e)
		if err != nil {
			return page, err
		}
		if size += len(data); size > maxPageBytes && i > 0 {
			page.Next = envelopes[i-1].Cursor
			break
		}
		page.Items = append(page.Items, data)
	}
	return page, nil
}

// encodeEnvelope writes an envelope on one line.
func encodeEnvelope(e fanfare.Envelope) ([]byte, error) {
	data, err := e.MarshalJSON()
	if err != nil {
		return nil, fmt.Errorf("encode envelope: %w", err)
	}
	if !bytes.ContainsAny(data, "\r\n") {
		return data, nil
	}
	var line bytes.Buffer
	if err := json.Compact(&line, data); err != nil {
		return nil, fmt.Errorf("encode envelope: %w", err)
	}
	return line.Bytes(), nil
}
