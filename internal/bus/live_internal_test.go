package bus

import (
	"context"
	"testing"
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
			<-doubted
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
