package conformance_test

import (
	"bytes"
	"os"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/fanfare-hub/fanfare/signalr/internal/conformance"
	"github.com/fanfare-hub/fanfare/signalr/internal/golden"
)

// root is the project's directory, seen from this package's.
const root = "../../.."

// Every MUST and ERR has a test or a reason, and the report is up to date.
func TestProject(t *testing.T) {
	t.Parallel()
	project := os.DirFS(root)
	findings, err := conformance.Find(project)
	if err != nil {
		t.Fatal(err)
	}
	for _, wrong := range conformance.Check(findings) {
		t.Error(wrong)
	}
	written, err := os.ReadFile(root + "/" + conformance.ReportFile)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(written, conformance.Write(findings)) {
		t.Errorf("%s is out of date: make conformance-report", conformance.ReportFile)
	}
}

// code is a test file in which an id in each place says whether it counts:
// those of the group UP do, those of the group BP do not.
const code = `// Package x is about BP-01.
package x_test

// BP-02 stands above no function, nor do BP-12 to BP-15.

// UP-01: the comment of a test.
func TestOne(t *testing.T) {
	for _, c := range []struct{ name, more string }{
		{"UP-02 a row", ""},
		// UP-03 above a row
		{"x", "UP-04"}, // UP-05
	} {
		t.Run(c.name+" UP-06", func(*testing.T) {})
	}
	use(outer())
}

func TestUP_07(t *testing.T) {} // BP-03

// BP-04
func outer() any { return [][]string{{"UP-08", "stream/count stream/lost"}, inner()} }

func inner() []string { fail("BP-05"); return []string{"UP-09", "stream/lost"} }

func unused() []string { return []string{"BP-06"} }

// BP-07
func TestSkipped(t *testing.T) { t.Skip("BP-08") }

// BP-09
func BenchmarkOne(b *testing.B) {}

// UP-10
func FuzzOne(f *testing.F) {}
`

func scan(t *testing.T) *conformance.Scanned {
	t.Helper()
	scanned, err := conformance.Scan(fstest.MapFS{
		"x/x_test.go":          {Data: []byte(code)},
		"x/x.go":               {Data: []byte("// Package x knows BP-11.\npackage x\n")},
		"x/testdata/x_test.go": {Data: []byte("no Go")},
	}, "x")
	if err != nil {
		t.Fatal(err)
	}
	return scanned
}

func TestScan(t *testing.T) {
	t.Parallel()
	scanned := scan(t)
	counted := make([]string, 0, len(scanned.Mentions))
	for _, m := range scanned.Mentions {
		counted = append(counted, strings.Join(append([]string{m.ID, m.Test}, m.Scenarios...), " "))
	}
	want := []string{
		"UP-01 TestOne", "UP-02 TestOne", "UP-03 TestOne", "UP-04 TestOne", "UP-05 TestOne", "UP-06 TestOne",
		"UP-08 TestOne stream/count stream/lost", "UP-09 TestOne stream/lost", "UP-10 FuzzOne",
	}
	if !slices.Equal(counted, want) {
		t.Errorf("got  %q\nwant %q", counted, want)
	}
	if ids := scanned.IDs; ids["BP-01"] != "x/x_test.go" || ids["BP-11"] != "x/x.go" {
		t.Errorf("got %v", ids)
	}
	if ranges := scanned.Ranges; len(ranges) != 1 || ranges["BP-12 to BP-15"] != "x/x_test.go" {
		t.Errorf("got %v", ranges)
	}
}

func item(id string, level conformance.Level) conformance.Item {
	return conformance.Item{ID: id, Level: level, Title: "about " + id}
}

func TestCheck(t *testing.T) {
	t.Parallel()
	mentions := scan(t).Mentions
	lost := []golden.Difference{{Scenario: "stream/lost", Reason: "it is lost"}}
	for name, c := range map[string]struct {
		data   conformance.Data
		ids    map[string]string
		ranges map[string]string
		want   []string
	}{
		"nothing":           {want: nil},
		"a test":            {data: conformance.Data{Items: []conformance.Item{item("UP-01", conformance.Must)}}},
		"a test of many":    {data: conformance.Data{Items: []conformance.Item{item("UP-08", conformance.Err)}}},
		"not required":      {data: conformance.Data{Items: []conformance.Item{item("BP-01", conformance.Info)}}},
		"neither":           {data: conformance.Data{Items: []conformance.Item{item("BP-01", conformance.Must)}}, want: []string{"BP-01 (MUST, about BP-01) has neither a test nor a reason"}},
		"neither of an ERR": {data: conformance.Data{Items: []conformance.Item{item("BP-02", conformance.Err)}}, want: []string{"BP-02 (ERR, about BP-02) has neither a test nor a reason"}},
		"only what is not met": {
			data: conformance.Data{Items: []conformance.Item{item("UP-09", conformance.Must)}},
			want: []string{"UP-09 (MUST, about UP-09) has neither a test nor a reason"},
		},
		"a reason": {data: conformance.Data{
			Items: []conformance.Item{item("BP-01", conformance.Must)}, Reasons: []conformance.Reason{{IDs: []string{"BP-01"}, Reason: "none"}},
		}},
		"a stale reason": {
			data: conformance.Data{Items: []conformance.Item{item("UP-10", conformance.Rec)}, Reasons: []conformance.Reason{{IDs: []string{"UP-10"}, Reason: "none"}}},
			want: []string{"UP-10 has a test, FuzzOne, and a reason to have none: take the reason out"},
		},
		"an unknown id":          {ids: map[string]string{"UP-99": "x.go"}, want: []string{"x.go names UP-99, which does not exist"}},
		"a range":                {ranges: map[string]string{"UP-01 to UP-03": "x.go"}, want: []string{"x.go names UP-01 to UP-03: name each that it shows"}},
		"a reason for nothing":   {data: conformance.Data{Reasons: []conformance.Reason{{IDs: []string{"UP-99"}}}}, want: []string{"reasons.json or deviations.json names UP-99, which does not exist"}},
		"a deviation of nothing": {data: conformance.Data{Deviations: []conformance.Deviation{{IDs: []string{"UP-98"}}}}, want: []string{"reasons.json or deviations.json names UP-98, which does not exist"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			scanned := &conformance.Scanned{Mentions: mentions, IDs: c.ids, Ranges: c.ranges}
			got := conformance.Check(conformance.NewFindings(c.data, scanned, lost))
			if !slices.Equal(got, c.want) {
				t.Errorf("got  %q\nwant %q", got, c.want)
			}
		})
	}
}

func TestWrite(t *testing.T) {
	t.Parallel()
	text := string(conformance.Write(conformance.NewFindings(conformance.Data{
		Items:      []conformance.Item{item("UP-01", conformance.Must), item("UP-08", conformance.Err), item("BP-01", conformance.Must), item("BP-02", conformance.Info)},
		Reasons:    []conformance.Reason{{IDs: []string{"BP-01"}, Reason: "one process"}},
		Deviations: []conformance.Deviation{{IDs: []string{"UP-01"}, Behaviour: "Another way.", Reason: "It is better."}},
	}, scan(t), []golden.Difference{{Scenario: "stream/lost", Reason: "it is lost"}})))
	for _, line := range []string{
		"| MUST | 2 | 1 | 1 | 0 |", "| ERR | 1 | 1 | 0 | 0 |", "| INFO | 1 | 0 | 0 | 1 |", "| all | 4 | 2 | 1 | 1 |",
		"- **UP-01** Another way. It is better.", "| stream/lost | it is lost |", "## UP: Streams from the client",
		"| UP-01 | MUST | about UP-01 | [TestOne](../x/x_test.go) |  |",
		"| UP-08 | ERR | about UP-08 | [TestOne](../x/x_test.go) | stream/count |",
		"| BP-01 | MUST | about BP-01 |  | one process |", "| BP-02 | INFO | about BP-02 |  |  |",
	} {
		if !strings.Contains(text, line+"\n") {
			t.Errorf("the report has no line %q", line)
		}
	}
}
