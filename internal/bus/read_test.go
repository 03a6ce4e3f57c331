package bus_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/fanfare-hub/fanfare"
	"github.com/fanfare-hub/fanfare/internal/bus"
)

// large is an event of about that many KiB as stored.
func large(document string, n, kib int) fanfare.Event {
	event := progress(document, n)
	payload := event.Payload.(fanfare.DocumentPayload)
	payload.Message = strings.Repeat("x", kib<<10)
	event.Payload = payload
	return event
}

// readAll pages through a topic and returns the seqs, and how many pages it took.
func readAll(t *testing.T, b *bus.Bus, topic fanfare.Topic, from uint64, limit int) (events []fanfare.Stored, pages int) {
	t.Helper()
	for more := true; more; pages++ {
		var page []fanfare.Stored
		var err error
		page, more, err = b.Read(t.Context(), topic, from, limit)
		if err != nil {
			t.Fatal(err)
		}
		if len(page) > limit || more && len(page) == 0 {
			t.Fatalf("a page of %d events, more: %t; the limit is %d", len(page), more, limit)
		}
		for i, s := range page {
			prev := uint64(0)
			if i > 0 {
				prev = page[i-1].Seq
			}
			if s.Prev != prev || s.Seq < from || s.Topic != topic {
				t.Fatalf("event %d of a page: %s seq %d prev %d, want prev %d", i, s.Topic, s.Seq, s.Prev, prev)
			}
			from = s.Seq + 1
		}
		events = append(events, page...)
	}
	return events, pages
}

func TestReadGoesByPages(t *testing.T) {
	t.Parallel()
	b := newBus(t, bus.Options{Partitions: 1})
	one, other := numbered(1), numbered(2)
	const stored = 25
	var seqs []uint64
	for n := range stored {
		seqs = append(seqs, appendEvent(t, b, progress(one.ID, n), one).Seq)
		appendEvent(t, b, progress(other.ID, n), other)
	}
	for _, test := range []struct {
		from                 uint64
		limit, events, pages int
	}{
		{0, 10, stored, 3},
		{1, 25, stored, 1},
		{0, 5000, stored, 1},
		{seqs[5], 10, stored - 5, 2},
		{seqs[5] + 1, 10, stored - 6, 2},
		{seqs[stored-1] + 1, 10, 0, 1},
		{1 << 40, 10, 0, 1},
	} {
		events, pages := readAll(t, b, one, test.from, test.limit)
		if len(events) != test.events || pages != test.pages {
			t.Errorf("from %d by %d: %d events on %d pages, want %d on %d",
				test.from, test.limit, len(events), pages, test.events, test.pages)
		}
		for i, s := range events {
			n := stored - test.events + i
			record, err := fanfare.EncodeCloudEvent(progress(one.ID, n))
			if s.Seq != seqs[n] || s.Event.ID != progress(one.ID, n).ID || string(s.Record) != string(record) || err != nil {
				t.Errorf("event %d: seq %d, %s", n, s.Seq, s.Record)
			}
		}
	}
	if events, more, err := b.Read(t.Context(), numbered(3), 0, 10); len(events) != 0 || more || err != nil {
		t.Errorf("a topic without events: %v, more: %t, %v", events, more, err)
	}
	_, _, err := b.Read(t.Context(), fanfare.Topic{}, 0, 10)
	wantCode(t, err, fanfare.CodeInvalidTopic)
}

func TestAPageEndsAtAboutAMiB(t *testing.T) {
	t.Parallel()
	b := newBus(t, bus.Options{Partitions: 1})
	const stored, kib = 20, 150
	for n := range stored {
		appendEvent(t, b, large(doc, n, kib), fanfare.DocumentTopic(doc))
	}
	events, pages := readAll(t, b, fanfare.DocumentTopic(doc), 0, 100)
	if len(events) != stored || pages != 3 { // of 7, 7 and 6 events
		t.Errorf("%d events on %d pages", len(events), pages)
	}
}

func TestEnd(t *testing.T) {
	t.Parallel()
	b := newBus(t, bus.Options{Partitions: 1})
	one, other := numbered(1), numbered(2)
	want := func(wantLast, wantEnd uint64) {
		t.Helper()
		if last, end, err := b.End(t.Context(), one); last != wantLast || end != wantEnd || err != nil {
			t.Errorf("last %d, end %d (%v), want %d and %d", last, end, err, wantLast, wantEnd)
		}
	}
	want(0, 0)
	appendEvent(t, b, progress(other.ID, 1), other)
	want(0, 1)
	appendEvent(t, b, progress(one.ID, 1), one)
	appendEvent(t, b, progress(other.ID, 2), other)
	want(2, 2)
	_, _, err := b.End(t.Context(), fanfare.Topic{})
	wantCode(t, err, fanfare.CodeInvalidTopic)
}

func TestSince(t *testing.T) {
	t.Parallel()
	b := newBus(t, bus.Options{Partitions: 1})
	one, other := numbered(1), numbered(2)
	want := func(at time.Time, want uint64) {
		t.Helper()
		if seq, err := b.Since(t.Context(), one, at); seq != want || err != nil {
			t.Errorf("since %s: %d (%v), want %d", at, seq, err, want)
		}
	}
	start := time.Now()
	want(start, 1)
	appendEvent(t, b, progress(other.ID, 1), other)
	want(start, 2)
	appendEvent(t, b, progress(one.ID, 1), one)
	middle := time.Now()
	appendEvent(t, b, progress(other.ID, 2), other)
	appendEvent(t, b, progress(one.ID, 2), one)
	appendEvent(t, b, progress(other.ID, 3), other)
	want(time.Time{}, 2)
	want(start, 2)
	want(middle, 4)
	want(time.Now(), 5)
	want(time.Now().Add(time.Hour), 5)
	// Beyond the years that fit into nanoseconds.
	want(time.Date(1600, 1, 1, 0, 0, 0, 0, time.UTC), 2)
	want(time.Date(2500, 1, 1, 0, 0, 0, 0, time.UTC), 5)
	want(time.Date(9999, 12, 31, 0, 0, 0, 0, time.UTC), 5)
}

func TestWholeUntilTheOldestGo(t *testing.T) {
	t.Parallel()
	b := newBus(t, bus.Options{Partitions: 1, Retention: bus.Retention{MaxBytes: 1 << 20}})
	topic := numbered(1)
	whole := func(seq uint64) bool {
		t.Helper()
		whole, err := b.Whole(t.Context(), topic, seq)
		if err != nil {
			t.Fatal(err)
		}
		return whole
	}
	if !whole(0) {
		t.Error("an empty log is not whole")
	}
	appendEvent(t, b, progress(topic.ID, 0), topic)
	if !whole(0) || !whole(1) {
		t.Error("not whole with one event")
	}
	const stored = 20
	for n := range stored {
		appendEvent(t, b, large(numbered(2).ID, n, 150), numbered(2))
	}
	first, _, err := b.Read(t.Context(), numbered(2), 0, 1)
	if err != nil || len(first) != 1 || first[0].Seq < 3 {
		t.Fatalf("nothing has gone: %v, %v", first, err)
	}
	for seq := range uint64(stored + 1) {
		if got, want := whole(seq), seq+1 >= first[0].Seq; got != want {
			t.Errorf("after seq %d whole: %t, the log begins with %d", seq, got, first[0].Seq)
		}
	}
}

func TestGrown(t *testing.T) {
	t.Parallel()
	b := newBus(t, bus.Options{})
	topics := []fanfare.Topic{numbered(1), fanfare.ServiceTopic("billing.v2"), numbered(3)}
	appendEvent(t, b, progress(doc, 0), topics[0])
	for _, topic := range topics {
		if err := b.Follow(t.Context(), topic); err != nil {
			t.Fatal(err)
		}
	}
	grown := func(want map[fanfare.Topic]uint64) {
		t.Helper()
		got, err := b.Grown(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		for topic, seq := range want {
			if got[topic] != seq {
				t.Errorf("%s has grown to %d, want %d", topic, got[topic], seq)
			}
		}
		if len(got) != len(want) {
			t.Errorf("%v, want %v", got, want)
		}
	}
	first, _, err := b.End(t.Context(), topics[0])
	if err != nil {
		t.Fatal(err)
	}
	grown(map[fanfare.Topic]uint64{topics[0]: first}) // it may have: nobody has compared since Start
	grown(nil)
	appendEvent(t, b, progress(doc, 1), topics[1])
	last := appendEvent(t, b, progress(doc, 2), topics[1])
	appendEvent(t, b, progress(doc, 3), numbered(4)) // nobody follows it
	newer := appendEvent(t, b, progress(doc, 3), topics[0])
	grown(map[fanfare.Topic]uint64{topics[0]: newer.Seq, topics[1]: last.Seq})
	grown(nil)
	b.Unfollow(topics[0])
	appendEvent(t, b, progress(doc, 4), topics[0])
	grown(nil)
}

// TestGrownIsComplete has more topics than one question may ask for, with
// events that do not fit into one answer.
func TestGrownIsComplete(t *testing.T) {
	t.Parallel()
	b := newBus(t, bus.Options{Partitions: 1})
	const topics, heavy = 2300, 15
	for n := range topics {
		if err := b.Follow(t.Context(), numbered(n)); err != nil {
			t.Fatal(err)
		}
	}
	want := make(map[fanfare.Topic]uint64)
	for n := range heavy {
		topic := numbered(n * topics / heavy)
		want[topic] = appendEvent(t, b, large(topic.ID, n, 190), topic).Seq
	}
	got, err := b.Grown(t.Context())
	if err != nil || len(got) != len(want) {
		t.Fatalf("%d topics have grown (%v), want %d", len(got), err, len(want))
	}
	for topic, seq := range want {
		if got[topic] != seq {
			t.Errorf("%s has grown to %d, want %d", topic, got[topic], seq)
		}
	}
}

func TestReadingEndsWithItsContext(t *testing.T) {
	t.Parallel()
	b := newBus(t, bus.Options{})
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, _, err := b.Read(ctx, numbered(1), 0, 1)
	wantCode(t, err, fanfare.CodeUnavailable)
	_, _, err = b.End(ctx, numbered(1))
	wantCode(t, err, fanfare.CodeUnavailable)
	_, err = b.Since(ctx, numbered(1), time.Now())
	wantCode(t, err, fanfare.CodeUnavailable)
	_, err = b.Whole(ctx, numbered(1), 0)
	wantCode(t, err, fanfare.CodeUnavailable)
	_, _, err = b.Snapshot(ctx, numbered(1))
	wantCode(t, err, fanfare.CodeUnavailable)
	wantCode(t, b.Follow(ctx, numbered(1)), fanfare.CodeUnavailable)
	if err := b.Follow(t.Context(), numbered(1)); err != nil {
		t.Errorf("after a Follow that failed: %v", err)
	}
}
