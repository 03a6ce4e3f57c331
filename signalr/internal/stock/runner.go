package stock

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
)

// Runner runs the cells of a matrix.
type Runner struct {
	Matrix   *Matrix
	Server   string    // host:port of a server with the hub of the recordings
	Root     string    // the module's directory, where the clients' commands are run
	Parallel int       // cells at a time, at least 1
	Log      io.Writer // a line for each cell that ends, and what went wrong in it; nil for none
}

// Run runs the cells that choose wants (nil for all) and judges what they
// report. It returns when all child processes have ended; an error means that
// nothing could be said about a cell, and comes with what is known.
func (r *Runner) Run(ctx context.Context, choose func(Cell) bool) (*Report, error) {
	cells := r.Matrix.Cells()
	if choose != nil {
		cells = slices.DeleteFunc(cells, func(cell Cell) bool { return !choose(cell) })
	}
	report := &Report{Matrix: r.Matrix, absent: r.absent(cells)}
	outcomes := make([][]Outcome, len(cells))
	next := make(chan int)
	var workers sync.WaitGroup
	for range max(r.Parallel, 1) {
		workers.Go(func() {
			for i := range next {
				outcomes[i] = r.runCell(ctx, cells[i], report.absent)
			}
		})
	}
	for i := range cells {
		next <- i
	}
	close(next)
	workers.Wait()
	for _, each := range outcomes {
		report.Outcomes = append(report.Outcomes, each...)
	}
	if err := context.Cause(ctx); err != nil {
		return report, fmt.Errorf("run cells: %w", err)
	}
	return report, nil
}

// absent returns what each client of the cells lacks here that it needs to be
// run, by name.
func (r *Runner) absent(cells []Cell) map[string]string {
	absent := map[string]string{}
	for _, client := range r.Matrix.Clients {
		if !slices.ContainsFunc(cells, func(cell Cell) bool { return cell.Client == client.Name }) {
			continue
		}
		for _, need := range client.Needs {
			if !r.has(need) {
				absent[client.Name] = need + " is missing"
				break
			}
		}
	}
	return absent
}

func (r *Runner) has(need string) bool {
	if strings.Contains(need, "/") {
		_, err := os.Stat(filepath.Join(r.Root, need))
		return err == nil
	}
	_, err := exec.LookPath(need)
	return err == nil
}

// runCell runs one cell, if there is anything to learn from it.
func (r *Runner) runCell(ctx context.Context, cell Cell, absent map[string]string) []Outcome {
	if why, ok := absent[cell.Client]; ok {
		return r.Matrix.notRun(cell, why)
	}
	names := r.Matrix.attempts(cell)
	if len(names) == 0 {
		return r.Matrix.judge(cell, &child{})
	}
	run := &child{command: r.command(cell.Client), root: r.Root}
	run.run(ctx, r.Server, cell, names)
	outcomes := r.Matrix.judge(cell, run)
	r.tell(cell, outcomes, run)
	return outcomes
}

// attempts returns the cases that are tried in a cell: one to see that a closed
// cell is closed, none where nobody knows.
func (m *Matrix) attempts(cell Cell) []string {
	n := m.Closed(cell)
	switch {
	case n == 0:
		return m.caseNames()
	case m.Exceptions[n-1].Side == Untested:
		return nil
	default:
		return m.caseNames()[:1]
	}
}

func (r *Runner) command(client string) []string {
	for _, c := range r.Matrix.Clients {
		if c.Name == client {
			return c.Command
		}
	}
	return nil
}

func (r *Runner) tell(cell Cell, outcomes []Outcome, run *child) {
	if r.Log == nil {
		return
	}
	counts, text := count(outcomes), strings.Builder{}
	fmt.Fprintf(&text, "%s over %s in %s: %d passed, %d listed, %d failed, %.1f s\n", cell.Client, cell.Transport, cell.Encoding,
		counts[Passed], counts[Listed], counts[Failed]+counts[Unlisted], run.took.Seconds())
	if counts[Failed] > 0 {
		text.WriteString(run.errors.String())
	}
	_, _ = io.WriteString(r.Log, text.String()) // one call: cells end at the same time
}
