package conformance

import (
	"fmt"
	"io/fs"
	"maps"
	"slices"

	"github.com/fanfare-hub/fanfare/signalr/internal/golden"
)

// Findings is what stands where: the data, and what the tests name.
type Findings struct {
	Data

	Differences []golden.Difference // recordings that are not met, with reasons

	scanned  *Scanned
	mentions map[string][]Mention // by id
}

// NewFindings puts together data, what the code says and the recordings that
// are not met. A mention whose scenarios are all among these shows
// nothing.
func NewFindings(data Data, scanned *Scanned, differences []golden.Difference) *Findings {
	f := &Findings{Data: data, Differences: differences, scanned: scanned, mentions: map[string][]Mention{}}
	for _, m := range scanned.Mentions {
		met := slices.DeleteFunc(slices.Clone(m.Scenarios), f.differs)
		if len(m.Scenarios) > 0 && len(met) == 0 {
			continue
		}
		m.Scenarios = met
		f.mentions[m.ID] = append(f.mentions[m.ID], m)
	}
	return f
}

func (f *Findings) differs(scenario string) bool {
	return slices.ContainsFunc(f.Differences, func(d golden.Difference) bool { return d.Scenario == scenario })
}

// Check returns what is wrong, in sentences; nothing if all is well.
func Check(f *Findings) []string {
	var wrong []string
	reasons, known := f.reasons(), map[string]bool{}
	for _, item := range f.Items {
		known[item.ID] = true
		tested, reason := len(f.mentions[item.ID]) > 0, reasons[item.ID]
		switch {
		case item.Required() && !tested && reason == "":
			wrong = append(wrong, fmt.Sprintf("%s (%s, %s) has neither a test nor a reason", item.ID, item.Level, item.Title))
		case tested && reason != "":
			wrong = append(wrong, fmt.Sprintf("%s has a test, %s, and a reason to have none: take the reason out", item.ID, f.mentions[item.ID][0].Test))
		}
	}
	for _, id := range slices.Sorted(maps.Keys(f.scanned.IDs)) {
		if !known[id] {
			wrong = append(wrong, fmt.Sprintf("%s names %s, which does not exist", f.scanned.IDs[id], id))
		}
	}
	for _, ids := range slices.Sorted(maps.Keys(f.scanned.Ranges)) {
		wrong = append(wrong, fmt.Sprintf("%s names %s: name each that it shows", f.scanned.Ranges[ids], ids))
	}
	for _, id := range f.dataIDs() {
		if !known[id] {
			wrong = append(wrong, fmt.Sprintf("reasons.json or deviations.json names %s, which does not exist", id))
		}
	}
	return wrong
}

// dataIDs returns the ids in reasons and deviations.
func (f *Findings) dataIDs() []string {
	ids := slices.Collect(maps.Keys(f.reasons()))
	for _, deviation := range f.Deviations {
		ids = append(ids, deviation.IDs...)
	}
	slices.Sort(ids)
	return ids
}

// ReportFile is where the report is, from the root of the project.
const ReportFile = "docs/conformance.md"

// Find returns the findings of this project, whose root is given.
func Find(root fs.FS) (*Findings, error) {
	data, err := Load()
	if err != nil {
		return nil, err
	}
	differences, err := golden.Differences()
	if err != nil {
		return nil, err
	}
	scanned, err := Scan(root, "signalr", "internal/e2e")
	if err != nil {
		return nil, err
	}
	return NewFindings(data, scanned, differences), nil
}
