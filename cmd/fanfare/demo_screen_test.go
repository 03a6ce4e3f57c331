package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/fanfare-hub/fanfare"
)

// TestScreen draws a document and an alert as they come.
func TestScreen(t *testing.T) {
	t.Parallel()
	file, err := os.Create(filepath.Join(t.TempDir(), "terminal"))
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	s := newScreen(file, "http://127.0.0.1:1", false)
	s.accepted("1", "report.pdf")
	s.accepted("2", "a\x1b[2Jb.txt")
	s.arrived(callback{Method: fanfare.CallbackProcessing, update: &update{"1", fanfare.StatusProcessing, 40}})
	s.arrived(callback{Method: fanfare.CallbackProcessing, update: &update{"somebody else's", fanfare.StatusFailed, 0}})
	s.arrived(callback{Method: fanfare.CallbackAlert, alert: &alert{"GDPR", "1 match\nof email", 3}})
	s.arrived(callback{Method: fanfare.CallbackHealth})
	want := `Fanfare on http://127.0.0.1:1

report.pdf  ██████████░░░░░░░░░░░░░░░  40 %  processing
a·[2Jb.txt  ░░░░░░░░░░░░░░░░░░░░░░░░░   0 %  queued

Alerts: 1
 3 GDPR     1 match·of email
`
	if got := strings.Join(s.lines(), "\n"); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
	data, err := os.ReadFile(file.Name())
	if err != nil {
		t.Fatal(err)
	}
	if got := strings.Count(string(data), "A\r"); got != 4 { // the first drawing has nothing to go up over
		t.Errorf("the block was drawn anew %d times, want 4:\n%q", got, data)
	}
}

func TestCut(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		line  string
		width int
		want  string
	}{
		{"short", 10, "short"},
		{"just too long", 13, "just too lon…"},
		{"fits just so", 13, "fits just so"},
		{"\x1b[31mcolours\x1b[0m take none", 30, "\x1b[31mcolours\x1b[0m take none"},
		{"\x1b[31mcut in colour\x1b[0m", 5, "\x1b[31mcut …"},
		{"ööö", 3, "öö…"},
	} {
		if got := cut(test.line, test.width); got != test.want {
			t.Errorf("cut(%q, %d) = %q, want %q", test.line, test.width, got, test.want)
		}
	}
}

func TestScreenKeepsTheNewestAlerts(t *testing.T) {
	t.Parallel()
	s := newScreen(os.Stderr, "", true)
	for severity := range 12 {
		s.alert(alert{"GDPR", "message", severity})
	}
	if len(s.alerts) != maxAlerts || s.total != 12 || !strings.Contains(s.alerts[maxAlerts-1], "11 GDPR") {
		t.Errorf("%d alerts of %d: %q", len(s.alerts), s.total, s.alerts)
	}
}
