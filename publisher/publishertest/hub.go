// Package publishertest is a hub for the tests of those who publish: it takes
// what a real one takes at POST /api/events, in the forms that package publisher
// sends, answers as one, and keeps the events for the test to look at.
//
//	hub := &publishertest.Hub{}
//	server := httptest.NewServer(hub)
//	defer server.Close()
//	p, err := publisher.New(publisher.Options{URL: server.URL, Service: "ocr"})
//
// It stores nothing and delivers to nobody; it knows an id again for ever, and
// it asks nobody for a token. Its methods are safe for concurrent use.
package publishertest

import (
	"cmp"
	"encoding/json"
	"io"
	"mime"
	"net/http"
	"slices"
	"sync"

	"github.com/fanfare-hub/fanfare"
)

// The limits of a real hub.
const (
	maxEvents = 500
	maxBytes  = 4 << 20
)

// Hub is an [http.Handler] that takes events. Its zero value is ready.
type Hub struct {
	// Before, if not nil, is called ahead of every request. If it returns false it
	// has answered itself: so a test makes the hub refuse, or lose an answer.
	Before func(w http.ResponseWriter, r *http.Request) bool

	mu       sync.Mutex // guards the fields below
	events   []fanfare.Event
	receipts map[string]fanfare.Receipt // by message id
}

// Events returns what was taken so far, in order, each once.
func (h *Hub) Events() []fanfare.Event {
	h.mu.Lock()
	defer h.mu.Unlock()
	return slices.Clone(h.events)
}

// ServeHTTP implements [http.Handler].
func (h *Hub) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if h.Before != nil && !h.Before(w, r) {
		return
	}
	answer, refusal := h.take(r)
	if refusal != nil {
		write(w, refusal.Status, "application/problem+json", refusal)
		return
	}
	write(w, http.StatusAccepted, "application/json", answer)
}

// take reads the request and stores all of it or nothing.
func (h *Hub) take(r *http.Request) (any, *problem) {
	if r.Method != http.MethodPost || r.URL.Path != "/api/events" {
		return nil, refuse(fanfare.Errorf(fanfare.CodeNotFound, "there is only POST /api/events here"), nil)
	}
	body, err := io.ReadAll(io.LimitReader(r.Body, maxBytes+1))
	if err != nil || len(body) > maxBytes {
		return nil, refuse(fanfare.Errorf(fanfare.CodeTooLarge, "the body is cut off or has more than %d bytes", maxBytes), nil)
	}
	mediaType, _, _ := mime.ParseMediaType(r.Header.Get("Content-Type")) // what cannot be read is refused below
	switch mediaType {
	case "application/cloudevents+json":
		receipts, refusal := h.store([]json.RawMessage{body}, false)
		if refusal != nil {
			return nil, refusal
		}
		return receipts[0], nil
	case "application/cloudevents-batch+json":
		var batch []json.RawMessage
		if err := json.Unmarshal(body, &batch); err != nil || len(batch) > maxEvents {
			return nil, refuse(fanfare.Errorf(fanfare.CodeInvalidArgument, "the batch is no JSON array of at most %d events", maxEvents), nil)
		}
		return h.store(batch, true)
	}
	return nil, refuse(fanfare.Errorf(fanfare.CodeUnsupportedMedia, "Content-Type is %q: want CloudEvents, one or a batch", mediaType), nil)
}

func (h *Hub) store(batch []json.RawMessage, indexed bool) ([]fanfare.Receipt, *problem) {
	events := make([]fanfare.Event, 0, len(batch))
	for i, record := range batch {
		e, err := fanfare.DecodeCloudEvent(record)
		if err == nil {
			err = e.Validate()
		}
		if err != nil && indexed {
			return nil, refuse(err, &i)
		}
		if err != nil {
			return nil, refuse(err, nil)
		}
		e.ID = cmp.Or(e.ID, fanfare.NewID())
		events = append(events, e)
	}
	receipts := make([]fanfare.Receipt, 0, len(events))
	for _, e := range events {
		receipts = append(receipts, h.storeOne(e))
	}
	return receipts, nil
}

func (h *Hub) storeOne(e fanfare.Event) fanfare.Receipt {
	h.mu.Lock()
	defer h.mu.Unlock()
	topics, _ := e.Topics() // validated
	id := e.MessageID(fanfare.DefaultTenant, topics[0])
	if receipt, again := h.receipts[id]; again {
		receipt.Duplicate = true
		return receipt
	}
	h.events = append(h.events, e)
	seq := uint64(len(h.events))
	receipt := fanfare.Receipt{
		ID: e.ID, Topic: topics[0], Seq: seq, Durability: "memory",
		Cursor: fanfare.CursorAt(fanfare.Epoch{}, seq, e.ID).Encode(topics[0]),
	}
	if h.receipts == nil {
		h.receipts = map[string]fanfare.Receipt{}
	}
	h.receipts[id] = receipt
	return receipt
}
