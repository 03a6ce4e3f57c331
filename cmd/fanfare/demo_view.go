package main

import (
	"encoding/json"
	"fmt"
	"io"
	"os"

	"golang.org/x/term"

	"github.com/fanfare-hub/fanfare"
)

// newView shows bars where standard output is a terminal that can, and JSON
// lines elsewhere or when asked to.
func newView(out, notes io.Writer, url string, lines bool) view {
	file, ok := terminal(out)
	if lines || !ok {
		return &lineView{out: json.NewEncoder(out), notes: notes}
	}
	return newScreen(file, url, os.Getenv("NO_COLOR") == "")
}

// terminal says whether out is a terminal that can move its cursor.
func terminal(out io.Writer) (*os.File, bool) {
	file, ok := out.(*os.File)
	return file, ok && term.IsTerminal(int(file.Fd())) && os.Getenv("TERM") != "dumb"
}

// lineView writes one JSON line per callback to standard output, and the rest
// to standard error.
type lineView struct {
	out   *json.Encoder
	notes io.Writer
}

func (v *lineView) accepted(id, name string) {
	fmt.Fprintf(v.notes, "%s is document %s\n", printable(name), id)
}

func (v *lineView) arrived(c callback) error {
	if err := v.out.Encode(c); err != nil {
		return fmt.Errorf("write callback: %w", err)
	}
	return nil
}

func (v *lineView) finished(documents []told, alerts int) {
	fmt.Fprintln(v.notes, summary(documents, alerts))
}

// summary is the last line of a demo.
func summary(documents []told, alerts int) string {
	completed := 0
	for _, d := range documents {
		if d.Status == fanfare.StatusCompleted {
			completed++
		}
	}
	return fmt.Sprintf("%s: %d completed, %d failed; %s.",
		count(len(documents), "document"), completed, len(documents)-completed, count(alerts, "alert"))
}

// count is a number with its noun: 1 page, 2 pages.
func count(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}
