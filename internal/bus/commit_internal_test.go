package bus

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/nats-io/nats.go/jetstream"

	"github.com/fanfare-hub/fanfare"
)

// These tests compare receipts with what the streams hold.

// startPartitions is startBus with a directory that outlives the bus.
func startPartitions(t *testing.T, dir string, partitions int) (*Bus, *session) {
	t.Helper()
	b := New(Options{Dir: dir, Partitions: partitions})
	if err := b.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { b.Stop(context.Background()) })
	return b, b.session.Load()
}

// position is a place in the log.
type position struct {
	topic fanfare.Topic
	seq   uint64
}

// everything returns the ids of all stored events by position.
func everything(t *testing.T, b *Bus, s *session) map[position]string {
	t.Helper()
	all := make(map[position]string)
	for p := range b.opts.Partitions {
		stream, err := s.js.Stream(t.Context(), eventStream(p))
		if err != nil {
			t.Fatal(err)
		}
		for seq := max(stream.CachedInfo().State.FirstSeq, 1); seq <= stream.CachedInfo().State.LastSeq; seq++ {
			msg, err := stream.GetMsg(t.Context(), seq)
			if err != nil {
				t.Fatal(err)
			}
			topic, err := parseLiveSubject("live." + msg.Subject)
			if err != nil {
				t.Fatal(err)
			}
			event, err := fanfare.DecodeCloudEvent(msg.Data)
			if err != nil {
				t.Fatal(err)
			}
			all[position{topic, msg.Sequence}] = event.ID
		}
	}
	return all
}

func numberedDocument(n int) fanfare.Topic {
	return fanfare.DocumentTopic(fmt.Sprintf("00000000-0000-4000-8000-%012d", n))
}

func named(id string) fanfare.Event {
	e := update(1)
	e.ID = id
	return e
}

// wantStored checks that the log holds the events of the receipts, each once
// and where the receipt says.
func wantStored(t *testing.T, b *Bus, s *session, receipts []fanfare.Receipt) {
	t.Helper()
	all := everything(t, b, s)
	times := make(map[string]int)
	for at, id := range all {
		times[at.topic.String()+id]++
	}
	for _, r := range receipts {
		if got := all[position{r.Topic, r.Seq}]; got != r.ID {
			t.Errorf("%s %d holds %q, the receipt is for %q", r.Topic, r.Seq, got, r.ID)
		}
		if n := times[r.Topic.String()+r.ID]; n != 1 {
			t.Errorf("%q is stored %d times on %s", r.ID, n, r.Topic)
		}
	}
}

func TestManyPublishersAreEachStoredOnceInTheirOrder(t *testing.T) {
	t.Parallel()
	b, s := startPartitions(t, t.TempDir(), 4)
	const publishers, each, topics = 1000, 4, 300
	receipts := make([][]fanfare.Receipt, publishers)
	var wg sync.WaitGroup
	for i := range publishers {
		wg.Go(func() {
			topic := numberedDocument(rand.IntN(topics))
			for n := range each {
				r, err := b.Append(t.Context(), named(fmt.Sprintf("%d/%d", i, n)), topic)
				if err != nil {
					t.Error(err)
					return
				}
				receipts[i] = append(receipts[i], r)
			}
		})
	}
	wg.Wait()
	var all []fanfare.Receipt
	for _, own := range receipts {
		for n := range own {
			if n > 0 && own[n].Seq <= own[n-1].Seq {
				t.Errorf("%s has seq %d after %d", own[n].ID, own[n].Seq, own[n-1].Seq)
			}
		}
		all = append(all, own...)
	}
	wantStored(t, b, s, all)
	if stats := b.Stats(); stats != (Stats{}) {
		t.Errorf("%+v, want zeros", stats)
	}
}

// entries are n events on one topic, named by their number from first on.
func entries(topic fanfare.Topic, first, n int) []fanfare.Entry {
	list := make([]fanfare.Entry, n)
	for i := range list {
		list[i] = fanfare.Entry{Event: named(strconv.Itoa(first + i)), Topic: topic}
	}
	return list
}

func TestALongListIsOneBatchWhoseSeqsFollowEachOther(t *testing.T) {
	t.Parallel()
	for _, n := range []int{2, minBatch - 1, minBatch, maxBatch, maxBatch + 1, 3*maxBatch + 7} {
		t.Run(strconv.Itoa(n), func(t *testing.T) {
			t.Parallel()
			b, s := startPartitions(t, t.TempDir(), 1)
			receipts, err := b.AppendAll(t.Context(), entries(numberedDocument(1), 0, n))
			if err != nil || len(receipts) != n {
				t.Fatalf("%d receipts (%v), want %d", len(receipts), err, n)
			}
			for i, r := range receipts {
				if r.Seq != uint64(i+1) || r.Duplicate {
					t.Fatalf("entry %d: %+v", i, r)
				}
			}
			wantStored(t, b, s, receipts)
			msg, err := s.js.Stream(t.Context(), eventStream(0))
			if err != nil {
				t.Fatal(err)
			}
			first, err := msg.GetMsg(t.Context(), 1)
			if batched := first.Header.Get(batchIDHeader) != ""; err != nil || batched != (n >= minBatch) {
				t.Errorf("of %d events the first was stored with a batch: %t (%v)", n, batched, err)
			}
		})
	}
}

func TestAListMayRepeatItselfAndWhatIsStored(t *testing.T) {
	t.Parallel()
	b, s := startPartitions(t, t.TempDir(), 2)
	topic := numberedDocument(1)
	list := entries(topic, 0, 30)
	list[20].Event.ID = list[3].Event.ID
	other := fanfare.ServiceTopic("test")
	list = append(list, fanfare.Entry{Event: named("3"), Topic: other})
	first, err := b.AppendAll(t.Context(), list)
	if err != nil {
		t.Fatal(err)
	}
	for i, r := range first {
		if r.Duplicate != (i == 20) {
			t.Errorf("entry %d: %+v", i, r)
		}
	}
	if first[20].Seq != first[3].Seq || first[20].Cursor != first[3].Cursor {
		t.Errorf("%+v is the same event as %+v", first[20], first[3])
	}
	again, err := b.AppendAll(t.Context(), append(entries(topic, 100, 1), list...))
	if err != nil {
		t.Fatal(err)
	}
	if again[0].Duplicate {
		t.Errorf("a new event is a duplicate: %+v", again[0])
	}
	for i, r := range again[1:] {
		want := first[i]
		want.Duplicate = true
		if r != want {
			t.Errorf("entry %d again: %+v, want %+v", i, r, want)
		}
	}
	wantStored(t, b, s, append(first, again...))
	if split := b.Stats().Split; split != 2 {
		t.Errorf("%d batches were split, want 2", split)
	}
}

func TestConcurrentDuplicatesAreStoredOnce(t *testing.T) {
	t.Parallel()
	b, s := startPartitions(t, t.TempDir(), 1)
	const publishers, ids = 200, 40
	receipts := make([]fanfare.Receipt, publishers)
	var fresh atomic.Int32
	var wg sync.WaitGroup
	for i := range publishers {
		wg.Go(func() {
			var err error
			if receipts[i], err = b.Append(t.Context(), named(strconv.Itoa(i%ids)), numberedDocument(1)); err != nil {
				t.Error(err)
			}
			if !receipts[i].Duplicate {
				fresh.Add(1)
			}
		})
	}
	wg.Wait()
	wantStored(t, b, s, receipts)
	if fresh.Load() != ids {
		t.Errorf("%d receipts are not duplicates, want %d", fresh.Load(), ids)
	}
}

// TestAListStopsAtWhatCannotBeStored has the stream refuse one of the entries.
func TestAListStopsAtWhatCannotBeStored(t *testing.T) {
	t.Parallel()
	b, s := startPartitions(t, t.TempDir(), 1)
	list := entries(numberedDocument(1), 0, 5)
	payload, _ := list[2].Event.Payload.(fanfare.DocumentPayload)
	payload.Message = string(make([]byte, 4<<10))
	list[2].Event.Payload = payload
	limit := func(size int32) {
		t.Helper()
		change := stream{eventStream(0), func(cfg *jetstream.StreamConfig) { cfg.MaxMsgSize = size }}
		if err := change.ensure(t.Context(), s.js); err != nil {
			t.Fatal(err)
		}
	}
	limit(2 << 10)
	receipts, err := b.AppendAll(t.Context(), list)
	if err == nil || len(receipts) != 2 {
		t.Fatalf("%d receipts (%v), want those of the two before the refused one", len(receipts), err)
	}
	if stored := everything(t, b, s); len(stored) != 2 {
		t.Errorf("%d events are stored, want 2", len(stored))
	}
	limit(-1)
	again, err := b.AppendAll(t.Context(), list)
	if err != nil {
		t.Fatal(err)
	}
	for i, r := range again {
		if r.Duplicate != (i < 2) || r.Seq != uint64(i+1) {
			t.Errorf("entry %d again: %+v", i, r)
		}
	}
}

func TestNothingOfAListIsStoredIfOneIsTooLarge(t *testing.T) {
	t.Parallel()
	b, s := startPartitions(t, t.TempDir(), 1)
	list := entries(numberedDocument(1), 0, 3)
	payload, _ := list[2].Event.Payload.(fanfare.DocumentPayload)
	payload.Message = string(make([]byte, fanfare.MaxEventBytes))
	list[2].Event.Payload = payload
	receipts, err := b.AppendAll(t.Context(), list)
	if fanfare.CodeOf(err) != fanfare.CodeTooLarge || len(receipts) != 0 {
		t.Errorf("%d receipts (%v), want too_large", len(receipts), err)
	}
	if stored := everything(t, b, s); len(stored) != 0 {
		t.Errorf("%d events are stored", len(stored))
	}
}

// stopWithin stops a bus that may write what waits for so long.
func stopWithin(t *testing.T, b *Bus, patience time.Duration) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	if err := b.Stop(ctx); err != nil && patience > 0 {
		t.Error(err)
	}
}

// TestStopAnswersEveryAppend reopens the store of a bus that was stopped under
// load, in time or not: what was acknowledged is there.
func TestStopAnswersEveryAppend(t *testing.T) {
	t.Parallel()
	for name, patience := range map[string]time.Duration{"written": time.Minute, "given up": 0} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			b, _ := startPartitions(t, dir, 2)
			receipts := make([][]fanfare.Receipt, 200)
			var acknowledged atomic.Int32
			var wg sync.WaitGroup
			for i := range receipts {
				wg.Go(func() {
					for n := 0; ; n++ {
						r, err := b.Append(context.Background(), named(fmt.Sprintf("%d/%d", i, n)), numberedDocument(i))
						if err != nil {
							if fanfare.CodeOf(err) != fanfare.CodeUnavailable {
								t.Error(err)
							}
							return
						}
						receipts[i] = append(receipts[i], r)
						acknowledged.Add(1)
					}
				})
			}
			until(t, "events", func() bool { return acknowledged.Load() > 400 })
			stopWithin(t, b, patience)
			wg.Wait()
			var all []fanfare.Receipt
			for _, own := range receipts {
				all = append(all, own...)
			}
			b, s := startPartitions(t, dir, 2)
			wantStored(t, b, s, all)
		})
	}
}

// holdWrites keeps committers from beginning until release.
func holdWrites(s *session) (release func()) {
	begin, held := s.writer.begin, make(chan struct{})
	s.writer.begin = func(f func(context.Context)) {
		begin(func(ctx context.Context) {
			<-held
			f(ctx)
		})
	}
	return func() { close(held) }
}

func TestAppendEndsWithItsContext(t *testing.T) {
	t.Parallel()
	b, s := startPartitions(t, t.TempDir(), 1)
	release := holdWrites(s)
	ctx, cancel := context.WithCancelCause(t.Context())
	gone := errors.New("the caller has gone")
	errs := make(chan error)
	go func() {
		_, err := b.Append(ctx, named("a"), numberedDocument(1))
		errs <- err
	}()
	until(t, "waiting", func() bool { return s.writer.waiting.Load() > 0 })
	cancel(gone)
	if err := <-errs; fanfare.CodeOf(err) != fanfare.CodeUnavailable || !errors.Is(err, gone) {
		t.Errorf("%v, want unavailable because %v", err, gone)
	}
	release()
	until(t, "written", func() bool { return s.writer.waiting.Load() == 0 })
}

func TestWhatWaitsIsBounded(t *testing.T) {
	t.Parallel()
	b, s := startPartitions(t, t.TempDir(), 1)
	s.writer.waiting.Add(maxWaiting)
	_, err := b.Append(t.Context(), named("a"), numberedDocument(1))
	if fanfare.CodeOf(err) != fanfare.CodeUnavailable || b.Stats().Refused != 1 {
		t.Errorf("%v, %+v; want it refused and counted", err, b.Stats())
	}
	s.writer.waiting.Add(-maxWaiting)
	if _, err := b.Append(t.Context(), named("a"), numberedDocument(1)); err != nil {
		t.Errorf("when there is room again: %v", err)
	}
	if waiting := s.writer.waiting.Load(); waiting != 0 {
		t.Errorf("%d bytes wait after all were written", waiting)
	}
}

// TestWhatWaitsIsSharedByTheNextWrite fills a committer's queue before it runs.
func TestWhatWaitsIsSharedByTheNextWrite(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		waiting int
		batched bool
	}{{minBatch - 1, false}, {minBatch, true}, {maxBatch + minBatch, true}} {
		t.Run(strconv.Itoa(test.waiting), func(t *testing.T) {
			t.Parallel()
			b, s := startPartitions(t, t.TempDir(), 1)
			release := holdWrites(s)
			receipts := make([]fanfare.Receipt, test.waiting)
			var wg sync.WaitGroup
			for i := range receipts {
				wg.Go(func() {
					var err error
					if receipts[i], err = b.Append(t.Context(), named(strconv.Itoa(i)), numberedDocument(i)); err != nil {
						t.Error(err)
					}
				})
			}
			c := s.writer.committers[0]
			until(t, "all wait", func() bool {
				c.mu.Lock()
				defer c.mu.Unlock()
				return len(c.waiting) == test.waiting
			})
			release()
			wg.Wait()
			wantStored(t, b, s, receipts)
			stream, err := s.js.Stream(t.Context(), eventStream(0))
			if err != nil {
				t.Fatal(err)
			}
			batches := make(map[string]int)
			for seq := range uint64(test.waiting) {
				msg, err := stream.GetMsg(t.Context(), seq+1)
				if err != nil {
					t.Fatal(err)
				}
				id := msg.Header.Get(batchIDHeader)
				if batched := id != ""; batched != test.batched {
					t.Fatalf("event %d in a batch: %t, want %t", seq+1, batched, test.batched)
				}
				batches[id]++
			}
			for id, n := range batches {
				if n > maxBatch {
					t.Errorf("%d events are in batch %q", n, id)
				}
			}
			until(t, "the committer rests", func() bool {
				c.mu.Lock()
				defer c.mu.Unlock()
				return !c.running && c.waiting == nil
			})
		})
	}
}

func TestLoweringTheCountPerTopicDropsTheOldest(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	b, _ := startPartitions(t, dir, 1)
	if _, err := b.AppendAll(t.Context(), append(entries(numberedDocument(1), 0, 30), entries(numberedDocument(2), 0, 5)...)); err != nil {
		t.Fatal(err)
	}
	if err := b.Stop(t.Context()); err != nil {
		t.Fatal(err)
	}
	b = New(Options{Dir: dir, Partitions: 1, Retention: Retention{MaxPerTopic: 10, MaxAge: time.Minute}})
	if err := b.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { b.Stop(context.Background()) })
	stream, err := b.session.Load().js.Stream(t.Context(), eventStream(0))
	if err != nil {
		t.Fatal(err)
	}
	info, err := stream.Info(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if info.State.Msgs != 15 || info.State.FirstSeq != 21 || info.Config.Duplicates != time.Minute {
		t.Errorf("%d events from seq %d, window %s; want the last 10 and all 5", info.State.Msgs, info.State.FirstSeq, info.Config.Duplicates)
	}
}
