package api

import (
	"cmp"
	"context"
	"slices"
	"sync"
	"sync/atomic"
	"testing"

	"go.uber.org/goleak"

	"github.com/fanfare-hub/fanfare"
	"github.com/fanfare-hub/fanfare/internal/feed"
	"github.com/fanfare-hub/fanfare/internal/pipeline"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// memory is a log and a feed of it.
type memory struct {
	readers atomic.Int64 // that are not closed

	mu      sync.Mutex
	fail    error // given for all that is appended
	seq     uint64
	seen    map[string]fanfare.Receipt
	events  map[fanfare.Topic][]fanfare.Envelope
	changed chan struct{} // closed with the next event
}

func newMemory() *memory {
	return &memory{
		seen: map[string]fanfare.Receipt{}, events: map[fanfare.Topic][]fanfare.Envelope{}, changed: make(chan struct{}),
	}
}

// Append implements [pipeline.Log].
func (m *memory) Append(_ context.Context, e fanfare.Event, topic fanfare.Topic) (fanfare.Receipt, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	record, err := fanfare.EncodeCloudEvent(e)
	if err = cmp.Or(err, m.fail); err != nil {
		return fanfare.Receipt{}, err
	}
	id := e.MessageID("_", topic)
	if first, ok := m.seen[id]; ok {
		first.Duplicate = true
		return first, nil
	}
	m.seq++
	cursor := fanfare.CursorAt(fanfare.Epoch{}, m.seq, e.ID).Encode(topic)
	var prev uint64
	if last := len(m.events[topic]) - 1; last >= 0 {
		prev = m.events[topic][last].Seq
	}
	m.events[topic] = append(m.events[topic], fanfare.Envelope{
		Stored: fanfare.Stored{Event: e, Topic: topic, Seq: m.seq, Prev: prev, Record: record}, Cursor: cursor,
	})
	m.seen[id] = fanfare.Receipt{ID: e.ID, Topic: topic, Seq: m.seq, Cursor: cursor, Durability: "disk"}
	close(m.changed)
	m.changed = make(chan struct{})
	return m.seen[id], nil
}

// AppendAll implements [pipeline.Log].
func (m *memory) AppendAll(ctx context.Context, entries []fanfare.Entry) ([]fanfare.Receipt, error) {
	var receipts []fanfare.Receipt
	for _, entry := range entries {
		receipt, err := m.Append(ctx, entry.Event, entry.Topic)
		if err != nil {
			return receipts, err
		}
		receipts = append(receipts, receipt)
	}
	return receipts, nil
}

// from is what of a topic follows start; its last event is the snapshot.
func (m *memory) from(topic fanfare.Topic, start feed.Start) []fanfare.Envelope {
	m.mu.Lock()
	defer m.mu.Unlock()
	events := m.events[topic]
	switch start.From {
	case feed.FromNow:
		return nil
	case feed.FromCursor:
		i := slices.IndexFunc(events, func(e fanfare.Envelope) bool { return e.Seq > start.Cursor.Seq })
		if i < 0 {
			return nil
		}
		return slices.Clone(events[i:])
	case feed.FromSnapshot:
		if len(events) == 0 {
			return nil
		}
		last := events[len(events)-1]
		last.Snapshot = true
		return []fanfare.Envelope{last}
	case feed.FromBeginning, feed.FromTime:
	}
	return slices.Clone(events)
}

// end is the cursor behind all that is stored.
func (m *memory) end(topic fanfare.Topic) fanfare.Cursor {
	m.mu.Lock()
	defer m.mu.Unlock()
	if events := m.events[topic]; len(events) > 0 {
		last := events[len(events)-1]
		return fanfare.CursorAt(fanfare.Epoch{}, last.Seq, last.Event.ID)
	}
	return fanfare.CursorBefore(fanfare.Epoch{}, m.seq)
}

// History implements [Topics].
func (m *memory) History(_ context.Context, topic fanfare.Topic, start feed.Start, limit int) ([]fanfare.Envelope, string, error) {
	items := m.from(topic, start)
	items = items[:min(limit, len(items))]
	switch {
	case len(items) > 0:
		return items, items[len(items)-1].Cursor, nil
	case start.From == feed.FromCursor:
		return nil, start.Cursor.Encode(topic), nil
	}
	return nil, m.end(topic).Encode(topic), nil
}

// Read implements [Topics].
func (m *memory) Read(_ context.Context, topic fanfare.Topic, start feed.Start) (Reader, error) {
	m.readers.Add(1)
	after := m.end(topic)
	if start.From == feed.FromCursor {
		after = start.Cursor
	}
	return &memoryReader{memory: m, topic: topic, after: after, ready: m.from(topic, start)}, nil
}

type memoryReader struct {
	memory *memory
	topic  fanfare.Topic
	after  fanfare.Cursor
	ready  []fanfare.Envelope
}

func (r *memoryReader) Next(ctx context.Context) (fanfare.Envelope, error) {
	for len(r.ready) == 0 {
		r.memory.mu.Lock()
		changed := r.memory.changed
		r.memory.mu.Unlock()
		if r.ready = r.memory.from(r.topic, feed.Start{From: feed.FromCursor, Cursor: r.after}); len(r.ready) > 0 {
			break
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return fanfare.Envelope{}, ctx.Err()
		}
	}
	e := r.ready[0]
	r.ready, r.after = r.ready[1:], fanfare.CursorAt(fanfare.Epoch{}, e.Seq, e.Event.ID)
	return e, nil
}

func (r *memoryReader) Close() { r.memory.readers.Add(-1) }

// newHub is an API over a real pipeline and a log in memory.
func newHub(t *testing.T, change func(*Options)) (*API, *memory) {
	t.Helper()
	log := newMemory()
	processor, err := pipeline.New(pipeline.Options{Log: log, Service: "hub", Version: "1"})
	if err != nil {
		t.Fatal(err)
	}
	options := Options{Emitter: processor, Topics: log, Documents: readingDocuments(), Health: fakeHealth(fanfare.HealthHealthy)}
	if change != nil {
		change(&options)
	}
	return New(options), log
}

var _ Topics = (*memory)(nil)
