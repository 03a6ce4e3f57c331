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
	"io"
	"mime"
	"net/http"
	"slices"
	"sync"

	"github.com/fanfare-hub/fanfare"
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
		return nil, refuse(fanfare.Errorf(fanfare.CodeNotFound, "there is only POST /api/events here"))
	}
	body, err := io.ReadAll(io.LimitReader(r.Body, fanfare.MaxBatchBytes+1))
	if err != nil || len(body) > fanfare.MaxBatchBytes {
		return nil, refuse(fanfare.Errorf(fanfare.CodeTooLarge, "the body is cut off or has more than %d bytes", fanfare.MaxBatchBytes))
	}
	mediaType, _, _ := mime.ParseMediaType(r.Header.Get("Content-Type")) // what cannot be read is refused below
	switch mediaType {
	case "application/cloudevents+json":
		e, err := fanfare.DecodeCloudEvent(body)
		if err == nil {
			err = e.Validate()
		}
		if err != nil {
			return nil, refuse(err)
		}
		return h.store(e), nil
	case "application/cloudevents-batch+json":
		return h.takeBatch(body)
	}
	return nil, refuse(fanfare.Errorf(fanfare.CodeUnsupportedMedia, "Content-Type is %q: want CloudEvents, one or a batch", mediaType))
}

func (h *Hub) takeBatch(body []byte) (any, *problem) {
	events, err := fanfare.DecodeCloudEvents(body)
	if err != nil {
		return nil, refuse(err)
	}
	for i, e := range events {
		if err := e.Validate(); err != nil {
			return nil, refuse(&fanfare.BatchError{Index: i, Err: err})
		}
	}
	receipts := make([]fanfare.Receipt, 0, len(events))
	for _, e := range events {
		receipts = append(receipts, h.store(e))
	}
	return receipts, nil
}

func (h *Hub) store(e fanfare.Event) fanfare.Receipt {
	e.ID = cmp.Or(e.ID, fanfare.NewID())
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
