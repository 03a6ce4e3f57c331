package sample

import (
	"math/rand/v2"
	"strings"
)

// prose writes sentences that say nothing, the same ones for the same seed.
type prose struct {
	rng *rand.Rand
}

func newProse(seed uint64) prose {
	return prose{rng: rand.New(rand.NewPCG(seed, 0x66616e66617265))} //nolint:gosec // the same bytes each time are the point
}

func (p prose) pick(from ...string) string { return from[p.rng.IntN(len(from))] }

func (p prose) sentence() string {
	subject := p.pick("The board", "The committee", "Each department", "The project team", "Customer service", "The auditor", "Our warehouse", "The training programme")
	verb := p.pick("reviewed", "postponed", "approved", "measured", "improved", "described", "compared", "questioned")
	object := p.pick("the quarterly figures", "the plan for the new building", "the delivery times", "the energy use of all sites", "the survey among customers", "the budget for repairs", "the list of open risks", "the rules for travel")
	end := p.pick("without objection", "in the light of last year", "after a long discussion", "for the second time", "as announced", "before the end of the quarter", "with two votes against", "on the basis of the report")
	return subject + " " + verb + " " + object + " " + end + "."
}

func (p prose) paragraph(sentences int) string {
	parts := make([]string, sentences)
	for i := range parts {
		parts[i] = p.sentence()
	}
	return strings.Join(parts, " ")
}

// wrap breaks text into lines of at most width letters.
func wrap(text string, width int) []string {
	lines := []string{}
	line := ""
	for word := range strings.FieldsSeq(text) {
		if line != "" && len(line)+1+len(word) > width {
			lines = append(lines, line)
			line = ""
		}
		if line != "" {
			line += " "
		}
		line += word
	}
	if line != "" {
		lines = append(lines, line)
	}
	return lines
}
