package main

import (
	"fmt"
	"os"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/term"

	"github.com/fanfare-hub/fanfare"
)

// barWidth is a bar's length in characters; a block is 4 per cent.
const barWidth = 25

// maxAlerts is how many of the newest alerts stand below the bars.
const maxAlerts = 8

// The colours, as SGR parameters.
const (
	red    = "31"
	green  = "32"
	yellow = "33"
	cyan   = "36"
	dim    = "2"
	bold   = "1"
)

// screen draws a block of lines on a terminal: a bar for each document, the
// newest alerts below. Each change moves the cursor to the top of the block
// and writes it again.
type screen struct {
	out    *os.File
	url    string
	colour bool

	rows   []*row
	byID   map[string]*row
	alerts []string
	total  int // alerts so far
	drawn  int // lines of the block that stand on the terminal
}

// row is a document's line.
type row struct {
	name       string
	status     fanfare.Status
	percentage int
	note       string
}

func newScreen(out *os.File, url string, colour bool) *screen {
	return &screen{out: out, url: url, colour: colour, byID: map[string]*row{}}
}

func (s *screen) accepted(id, name string) {
	r := &row{name: printable(name), status: fanfare.StatusQueued}
	s.rows = append(s.rows, r)
	s.byID[id] = r
	s.draw()
}

func (s *screen) arrived(c callback) error {
	switch {
	case c.update != nil:
		if r := s.byID[c.update.id]; r != nil {
			r.status, r.percentage = c.update.status, c.update.percentage
		}
	case c.alert != nil:
		s.alert(*c.alert)
	default:
		return nil
	}
	s.draw()
	return nil
}

func (s *screen) alert(a alert) {
	s.total++
	s.alerts = append(s.alerts, s.paint(colourOfAlert(a.severity), fmt.Sprintf("%2d %-8s", a.severity, printable(a.framework)))+" "+printable(a.message))
	if len(s.alerts) > maxAlerts {
		s.alerts = s.alerts[1:]
	}
}

func (s *screen) finished(documents []told, alerts int) {
	for _, d := range documents {
		r := s.byID[d.ID]
		if r == nil {
			continue
		}
		r.note = count(d.Pages, "page") + ", " + count(d.Words, "word")
		if d.Error != nil {
			r.note = printable(d.Error.Message)
		}
	}
	s.draw()
	fmt.Fprintln(s.out, s.paint(bold, summary(documents, alerts)))
}

// draw writes the block over the one before.
func (s *screen) draw() {
	lines := s.lines()
	var b strings.Builder
	if s.drawn > 0 {
		fmt.Fprintf(&b, "\x1b[%dA", s.drawn)
	}
	width := s.width()
	for _, line := range lines {
		b.WriteString("\r" + cut(line, width) + "\x1b[0m\x1b[K\n")
	}
	s.drawn = len(lines)
	s.out.WriteString(b.String()) //nolint:errcheck // a terminal that is gone ends the program by SIGHUP
}

func (s *screen) lines() []string {
	lines := []string{s.paint(bold, "Fanfare") + " on " + s.url, ""}
	longest := 0
	for _, r := range s.rows {
		longest = max(longest, utf8.RuneCountInString(r.name))
	}
	longest, bar := s.layout(longest)
	for _, r := range s.rows {
		lines = append(lines, s.bar(r, longest, bar))
	}
	if s.total > 0 {
		lines = append(lines, "", fmt.Sprintf("Alerts: %d", s.total))
	}
	return append(append(lines, s.alerts...), "")
}

// besides is what a line holds beside name and bar: gaps, percentage, status.
const besides = len("  ") + len(" 100 %  processing") + 1

// layout gives names and bars their widths, so that percentage and status are
// always on the screen: the bar shrinks first, then the names.
func (s *screen) layout(longest int) (name, bar int) {
	room := max(s.width()-besides, 8)
	bar = min(barWidth, max(room-longest, room/3))
	return min(longest, room-bar), bar
}

func (s *screen) bar(r *row, longest, width int) string {
	full := r.percentage * width / 100
	bar := s.paint(colourOf(r.status), strings.Repeat("█", full)) + s.paint(dim, strings.Repeat("░", width-full))
	name := r.name
	if utf8.RuneCountInString(name) > longest {
		name = cut(name, longest)
	}
	name += strings.Repeat(" ", longest-utf8.RuneCountInString(name))
	line := fmt.Sprintf("%s  %s %3d %%  %s", name, bar, r.percentage, s.paint(colourOf(r.status), string(r.status)))
	if r.note != "" {
		line += "  " + s.paint(dim, r.note)
	}
	return line
}

func colourOf(status fanfare.Status) string {
	switch status {
	case fanfare.StatusCompleted:
		return green
	case fanfare.StatusFailed:
		return red
	case fanfare.StatusQueued, fanfare.StatusStarted, fanfare.StatusProcessing:
	}
	return cyan
}

func (s *screen) paint(colour, text string) string {
	if !s.colour || text == "" {
		return text
	}
	return "\x1b[" + colour + "m" + text + "\x1b[0m"
}

func (s *screen) width() int {
	width, _, err := term.GetSize(int(s.out.Fd()))
	if err != nil || width < 20 {
		return 80
	}
	return width
}

// printable replaces what would move the cursor: names and messages come from
// whoever made the file.
func printable(text string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsPrint(r) {
			return r
		}
		return '·'
	}, text)
}

// cut shortens a line to width columns, not counting colours, so that it
// never wraps and the cursor arithmetic stays true.
func cut(line string, width int) string {
	columns := 0
	for i := 0; i < len(line); {
		if line[i] == '\x1b' {
			i += strings.IndexByte(line[i:], 'm') + 1
			continue
		}
		_, size := utf8.DecodeRuneInString(line[i:])
		if columns++; columns > width-1 {
			return line[:i] + "…"
		}
		i += size
	}
	return line
}
