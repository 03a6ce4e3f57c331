package main

import (
	"fmt"
	"io"
	"slices"
	"strconv"
	"text/tabwriter"
)

// row is one figure of one server in one test.
type row struct {
	Test   string  `json:"test"`
	Peer   string  `json:"peer"`
	Figure string  `json:"figure"`
	Runs   int     `json:"runs"`   // that did not fail
	Failed int     `json:"failed"` // that gave nothing
	Median float64 `json:"median"`
	Least  float64 `json:"least"`
	Most   float64 `json:"most"`
	// Ratio is the median as a multiple of what it is compared with, the least
	// and the most are of single runs by that; 0 if it is compared with nothing.
	Ratio      float64  `json:"ratio,omitempty"`
	LeastRatio float64  `json:"leastRatio,omitempty"`
	MostRatio  float64  `json:"mostRatio,omitempty"`
	Goal       *float64 `json:"goal,omitempty"` // nil: there is none
	Met        bool     `json:"met"`
}

// rows compares every server with the reference, test by test.
func (s *series) rows(idle float64) []row {
	var rows []row
	for _, test := range s.tests {
		for _, peer := range s.peers {
			for _, g := range goals(test) {
				if g.figure == idleFigure {
					g.bound = idle
				}
				if r, ok := s.row(place{test, peer}, g); ok {
					rows = append(rows, r)
				}
			}
		}
	}
	return rows
}

func (s *series) row(at place, g goal) (row, bool) {
	values := s.values(at, g.figure)
	if len(values) == 0 {
		return row{}, false
	}
	r := row{
		Test: at.test, Peer: at.peer, Figure: g.word, Runs: len(values), Failed: len(s.runs[at]) - len(values),
		Median: median(values), Least: slices.Min(values), Most: slices.Max(values),
	}
	var base float64
	switch g.kind {
	case timesRaw:
		base = median(s.values(place{at.test, reference}, g.figure))
	case timesBefore:
		base = median(s.values(at, before))
	case absolute, worst:
	}
	judged := r.Median
	if base > 0 {
		r.Ratio, r.LeastRatio, r.MostRatio = r.Median/base, r.Least/base, r.Most/base
		judged = r.Ratio
	}
	if g.kind == worst {
		judged = r.Most
	}
	relative := g.kind == timesRaw || g.kind == timesBefore
	if at.peer != reference && (!relative || base > 0) && !g.boundless() {
		r.Goal, r.Met = &g.bound, g.met(judged)
	}
	return r, true
}

func writeTable(out io.Writer, rows []row) error {
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "test\tpeer\tfigure\truns\tmedian (least-most)\tratio (least-most)\tgoal\t")
	for _, r := range rows {
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\t%s\t%s\t\n", r.Test, r.Peer, r.Figure, r.runs(),
			spread(r.Median, r.Least, r.Most), spread(r.Ratio, r.LeastRatio, r.MostRatio), r.verdict())
	}
	return w.Flush()
}

func (r row) runs() string {
	if r.Failed == 0 {
		return strconv.Itoa(r.Runs)
	}
	return fmt.Sprintf("%d, %d failed", r.Runs, r.Failed)
}

func (r row) verdict() string {
	switch {
	case r.Goal == nil:
		return ""
	case r.Met:
		return strconv.FormatFloat(*r.Goal, 'g', -1, 64) + " met"
	default:
		return strconv.FormatFloat(*r.Goal, 'g', -1, 64) + " MISSED"
	}
}

func spread(middle, least, most float64) string {
	if least == most {
		return short(middle)
	}
	return fmt.Sprintf("%s (%s-%s)", short(middle), short(least), short(most))
}

func short(v float64) string {
	switch {
	case v >= 100 || v == float64(int64(v)):
		return strconv.FormatFloat(v, 'f', 0, 64)
	default:
		return strconv.FormatFloat(v, 'f', 2, 64)
	}
}
