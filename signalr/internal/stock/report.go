package stock

import (
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"text/tabwriter"
)

// Report is what came of a run.
type Report struct {
	Matrix   *Matrix
	Outcomes []Outcome

	absent map[string]string // by client: what it lacks here
}

// Failures returns the outcomes that must not be: what fails without being
// listed, and what is listed and works.
func (r *Report) Failures() []Outcome {
	return r.filter(func(o *Outcome) bool { return o.Verdict == Failed || o.Verdict == Unlisted })
}

// NotRun returns the reasons for which clients were not run, by client.
func (r *Report) NotRun() map[string]string { return r.absent }

func (r *Report) filter(keep func(*Outcome) bool) []Outcome {
	var kept []Outcome
	for i := range r.Outcomes {
		if keep(&r.Outcomes[i]) {
			kept = append(kept, r.Outcomes[i])
		}
	}
	return kept
}

// WriteJSON writes all outcomes as one JSON array.
func (r *Report) WriteJSON(w io.Writer) error {
	encoder := json.NewEncoder(w)
	encoder.SetIndent("", "  ")
	if err := encoder.Encode(r.Outcomes); err != nil {
		return fmt.Errorf("write report: %w", err)
	}
	return nil
}

// WriteText writes the matrix for people: clients by cells, cases by clients,
// every exception with its reason, every failure, and a line of sums.
func (r *Report) WriteText(w io.Writer) error {
	var text strings.Builder
	r.writeCells(&text)
	r.writeCases(&text)
	r.writeExceptions(&text)
	for client, why := range r.absent {
		fmt.Fprintf(&text, "NOT RUN  %s: %s\n", client, why)
	}
	for _, o := range r.Failures() {
		fmt.Fprintf(&text, "FAILED   %s over %s in %s, %s: %s\n", o.Client, o.Transport, o.Encoding, o.Case, o.Detail)
	}
	sums := count(r.Outcomes)
	fmt.Fprintf(&text, "\n%d passed, %d failed, %d skipped\n", sums[Passed], sums[Failed]+sums[Unlisted], sums[Listed]+sums[NotRun])
	if _, err := io.WriteString(w, text.String()); err != nil {
		return fmt.Errorf("write report: %w", err)
	}
	return nil
}

func newTable(text *strings.Builder) *tabwriter.Writer {
	return tabwriter.NewWriter(text, 0, 0, 2, ' ', 0)
}

// writeCells writes a row for each client and a column for each transport and
// encoding.
func (r *Report) writeCells(text *strings.Builder) {
	table := newTable(text)
	fmt.Fprint(table, "client")
	for _, cell := range r.Matrix.cellsOf("") {
		fmt.Fprintf(table, "\t%s %s", cell.Transport, cell.Encoding)
	}
	fmt.Fprintln(table)
	for _, client := range r.Matrix.clientNames() {
		fmt.Fprint(table, client)
		for _, cell := range r.Matrix.cellsOf(client) {
			fmt.Fprint(table, "\t"+sum(r.filter(func(o *Outcome) bool { return o.Cell == cell })))
		}
		fmt.Fprintln(table)
	}
	_ = table.Flush() // into memory
}

// writeCases writes a row for each case and a column for each client.
func (r *Report) writeCases(text *strings.Builder) {
	table := newTable(text)
	fmt.Fprintln(table, "\ncase\t"+strings.Join(r.Matrix.clientNames(), "\t"))
	for _, name := range r.Matrix.caseNames() {
		fmt.Fprint(table, name)
		for _, client := range r.Matrix.clientNames() {
			fmt.Fprint(table, "\t"+sum(r.filter(func(o *Outcome) bool {
				return o.Case == name && o.Client == client && r.Matrix.Closed(o.Cell) == 0
			})))
		}
		fmt.Fprintln(table)
	}
	_ = table.Flush() // into memory
}

// writeExceptions writes each exception that was met, and where.
func (r *Report) writeExceptions(text *strings.Builder) {
	text.WriteString("\n")
	for i, e := range r.Matrix.Exceptions {
		met := r.filter(func(o *Outcome) bool { return o.Exception == i+1 && o.Verdict == Listed })
		if len(met) == 0 {
			continue
		}
		fmt.Fprintf(text, "(%d) %s: %s\n", i+1, e.Side, e.Reason)
		if len(e.Cases) > 0 {
			fmt.Fprintf(text, "    cases: %s\n", strings.Join(e.Cases, ", "))
		}
		var cells []string
		for _, o := range met {
			if cell := o.Client + " " + o.Transport + " " + o.Encoding; !slices.Contains(cells, cell) {
				cells = append(cells, cell)
			}
		}
		fmt.Fprintf(text, "    cells: %s\n", strings.Join(cells, ", "))
	}
	text.WriteString("\n")
}

// sum says in a few characters what came of the outcomes: how many passed, how
// many failed, and the numbers of the exceptions.
func sum(outcomes []Outcome) string {
	counts, words, notes := count(outcomes), []string{}, []string{}
	if n := counts[Passed]; n > 0 {
		words = append(words, strconv.Itoa(n)+" ok")
	}
	if n := counts[Failed] + counts[Unlisted]; n > 0 {
		words = append(words, strconv.Itoa(n)+" FAILED")
	}
	if counts[NotRun] > 0 {
		words = append(words, "not run")
	}
	for i := range outcomes {
		note := "(" + strconv.Itoa(outcomes[i].Exception) + ")"
		if outcomes[i].Verdict == Listed && !slices.Contains(notes, note) {
			notes = append(notes, note)
		}
	}
	if len(words)+len(notes) == 0 {
		return "-"
	}
	return strings.Join(append(words, notes...), " ")
}
