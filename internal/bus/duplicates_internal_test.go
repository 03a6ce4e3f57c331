package bus

import (
	"testing"
	"time"

	"github.com/fanfare-hub/fanfare"
)

func TestTheWindowFollowsTheNumberOfIDs(t *testing.T) {
	t.Parallel()
	start := time.Unix(1_700_000_000, 0)
	type load struct {
		after time.Duration // from start
		ids   int
	}
	tests := map[string]struct {
		loads   []load
		current time.Duration
		at      time.Duration
		want    time.Duration
	}{
		"nothing stored":              {nil, 10 * time.Minute, 0, 10 * time.Minute},
		"as many as allowed":          {[]load{{0, 1000}}, 10 * time.Minute, time.Second, 10 * time.Minute},
		"too many, some minutes ago":  {[]load{{0, 1000}, {6 * time.Minute, 1}}, 10 * time.Minute, 6 * time.Minute, 5 * time.Minute},
		"too many just now":           {[]load{{0, 100_000}}, 10 * time.Minute, time.Second, time.Minute},
		"too many for a minute":       {[]load{{0, 100_000}}, time.Minute, time.Second, time.Minute},
		"few enough for twice":        {[]load{{0, 750}}, time.Minute, 90 * time.Second, 10 * time.Minute},
		"too many for twice as long":  {[]load{{0, 751}}, time.Minute, 90 * time.Second, time.Minute},
		"again all of it, after rest": {[]load{{0, 100_000}}, time.Minute, 11 * time.Minute, 10 * time.Minute},
		"after a rest of many windows": {
			[]load{{0, 100_000}, {5 * time.Hour, 10}}, time.Minute, 5 * time.Hour, 10 * time.Minute,
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			i := newIDs(90 * 24 * time.Hour)
			i.limit = 1000
			for _, l := range test.loads {
				i.addAt(start.Add(l.after), l.ids)
			}
			if got := i.choose(test.current, start.Add(test.at)); got != test.want {
				t.Errorf("window %s, want %s", got, test.want)
			}
		})
	}
}

func TestTheWindowIsNotLongerThanTheRetention(t *testing.T) {
	t.Parallel()
	i := newIDs(30 * time.Second)
	i.limit = 1
	i.addAt(time.Unix(1, 0), 100)
	if got := i.choose(i.longest, time.Unix(1, 0)); got != 30*time.Second {
		t.Errorf("window %s, want all of the retention, which is shorter than the shortest", got)
	}
}

// TestManyIDsShortenTheWindow sees the streams forget an id, and remember those
// of a window that is long again.
func TestManyIDsShortenTheWindow(t *testing.T) {
	t.Parallel()
	b, s := startPartitions(t, t.TempDir(), 2)
	s.ids.limit, s.ids.shortest = 10, 150*time.Millisecond
	topic := numberedDocument(1)
	if _, err := b.AppendAll(t.Context(), entries(topic, 0, 11)); err != nil {
		t.Fatal(err)
	}
	window := b.adjustWindow(t.Context(), s, s.ids.longest)
	if window != s.ids.shortest || b.Stats().Shortened != 1 {
		t.Fatalf("window %s, %+v; want the shortest, counted", window, b.Stats())
	}
	until(t, "the id is forgotten", func() bool {
		r, err := b.Append(t.Context(), named("5"), topic)
		return err == nil && !r.Duplicate
	})
	s.ids.limit = 1000
	if window = b.adjustWindow(t.Context(), s, window); window != s.ids.longest {
		t.Fatalf("window %s, want the longest again", window)
	}
	for p := range b.opts.Partitions {
		stream, err := s.js.Stream(t.Context(), eventStream(p))
		if err != nil {
			t.Fatal(err)
		}
		if got := stream.CachedInfo().Config.Duplicates; got != s.ids.longest {
			t.Errorf("%s has the window %s", eventStream(p), got)
		}
	}
	want, err := b.Append(t.Context(), named("new"), topic)
	if err != nil {
		t.Fatal(err)
	}
	want.Duplicate = true
	if again, err := b.Append(t.Context(), named("new"), topic); again != want {
		t.Errorf("%+v (%v), want %+v", again, err, want)
	}
	if shortened := b.Stats().Shortened; shortened != 1 {
		t.Errorf("shortened %d times", shortened)
	}
}

func TestDuplicatesAreNoNewIDs(t *testing.T) {
	t.Parallel()
	b, s := startPartitions(t, t.TempDir(), 1)
	for range 3 {
		if _, err := b.AppendAll(t.Context(), []fanfare.Entry{
			{Event: named("a"), Topic: numberedDocument(1)}, {Event: named("b"), Topic: numberedDocument(1)},
		}); err != nil {
			t.Fatal(err)
		}
	}
	if n := s.ids.within(s.ids.longest, time.Now()); n != 2 {
		t.Errorf("%d ids, want 2", n)
	}
}
