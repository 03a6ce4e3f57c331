package bus

import (
	"context"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/nats-io/nats.go"

	"github.com/fanfare-hub/fanfare"
)

func TestUndecodableRecordsAreCountedAndSkipped(t *testing.T) {
	t.Parallel()
	b, s := startBus(t, Options{})
	hub := fanfare.Topic{Kind: fanfare.KindDocument, ID: "hub"}
	for _, topic := range []fanfare.Topic{hub, fanfare.DocumentTopic(document)} {
		if err := b.Follow(t.Context(), topic); err != nil {
			t.Fatal(err)
		}
	}
	versioned := nats.Header{recordHeader: {recordVersion}}
	foreign := []*nats.Msg{
		{Subject: "ev.0._.document.aHVi", Header: versioned, Data: []byte("{")},
		{Subject: "ev.0._.document.aHVi", Header: nats.Header{recordHeader: {"2"}}, Data: []byte("{}")},
		{Subject: "ev.0._.document.aHVi", Data: []byte("{}")},
	}
	for _, msg := range foreign {
		if _, err := s.js.PublishMsg(t.Context(), msg); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.conn.Publish("live.ev.0._.document.aHVi", []byte("no headers at all")); err != nil {
		t.Fatal(err)
	}
	receipt, err := b.Append(t.Context(), update(1), fanfare.DocumentTopic(document))
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	got, ended := make(chan fanfare.Stored, 1), make(chan error, 1)
	go func() {
		ended <- b.Live(ctx, func(stored fanfare.Stored) { got <- stored }, func() {})
	}()
	// By Live, the last one among them, and by the keeper of the state.
	until(t, "all are counted", func() bool { return b.Stats().Undecodable == uint64(2*len(foreign)+1) })
	until(t, "the good one is delivered", func() bool { return len(got) > 0 })
	cancel()
	if err := <-ended; err != nil {
		t.Fatal(err)
	}
	if only := <-got; len(got) != 0 || only.Seq != receipt.Seq {
		t.Errorf("delivered %+v, want seq %d only", only, receipt.Seq)
	}
	events, more, err := b.Read(t.Context(), hub, 0, 1)
	if len(events) != 0 || more || err != nil {
		t.Errorf("read %+v, more %t, %v", events, more, err)
	}
}

// TestADropIsDoubted has a shard with room for three: what comes then is lost,
// the last event of the topic too, and Grown knows of it.
func TestADropIsDoubted(t *testing.T) {
	t.Parallel()
	const kept, stored = 3, 10
	b := New(Options{Dir: t.TempDir(), Partitions: 1})
	b.liveQueue = kept
	startOwn(t, b)
	topic := fanfare.DocumentTopic(document)
	if err := b.Follow(t.Context(), topic); err != nil {
		t.Fatal(err)
	}
	for n := range stored {
		if _, err := b.Append(t.Context(), update(n), topic); err != nil {
			t.Fatal(err)
		}
	}
	until(t, "slow consumer reported", func() bool {
		stats := b.Stats()
		return stats.SlowConsumer == 1 && stats.Dropped == stored-kept
	})
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	var seqs []uint64
	doubted := make(chan struct{}, 1)
	err := b.Live(ctx, func(live fanfare.Stored) {
		if seqs = append(seqs, live.Seq); len(seqs) == kept {
			select {
			case <-doubted:
			case <-ctx.Done():
				t.Error("nobody doubts")
			}
			cancel()
		}
	}, func() { doubted <- struct{}{} })
	if err != nil || len(seqs) != kept || seqs[kept-1] != kept {
		t.Errorf("delivered seqs %v (%v), want the first %d", seqs, err, kept)
	}
	grown, err := b.Grown(t.Context())
	if err != nil || len(grown) != 1 || grown[topic] != stored {
		t.Errorf("grown %v (%v), want %d", grown, err, stored)
	}
	b.Unfollow(topic)
	if stats := b.Stats(); stats.Dropped != stored-kept {
		t.Errorf("%d dropped once it is unfollowed, want %d", stats.Dropped, stored-kept)
	}
}

func TestALostConnectionIsDoubted(t *testing.T) {
	t.Parallel()
	b, s := startBus(t, Options{})
	topic := fanfare.DocumentTopic(document)
	if err := b.Follow(t.Context(), topic); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	doubted := make(chan struct{}, 10)
	seqs := make(chan uint64, 10)
	ended := make(chan error, 1)
	go func() {
		ended <- b.Live(ctx, func(s fanfare.Stored) { seqs <- s.Seq }, func() { doubted <- struct{}{} })
	}()
	id, err := s.conn.GetClientID()
	if err != nil {
		t.Fatal(err)
	}
	if err := s.server.DisconnectClientByID(id); err != nil {
		t.Fatal(err)
	}
	<-doubted
	receipt, err := b.Append(ctx, update(1), topic)
	if err != nil {
		t.Fatal(err)
	}
	if seq := <-seqs; seq != receipt.Seq {
		t.Errorf("seq %d, want %d", seq, receipt.Seq)
	}
	cancel()
	if err := <-ended; err != nil {
		t.Error(err)
	}
}

func TestWholeBelowTheMostOfATopic(t *testing.T) {
	t.Parallel()
	b, s := startBus(t, Options{})
	const most = 3
	stream, err := s.js.Stream(t.Context(), eventStream(0))
	if err != nil {
		t.Fatal(err)
	}
	cfg := stream.CachedInfo().Config
	cfg.MaxMsgsPerSubject = most
	if _, err := s.js.UpdateStream(t.Context(), cfg); err != nil {
		t.Fatal(err)
	}
	other := fanfare.DocumentTopic("00000000-0000-4000-8000-000000000001")
	if _, err := b.Append(t.Context(), update(0), other); err != nil {
		t.Fatal(err)
	}
	for n := range most + 1 {
		// With three the log cannot tell whether a fourth has gone.
		if whole, err := b.Whole(t.Context(), fanfare.DocumentTopic(document), 0); whole != (n < most) || err != nil {
			t.Errorf("whole with %d events: %t (%v)", n, whole, err)
		}
		if _, err := b.Append(t.Context(), update(n), fanfare.DocumentTopic(document)); err != nil {
			t.Fatal(err)
		}
	}
}

// TestFourReplaysAtATime holds all that ask for pages.
func TestFourReplaysAtATime(t *testing.T) {
	t.Parallel()
	b, s := startBus(t, Options{})
	topic := fanfare.DocumentTopic(document)
	held := make([]*asker, pageAskers)
	for i := range held {
		held[i] = <-s.pages
	}
	ctx, cancel := context.WithCancel(t.Context())
	failed, done := make(chan error, 1), make(chan error, 1)
	go func() {
		_, _, err := b.Read(ctx, topic, 0, 1)
		failed <- err
	}()
	cancel()
	if code := fanfare.CodeOf(<-failed); code != fanfare.CodeUnavailable {
		t.Errorf("code %s of a wait that ended", code)
	}
	go func() {
		_, _, err := b.Read(t.Context(), topic, 0, 1)
		done <- err
	}()
	if _, _, err := b.End(t.Context(), topic); err != nil { // what is short does not wait for replays
		t.Error(err)
	}
	for _, a := range held {
		s.pages <- a
	}
	if err := <-done; err != nil {
		t.Error(err)
	}
}

// TestAnAnswerThatNobodyWaitedForIsPassedOver leaves a question alone and asks
// the next one on the same connection.
func TestAnAnswerThatNobodyWaitedForIsPassedOver(t *testing.T) {
	t.Parallel()
	b, s := startBus(t, Options{})
	topic := fanfare.DocumentTopic(document)
	for n := range 10 {
		if _, err := b.Append(t.Context(), update(n), topic); err != nil {
			t.Fatal(err)
		}
	}
	for range pageAskers {
		a := <-s.pages
		canceled, cancel := context.WithCancel(t.Context())
		cancel()
		for {
			_, err := a.ask(canceled, s.stopping, eventStream(0), question{Seq: 1, Batch: 10}, func(*nats.Msg) error { return nil })
			if err != nil { // else the answer was there at once
				break
			}
		}
		s.pages <- a
	}
	for range 2 * pageAskers {
		events, more, err := b.Read(t.Context(), topic, 3, 5)
		if err != nil || len(events) != 5 || events[0].Seq != 3 || !more {
			t.Fatalf("%d events, more: %t, %v", len(events), more, err)
		}
	}
}

func TestFlushesAreShared(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		flushes := 0
		f := newFlusher(func() error {
			flushes++
			time.Sleep(time.Millisecond) //nolint:forbidigo // fake time: others come meanwhile
			return nil
		})
		var wg sync.WaitGroup
		for range 100 {
			wg.Go(func() {
				if err := f.wait(t.Context()); err != nil {
					t.Error(err)
				}
			})
		}
		wg.Wait()
		if flushes < 2 || flushes > 3 {
			t.Errorf("%d flushes for a hundred who come at once, want that under way and the next", flushes)
		}
	})
}
