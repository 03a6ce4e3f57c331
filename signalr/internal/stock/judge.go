package stock

// Verdict is what came of a case in a cell.
type Verdict string

// The verdicts. Failed and Unlisted fail the run.
const (
	Passed   Verdict = "passed"
	Listed   Verdict = "listed"   // it does not work, as listed
	Failed   Verdict = "failed"   // it does not work, and is not listed
	Unlisted Verdict = "unlisted" // it works, and is listed as not working
	NotRun   Verdict = "not run"  // what the client needs is not there
)

// Outcome is the verdict on a case in a cell.
type Outcome struct {
	Cell

	Case      string  `json:"case"`
	Verdict   Verdict `json:"verdict"`
	Exception int     `json:"exception,omitempty"` // its number, from 1
	Detail    string  `json:"detail,omitempty"`    // what went wrong
}

// judge holds what a child reported against the plan.
func (m *Matrix) judge(cell Cell, run *child) []Outcome {
	tried := map[string]bool{}
	for _, name := range m.attempts(cell) {
		tried[name] = true
	}
	outcomes := make([]Outcome, 0, len(m.Cases))
	for _, name := range m.caseNames() {
		o := Outcome{Cell: cell, Case: name, Exception: m.Exception(cell, name)}
		if tried[name] {
			o.Verdict, o.Detail = m.verdict(o.Exception, run, name)
		} else {
			o.Verdict = Listed
		}
		outcomes = append(outcomes, o)
	}
	return outcomes
}

// verdict is that on one case which was tried.
func (m *Matrix) verdict(exception int, run *child, name string) (Verdict, string) {
	got, reported := run.results[name]
	listed := exception > 0
	switch {
	case !reported && run.err != nil:
		return Failed, "no result: " + run.err.Error()
	case !reported:
		return Failed, "no result: the program ended without one"
	case got.OK && listed && m.Exceptions[exception-1].Chance:
		return Listed, "worked this time"
	case got.OK && listed:
		return Unlisted, "works, but is listed: " + m.Exceptions[exception-1].Reason
	case got.OK:
		return Passed, ""
	case listed:
		return Listed, got.Error
	case got.Missing:
		return Failed, "the program cannot try it"
	default:
		return Failed, got.Error
	}
}

// notRun is the verdict on all cases of a cell whose client cannot be run here.
func (m *Matrix) notRun(cell Cell, why string) []Outcome {
	outcomes := make([]Outcome, 0, len(m.Cases))
	for _, name := range m.caseNames() {
		outcomes = append(outcomes, Outcome{Cell: cell, Case: name, Verdict: NotRun, Detail: why})
	}
	return outcomes
}

func count(outcomes []Outcome) map[Verdict]int {
	counts := map[Verdict]int{}
	for i := range outcomes {
		counts[outcomes[i].Verdict]++
	}
	return counts
}
