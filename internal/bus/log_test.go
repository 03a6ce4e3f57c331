package bus_test

import (
	"context"
	"reflect"
	"strings"
	"testing"

	"github.com/fanfare-hub/fanfare"
	"github.com/fanfare-hub/fanfare/internal/bus"
)

func TestAppendReturnsWhatLiveDelivers(t *testing.T) {
	t.Parallel()
	b := newBus(t, bus.Options{})
	topics := []fanfare.Topic{
		{Kind: fanfare.KindDocument, ID: doc},
		{Kind: fanfare.KindService, ID: "billing.v2"},
		{Kind: fanfare.KindUser, ID: "Zoë > * . \n@example.com"},
		{Kind: fanfare.KindPresence, ID: "hub"},
	}
	take := follow(t, b, topics...)
	event := progress(doc, 1)
	var receipts []fanfare.Receipt
	for _, topic := range topics {
		receipts = append(receipts, appendEvent(t, b, event, topic))
	}
	got := make(map[fanfare.Topic]fanfare.Stored)
	for _, s := range take(len(topics)) {
		got[s.Topic] = s
	}
	for i, topic := range topics {
		s := got[topic]
		if !reflect.DeepEqual(s.Event, event) {
			t.Errorf("%s: live\n%+v\nappended\n%+v", topic, s.Event, event)
		}
		want := fanfare.Receipt{
			ID: event.ID, Topic: topic, Seq: s.Seq, Durability: "disk",
			Cursor: fanfare.CursorAt(b.Epoch(), s.Seq, event.ID).Encode(topic),
		}
		if receipts[i] != want {
			t.Errorf("receipt %+v, want %+v", receipts[i], want)
		}
	}
}

func TestAppendRecognisesADuplicate(t *testing.T) {
	t.Parallel()
	opts := bus.Options{Dir: t.TempDir()}
	b := newBus(t, opts)
	topic := fanfare.DocumentTopic(doc)
	first := appendEvent(t, b, progress(doc, 1), topic)
	appendEvent(t, b, progress(doc, 2), topic)
	want := first
	want.Duplicate = true
	if again := appendEvent(t, b, progress(doc, 1), topic); again != want {
		t.Errorf("second receipt %+v, want %+v", again, want)
	}
	other := fanfare.ServiceTopic("test")
	if copied := appendEvent(t, b, progress(doc, 1), other); copied.Duplicate {
		t.Error("the same id on another topic counts as duplicate")
	}
	stop(t, b)

	b = newBus(t, opts)
	if again := appendEvent(t, b, progress(doc, 1), topic); again != want {
		t.Errorf("receipt after a restart %+v, want %+v", again, want)
	}
}

func TestAppendRefuses(t *testing.T) {
	t.Parallel()
	b := newBus(t, bus.Options{})
	ctx := t.Context()
	topic := fanfare.DocumentTopic(doc)
	large := progress(doc, 1)
	payload := large.Payload.(fanfare.DocumentPayload)
	payload.Message = strings.Repeat("x", 200<<10)
	large.Payload = payload

	_, err := b.Append(ctx, large, topic)
	wantCode(t, err, fanfare.CodeTooLarge)
	_, err = b.Append(ctx, progress(doc, 1), fanfare.Topic{Kind: fanfare.KindDocument})
	wantCode(t, err, fanfare.CodeInvalidTopic)
	_, err = b.Append(ctx, progress(doc, 1), fanfare.Topic{Kind: "a.b", ID: doc})
	wantCode(t, err, fanfare.CodeInvalidTopic)

	canceled, cancel := context.WithCancel(ctx)
	cancel()
	_, err = b.Append(canceled, progress(doc, 1), topic)
	wantCode(t, err, fanfare.CodeUnavailable)
}

func TestEventsOutliveARestart(t *testing.T) {
	t.Parallel()
	opts := bus.Options{Dir: t.TempDir()}
	topic := fanfare.DocumentTopic(doc)
	b := newBus(t, opts)
	first := appendEvent(t, b, progress(doc, 1), topic)
	stop(t, b)

	b = newBus(t, opts)
	take := follow(t, b, topic)
	second := appendEvent(t, b, progress(doc, 2), topic)
	if got := take(1)[0]; got.Seq != second.Seq || got.Prev != first.Seq {
		t.Errorf("seq %d prev %d after a restart, want %d and %d", got.Seq, got.Prev, second.Seq, first.Seq)
	}
}

func TestLastID(t *testing.T) {
	t.Parallel()
	b := newBus(t, bus.Options{})
	const id = "00000000-0000-4000-8000-000000000001"
	topic := fanfare.DocumentTopic(id)
	if last, err := b.LastID(t.Context(), topic); last != "" || err != nil {
		t.Errorf("of an empty topic: %q, %v", last, err)
	}
	for n := range 3 {
		if _, err := b.Append(t.Context(), progress(id, n), topic); err != nil {
			t.Fatal(err)
		}
	}
	if last, err := b.LastID(t.Context(), topic); last != id+"/2" || err != nil {
		t.Errorf("after three events: %q, %v", last, err)
	}
	if _, err := b.LastID(t.Context(), fanfare.Topic{}); fanfare.CodeOf(err) != fanfare.CodeInvalidTopic {
		t.Errorf("of no topic: %v", err)
	}
}
