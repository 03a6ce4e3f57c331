package document

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/fanfare-hub/fanfare"
)

func TestCatalogKeepsOrder(t *testing.T) {
	t.Parallel()
	c := newCatalog()
	for _, id := range []string{"b", "d", "a", "c", "b"} {
		c.note(id, fanfare.StatusQueued)
	}
	c.note("c", fanfare.StatusCompleted)
	c.note("d", fanfare.StatusFailed)
	c.add("e")
	tests := []struct {
		after string
		limit int
		want  string
	}{
		{"", 10, "edcba"},
		{"", 2, "ed"},
		{"c", 10, "ba"},
		{"bb", 1, "b"},
		{"a", 10, ""},
	}
	for _, test := range tests {
		if got := strings.Join(c.before(test.after, test.limit), ""); got != test.want {
			t.Errorf("before(%q, %d) = %s, want %s", test.after, test.limit, got, test.want)
		}
	}
	if got := c.unfinished(); !slices.Equal(got, []string{"a", "b"}) {
		t.Errorf("unfinished %q", got)
	}
}

func TestListIsNewestFirstInPages(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, noFaults(), nil)
		if _, err := b.service.List(t.Context(), ListParams{After: "", Limit: 2}); fanfare.CodeOf(err) != fanfare.CodeUnavailable {
			t.Errorf("before the start: %v", err)
		}
		ids := []string{b.stores(t), b.stores(t), b.stores(t), b.stores(t), b.stores(t)}
		slices.Sort(ids)
		slices.Reverse(ids)
		b.restart(t, nil)
		stop := b.run(t)
		synctest.Wait()
		var listed []string
		var sizes []int
		for params := (ListParams{After: "", Limit: 2}); ; {
			page, err := b.service.List(t.Context(), params)
			if err != nil {
				t.Fatalf("List: %v", err)
			}
			for _, record := range page.Items {
				listed = append(listed, record.ID)
			}
			sizes = append(sizes, len(page.Items))
			if params.After = page.Next; params.After == "" {
				break
			}
		}
		if !slices.Equal(listed, ids) || !slices.Equal(sizes, []int{2, 2, 1}) {
			t.Errorf("listed %q in pages of %d, want %q", listed, sizes, ids)
		}
		if err := stop(); err != nil {
			t.Errorf("Run: %v", err)
		}
	})
}

func TestListEndsAPageOfLargeRecordsEarly(t *testing.T) {
	t.Parallel()
	b := newBench(t, noFaults(), nil)
	large := slices.Repeat([]string{strings.Repeat("*", 1000)}, 200)
	for range 30 {
		created, err := b.service.createRecord(t.Context(), upload("a", "x"), blob{sha256: "00", size: 1})
		if err != nil {
			t.Fatal(err)
		}
		task := b.service.task(created)
		task.record.Findings = []Finding{{Framework: "GDPR", Rule: "email", Samples: large}}
		if err := task.store(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	b.service.catalog.complete()
	page, err := b.service.List(t.Context(), ListParams{After: "", Limit: 500})
	if err != nil || len(page.Items) > 25 || page.Next != page.Items[len(page.Items)-1].ID {
		t.Errorf("%d items, next %q, %v", len(page.Items), page.Next, err)
	}
}

func TestStateIsWhatTheEventsTell(t *testing.T) {
	t.Parallel()
	b := newBench(t, noFaults(), nil)
	id := b.stores(t)
	state, err := b.service.State(t.Context(), id)
	if err != nil || state.DocumentID != id || state.Status != fanfare.StatusQueued || state.Attempt != 1 || state.ServiceInstance != "host-1" {
		t.Errorf("state %+v, %v", state, err)
	}
	if _, err := b.service.State(t.Context(), fanfare.NewID()); fanfare.CodeOf(err) != fanfare.CodeNotFound {
		t.Errorf("unknown id: %v", err)
	}
	if _, err := b.service.State(t.Context(), "7"); fanfare.CodeOf(err) != fanfare.CodeInvalidArgument {
		t.Errorf("bad id: %v", err)
	}
}

// brokenJobs cannot work.
type brokenJobs struct{ *memoryJobs }

func (brokenJobs) Work(context.Context, int, func(context.Context, string, int) error) error {
	return errFault
}

func TestRunEndsWhenAPartCannotGoOn(t *testing.T) {
	t.Parallel()
	b := newBench(t, noFaults(), func(o *Options) { o.Jobs = brokenJobs{newMemoryJobs(noFaults())} })
	if err := b.service.Run(t.Context()); !errors.Is(err, errFault) {
		t.Errorf("Run: %v", err)
	}
}
