package bus_test

import (
	"context"
	"fmt"
	"testing"

	"github.com/fanfare-hub/fanfare"
	"github.com/fanfare-hub/fanfare/internal/bus"
)

func TestRecordsCompareRevisions(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	opts := bus.Options{Dir: t.TempDir()}
	b := newBus(t, opts)
	records := b.Records()

	_, _, err := records.Get(ctx, doc)
	wantCode(t, err, fanfare.CodeNotFound)
	_, err = records.Update(ctx, doc, []byte("too early"), 1)
	wantCode(t, err, fanfare.CodeConflict)

	first, err := records.Create(ctx, doc, []byte("one"))
	if err != nil {
		t.Fatal(err)
	}
	_, err = records.Create(ctx, doc, []byte("another"))
	wantCode(t, err, fanfare.CodeConflict)
	second, err := records.Update(ctx, doc, []byte("two"), first)
	if err != nil {
		t.Fatal(err)
	}
	_, err = records.Update(ctx, doc, []byte("late"), first)
	wantCode(t, err, fanfare.CodeConflict)
	wantRecord(t, b, doc, "two", second)
	stop(t, b)

	wantRecord(t, newBus(t, opts), doc, "two", second)
}

func wantRecord(t *testing.T, b *bus.Bus, id, value string, revision uint64) {
	t.Helper()
	gotValue, gotRevision, err := b.Records().Get(t.Context(), id)
	if err != nil || string(gotValue) != value || gotRevision != revision {
		t.Errorf("record %q revision %d (%v), want %q and %d", gotValue, gotRevision, err, value, revision)
	}
}

func TestRecordsHaveALimit(t *testing.T) {
	t.Parallel()
	b := newBus(t, bus.Options{Partitions: 1})
	large := make([]byte, 4<<20+1)
	revision, err := b.Records().Create(t.Context(), doc, large[1:])
	if err != nil {
		t.Fatal(err)
	}
	_, err = b.Records().Update(t.Context(), doc, large, revision)
	wantCode(t, err, fanfare.CodeTooLarge)
}

// TestWatchSeesAllThenReadyThenChanges has more records than a watch buffers.
func TestWatchSeesAllThenReadyThenChanges(t *testing.T) {
	t.Parallel()
	b := newBus(t, bus.Options{Partitions: 1})
	const existing = 300
	for n := range existing {
		if _, err := b.Records().Create(t.Context(), fmt.Sprintf("doc-%d", n), []byte("v")); err != nil {
			t.Fatal(err)
		}
	}
	seen := make(chan string, 2*existing)
	end := background(t, func(ctx context.Context) error {
		return b.Records().Watch(ctx,
			func(id string, value []byte, _ uint64) { seen <- id + "=" + string(value) },
			func() { seen <- "ready" })
	})
	ids := make(map[string]bool)
	for range existing {
		ids[receive(t, seen)] = true
	}
	if len(ids) != existing || ids["ready"] {
		t.Errorf("%d records seen before ready, want %d", len(ids), existing)
	}
	if got := receive(t, seen); got != "ready" {
		t.Errorf("%q after all records, want ready", got)
	}
	if _, err := b.Records().Create(t.Context(), doc, []byte("new")); err != nil {
		t.Fatal(err)
	}
	if got, want := receive(t, seen), doc+"=new"; got != want {
		t.Errorf("change %q, want %q", got, want)
	}
	end()
}

// TestWatchEndsInTheMiddle must not leave NATS waiting at a full channel.
func TestWatchEndsInTheMiddle(t *testing.T) {
	t.Parallel()
	b := newBus(t, bus.Options{Partitions: 1})
	for n := range 600 {
		if _, err := b.Records().Create(t.Context(), fmt.Sprintf("doc-%d", n), []byte("v")); err != nil {
			t.Fatal(err)
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	err := b.Records().Watch(ctx, func(string, []byte, uint64) { cancel() }, func() {})
	if err != nil {
		t.Error(err)
	}
}
