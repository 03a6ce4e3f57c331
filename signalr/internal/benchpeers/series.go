package main

import (
	"encoding/json"
	"fmt"
	"slices"
)

// series is measurements in the order in which they were made.
type series struct {
	tests []string
	peers []string
	runs  map[place][]measurement
}

// place is one server in one test.
type place struct{ test, peer string }

// measurement is one run: its figures by name, or why it failed.
type measurement struct {
	figures map[string]float64
	failed  bool
}

// add takes one line of a series.
func (s *series) add(line []byte) error {
	var fields map[string]any
	if err := json.Unmarshal(line, &fields); err != nil {
		return fmt.Errorf("read measurement: %w", err)
	}
	peer, _ := fields["peer"].(string)
	test, _ := fields["test"].(string)
	m := measurement{figures: map[string]float64{}}
	_, m.failed = fields["error"]
	for name, value := range fields {
		if number, ok := value.(float64); ok {
			m.figures[name] = number
		}
	}
	if !slices.Contains(s.tests, test) {
		s.tests = append(s.tests, test)
	}
	if !slices.Contains(s.peers, peer) {
		s.peers = append(s.peers, peer)
	}
	if s.runs == nil {
		s.runs = map[place][]measurement{}
	}
	at := place{test, peer}
	s.runs[at] = append(s.runs[at], m)
	return nil
}

// values are a figure's of all runs that did not fail, in their order.
func (s *series) values(at place, figure string) []float64 {
	var values []float64
	for _, m := range s.runs[at] {
		if v, ok := m.figures[figure]; ok && !m.failed {
			values = append(values, v)
		}
	}
	return values
}

func median(values []float64) float64 {
	sorted := slices.Sorted(slices.Values(values))
	if len(sorted) == 0 {
		return 0
	}
	middle := len(sorted) / 2
	if len(sorted)%2 == 0 {
		return (sorted[middle-1] + sorted[middle]) / 2
	}
	return sorted[middle]
}
