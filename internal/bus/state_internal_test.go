package bus

import (
	"context"
	"testing"

	"github.com/nats-io/nats.go/jetstream"

	"github.com/fanfare-hub/fanfare"
)

func appendUpdate(t *testing.T, b *Bus, n int, topic fanfare.Topic) uint64 {
	t.Helper()
	receipt, err := b.Append(t.Context(), update(n), topic)
	if err != nil {
		t.Fatal(err)
	}
	return receipt.Seq
}

func untilState(t *testing.T, b *Bus, topic fanfare.Topic, seq uint64) {
	t.Helper()
	until(t, "the state is kept", func() bool {
		state, _, err := b.Snapshot(t.Context(), topic)
		if err != nil {
			t.Fatal(err)
		}
		return len(state) == 1 && state[0].Seq == seq
	})
}

// TestAnotherWritersMarkIsNoticed has the mark set back by somebody else: the
// next write is refused, and the keeper begins again from what is stored.
func TestAnotherWritersMarkIsNoticed(t *testing.T) {
	t.Parallel()
	b, s := startBus(t, Options{})
	topic := fanfare.DocumentTopic(document)
	untilState(t, b, topic, appendUpdate(t, b, 1, topic))
	if _, err := s.js.Publish(t.Context(), markSubject(0), []byte("0")); err != nil {
		t.Fatal(err)
	}
	untilState(t, b, topic, appendUpdate(t, b, 2, topic))
	if stats := b.Stats(); stats.StateFailures != 1 {
		t.Errorf("%d failures counted, want one", stats.StateFailures)
	}
}

// TestEventsThatNobodyToldAreKept stores one behind the bus's back: the state
// has it with the next that is told, or after ten seconds.
func TestEventsThatNobodyToldAreKept(t *testing.T) {
	t.Parallel()
	b, s := startBus(t, Options{})
	topic, other := fanfare.DocumentTopic(document), fanfare.DocumentTopic("00000000-0000-4000-8000-000000000001")
	untilState(t, b, topic, appendUpdate(t, b, 1, topic))
	msg, _, err := b.record(update(2), topic)
	if err != nil {
		t.Fatal(err)
	}
	ack, err := s.js.PublishMsg(t.Context(), msg)
	if err != nil {
		t.Fatal(err)
	}
	appendUpdate(t, b, 3, other)
	untilState(t, b, topic, ack.Sequence)
}

func TestAnOldStoreIsCaughtUp(t *testing.T) {
	t.Parallel()
	opts := Options{Dir: t.TempDir(), Partitions: 1}
	b := New(opts)
	s := startOwn(t, b)
	topic := fanfare.DocumentTopic(document)
	const stored = 3 * maxStateBatch
	var last uint64
	for n := range stored {
		last = appendUpdate(t, b, n, topic)
	}
	s.keepers.stop()
	if err := s.js.DeleteStream(t.Context(), stateStream); err != nil {
		t.Fatal(err)
	}
	if err := b.Stop(context.Background()); err != nil {
		t.Fatal(err)
	}
	b = New(opts)
	startOwn(t, b)
	untilState(t, b, topic, last)
}

// TestWhatHasGoneBeforeItWasKeptIsCounted empties the log while no keeper runs.
func TestWhatHasGoneBeforeItWasKeptIsCounted(t *testing.T) {
	t.Parallel()
	opts := Options{Dir: t.TempDir(), Partitions: 1}
	b := New(opts)
	s := startOwn(t, b)
	topic := fanfare.DocumentTopic(document)
	kept := appendUpdate(t, b, 1, topic)
	untilState(t, b, topic, kept)
	s.keepers.stop()
	const lost = 5
	for n := range lost {
		appendUpdate(t, b, 2+n, topic)
	}
	stream, err := s.js.Stream(t.Context(), eventStream(0))
	if err != nil {
		t.Fatal(err)
	}
	if err := stream.Purge(t.Context(), jetstream.WithPurgeSubject(eventPrefix+">")); err != nil {
		t.Fatal(err)
	}
	if err := b.Stop(context.Background()); err != nil {
		t.Fatal(err)
	}
	b = New(opts)
	startOwn(t, b)
	untilState(t, b, topic, kept)
	untilState(t, b, topic, appendUpdate(t, b, 20, topic))
	if stats := b.Stats(); stats.StateSkipped != lost {
		t.Errorf("%d events counted, want %d", stats.StateSkipped, lost)
	}
}
