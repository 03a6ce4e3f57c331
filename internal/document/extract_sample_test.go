package document

import (
	"fmt"
	"slices"
	"testing"

	"github.com/fanfare-hub/fanfare/internal/sample"
)

// TestExtractSamples ties what the demo shows to what the scan finds.
func TestExtractSamples(t *testing.T) {
	t.Parallel()
	samples, err := sample.All()
	if err != nil {
		t.Fatal(err)
	}
	wants := map[string]struct {
		mediaType string
		pages     int
		counts    []string
	}{
		"annual-report.pdf": {"application/pdf", 60, []string{"email 3", "us_ssn 1", "payment_card 1"}},
		"minutes.txt":       {"text/plain", 1, []string{"email 11", "payment_card 1"}},
		"customers.csv":     {"text/csv", 1, []string{"email 1000", "us_ssn 1000", "payment_card 1000"}},
		"damaged.pdf":       {},
	}
	for _, s := range samples {
		t.Run(s.Name, func(t *testing.T) {
			t.Parallel()
			want := wants[s.Name]
			got, err := extract(t, s.Name, s.Data)
			if want.mediaType == "" {
				wantFailure(t, err, CodeDamaged)
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			counts := []string{}
			for _, f := range got.Findings {
				counts = append(counts, fmt.Sprintf("%s %d", f.Rule, f.Count))
			}
			if got.MediaType != want.mediaType || got.Pages != want.pages || got.FailedPages != 0 || !slices.Equal(counts, want.counts) {
				t.Errorf("%s, %d pages, %d failed, %v; want %+v", got.MediaType, got.Pages, got.FailedPages, counts, want)
			}
		})
	}
}

// BenchmarkExtract includes the start of the child, with a warm cache.
func BenchmarkExtract(b *testing.B) {
	samples, err := sample.All()
	if err != nil {
		b.Fatal(err)
	}
	for _, s := range samples[:3] {
		b.Run(s.Name, func(b *testing.B) {
			path := writeDocument(b, s.Data)
			b.SetBytes(int64(len(s.Data)))
			for b.Loop() {
				if _, err := Extract(b.Context(), testWorkerArgv(), ExtractParams{Path: path, Name: s.Name}, nil); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
