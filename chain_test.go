package fanfare_test

import (
	"errors"
	"testing"

	"github.com/fanfare-hub/fanfare"
)

// TestChain plays envelopes to a follower. An arrival that must be refused
// changes nothing.
func TestChain(t *testing.T) {
	t.Parallel()
	type arrival struct {
		seq, prev uint64
		snapshot  bool
		gap       bool
		covers    int
		missed    bool
	}
	for name, arrivals := range map[string][]arrival{
		"from the start":                      {{seq: 3}, {seq: 7, prev: 3}, {seq: 8, prev: 7}},
		"from a stored cursor":                {{seq: 7, prev: 3}, {seq: 8, prev: 7}},
		"one is missing":                      {{seq: 3}, {seq: 8, prev: 7, missed: true}},
		"missing, then read after all":        {{seq: 3}, {seq: 8, prev: 7, missed: true}, {seq: 7, prev: 3}, {seq: 8, prev: 7}},
		"the same twice":                      {{seq: 3}, {seq: 3, missed: true}},
		"an older one":                        {{seq: 3}, {seq: 7, prev: 3}, {seq: 3, missed: true}},
		"prev fits and seq goes back":         {{seq: 5}, {seq: 5, prev: 5, missed: true}, {seq: 4, prev: 5, missed: true}},
		"prev is lost":                        {{seq: 3}, {seq: 7, missed: true}},
		"older ones conflated into one":       {{seq: 3}, {seq: 9, prev: 3, covers: 4}, {seq: 10, prev: 9}},
		"conflated, but not from the next":    {{seq: 3}, {seq: 9, prev: 5, covers: 4, missed: true}},
		"a snapshot, then what follows":       {{seq: 3, prev: 2, snapshot: true}, {seq: 7, prev: 3}},
		"two snapshots, then what follows":    {{seq: 3, snapshot: true}, {seq: 9, snapshot: true}, {seq: 12, prev: 9}},
		"a snapshot in the middle":            {{seq: 3}, {seq: 9, prev: 8, snapshot: true}, {seq: 10, prev: 9}},
		"a gap that is said":                  {{seq: 3}, {seq: 90, prev: 80, gap: true}, {seq: 91, prev: 90}},
		"a gap of another log goes back":      {{seq: 90}, {seq: 3, gap: true}, {seq: 4, prev: 3}},
		"what follows a gap must follow it":   {{seq: 3}, {seq: 90, prev: 80, gap: true}, {seq: 92, prev: 91, missed: true}},
		"a snapshot does not excuse the next": {{seq: 3, snapshot: true}, {seq: 8, prev: 7, missed: true}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var chain fanfare.Chain
			for i, a := range arrivals {
				e := fanfare.Envelope{
					Stored: fanfare.Stored{Topic: fanfare.ServiceTopic("ocr"), Seq: a.seq, Prev: a.prev},
					Cursor: string(rune('a' + i)), Snapshot: a.snapshot, Covers: a.covers,
				}
				if a.gap {
					e.Gap = &fanfare.Gap{After: 1}
				}
				want := e.Cursor
				if a.missed {
					want = chain.Cursor()
				}
				err := chain.Follow(e)
				if a.missed != (err != nil) {
					t.Fatalf("arrival %d, %+v: %v", i, a, err)
				}
				if got := chain.Cursor(); got != want {
					t.Fatalf("arrival %d, %+v: cursor %q, want %q", i, a, got, want)
				}
			}
		})
	}
}

func TestMissedTells(t *testing.T) {
	t.Parallel()
	var chain fanfare.Chain
	topic := fanfare.ServiceTopic("ocr")
	if chain.Cursor() != "" {
		t.Errorf("a new chain has cursor %q", chain.Cursor())
	}
	chain.Follow(fanfare.Envelope{Stored: fanfare.Stored{Topic: topic, Seq: 3}})
	err := chain.Follow(fanfare.Envelope{Stored: fanfare.Stored{Topic: topic, Seq: 9, Prev: 7}})
	missed, ok := errors.AsType[*fanfare.MissedError](err)
	if want := (fanfare.MissedError{Topic: topic, Position: 3, Prev: 7, Seq: 9}); !ok || *missed != want {
		t.Errorf("got %v, want %+v", err, want)
	}
	if got, want := err.Error(), "service:ocr: event 9 comes after 7, but 3 came last"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}
