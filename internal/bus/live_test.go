package bus_test

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"testing"

	"github.com/fanfare-hub/fanfare"
	"github.com/fanfare-hub/fanfare/internal/bus"
)

// numbered is the nth of many topics.
func numbered(n int) fanfare.Topic {
	return fanfare.DocumentTopic(fmt.Sprintf("00000000-0000-4000-8000-%012d", n))
}

// follow collects what is stored on the topics from now on and returns what
// takes n events of it.
func follow(t *testing.T, b *bus.Bus, topics ...fanfare.Topic) (take func(n int) []fanfare.Stored) {
	t.Helper()
	for _, topic := range topics {
		if err := b.Follow(t.Context(), topic); err != nil {
			t.Fatal(err)
		}
	}
	events := make(chan fanfare.Stored, 1<<14)
	background(t, func(ctx context.Context) error {
		return b.Live(ctx, func(s fanfare.Stored) { events <- s }, func() {})
	})
	return func(n int) []fanfare.Stored {
		t.Helper()
		taken := make([]fanfare.Stored, n)
		for i := range taken {
			taken[i] = receive(t, events)
		}
		return taken
	}
}

func TestLiveKeepsEachTopicsOrder(t *testing.T) {
	t.Parallel()
	b := newBus(t, bus.Options{})
	const topics, each = 20, 15
	followed := make([]fanfare.Topic, topics)
	for d := range followed {
		followed[d] = numbered(d)
	}
	take := follow(t, b, followed...)
	var wg sync.WaitGroup
	for _, topic := range followed {
		wg.Go(func() {
			for n := range each {
				if _, err := b.Append(t.Context(), progress(topic.ID, n), topic); err != nil {
					t.Error(err)
				}
			}
		})
	}
	last := make(map[fanfare.Topic]fanfare.Stored)
	for _, s := range take(topics * each) {
		before, known := last[s.Topic]
		want := s.Topic.ID + "/0"
		if known {
			want = next(before.Event.ID)
		}
		if s.Prev != before.Seq || s.Seq <= before.Seq || s.Event.ID != want {
			t.Errorf("%s: event %s seq %d prev %d after seq %d, want event %s", s.Topic, s.Event.ID, s.Seq, s.Prev, before.Seq, want)
		}
		last[s.Topic] = s
	}
	wg.Wait()
	if len(last) != topics {
		t.Errorf("%d topics, want %d", len(last), topics)
	}
	if stats := b.Stats(); stats != (bus.Stats{}) {
		t.Errorf("%+v, want zeros", stats)
	}
}

func next(id string) string {
	var n int
	document, number, _ := strings.Cut(id, "/")
	fmt.Sscan(number, &n)
	return fmt.Sprintf("%s/%d", document, n+1)
}

func TestOnlyOneLive(t *testing.T) {
	t.Parallel()
	b := newBus(t, bus.Options{})
	take := follow(t, b, fanfare.DocumentTopic(doc))
	appendEvent(t, b, progress(doc, 1), fanfare.DocumentTopic(doc))
	take(1)
	wantCode(t, b.Live(t.Context(), func(fanfare.Stored) {}, func() {}), fanfare.CodeConflict)
}

func TestFollowOnceUnfollowOnce(t *testing.T) {
	t.Parallel()
	b := newBus(t, bus.Options{})
	one, other := numbered(1), numbered(2)
	take := follow(t, b, one, other)
	wantCode(t, b.Follow(t.Context(), one), fanfare.CodeConflict)
	wantCode(t, b.Follow(t.Context(), fanfare.Topic{}), fanfare.CodeInvalidTopic)
	b.Unfollow(one)
	b.Unfollow(one)
	b.Unfollow(fanfare.Topic{})
	appendEvent(t, b, progress(one.ID, 1), one)
	appendEvent(t, b, progress(other.ID, 1), other)
	if got := take(1)[0]; got.Topic != other {
		t.Errorf("an event of %s, which is not followed", got.Topic)
	}
	if err := b.Follow(t.Context(), one); err != nil {
		t.Fatal(err)
	}
	second := appendEvent(t, b, progress(one.ID, 2), one)
	if got := take(1)[0]; got.Seq != second.Seq || got.Prev == 0 {
		t.Errorf("seq %d prev %d, want %d after the one that nobody followed", got.Seq, got.Prev, second.Seq)
	}
}

// TestFollowBesideAppends has ten thousand topics followed, written to and half
// of them left again, while others write: what is stored on a topic after
// Follow has returned comes, or Grown tells of it.
func TestFollowBesideAppends(t *testing.T) {
	t.Parallel()
	b := newBus(t, bus.Options{})
	const topics, workers = 10_000, 16
	var mu sync.Mutex
	seen := make(map[fanfare.Topic]uint64, topics)
	background(t, func(ctx context.Context) error {
		return b.Live(ctx, func(s fanfare.Stored) {
			mu.Lock()
			defer mu.Unlock()
			if s.Seq <= seen[s.Topic] {
				t.Errorf("%s: seq %d after %d", s.Topic, s.Seq, seen[s.Topic])
			}
			seen[s.Topic] = s.Seq
		}, func() {})
	})
	stored := make([]uint64, topics)
	var wg sync.WaitGroup
	for w := range workers {
		wg.Go(func() {
			for n := w; n < topics; n += workers {
				topic := numbered(n)
				if err := b.Follow(t.Context(), topic); err != nil {
					t.Error(err)
				}
				receipt, err := b.Append(t.Context(), progress(topic.ID, n), topic)
				if err != nil {
					t.Error(err)
				}
				stored[n] = receipt.Seq
				if n%2 == 1 {
					b.Unfollow(topic)
				}
			}
		})
	}
	wg.Wait()
	grown, err := b.Grown(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	eventually(t, "every event is delivered or known", func() bool {
		mu.Lock()
		defer mu.Unlock()
		for n := 0; n < topics; n += 2 {
			topic := numbered(n)
			if seen[topic] != stored[n] && (b.Stats().Dropped == 0 || grown[topic] != stored[n]) {
				return false
			}
		}
		return true
	})
	for n := range topics {
		if topic := numbered(n); n%2 == 0 && grown[topic] != stored[n] || n%2 == 1 && grown[topic] != 0 {
			t.Errorf("%s has grown to %d, stored was %d", topic, grown[topic], stored[n])
		}
	}
}
