package document

import (
	"math"
	"slices"
)

const (
	maxSamples = 20    // what a person looks at
	maxPlaces  = 1_000 // of all rules they fit into a record
)

// tally adds up the matches of one rule.
type tally struct {
	framework  string
	rule       string
	base       int // severity of one match of middling confidence
	count      int
	confidence float64
	samples    []string
	places     []Place
}

func (t *tally) add(confidence float64, mask string, place Place) {
	t.count++
	t.confidence = max(t.confidence, confidence)
	if len(t.samples) < maxSamples && !slices.Contains(t.samples, mask) {
		t.samples = append(t.samples, mask)
	}
	if len(t.places) < maxPlaces {
		t.places = append(t.places, place)
	}
}

func (t *tally) finding() Finding {
	return Finding{
		Framework:  t.framework,
		Rule:       t.rule,
		Severity:   severity(t.base, t.confidence, t.count),
		Count:      t.count,
		Confidence: math.Round(t.confidence*100) / 100,
		Samples:    t.samples,
		Places:     t.places,
	}
}

// severity is 1-10: what one value is worth, two more or less for how sure the
// scan is, and one for each power of ten of them.
func severity(base int, confidence float64, count int) int {
	score := base + int(math.Log10(float64(count)))
	switch {
	case confidence >= 0.9:
		score += 2
	case confidence < 0.5:
		score -= 2
	}
	return min(max(score, 1), 10)
}
