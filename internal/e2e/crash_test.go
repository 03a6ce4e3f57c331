package e2e

import (
	"bufio"
	"fmt"
	"io"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/fanfare-hub/fanfare/internal/sample"
)

func contains(text, part string) bool { return strings.Contains(text, part) }

// build makes the real binary.
func build(t *testing.T) string {
	t.Helper()
	binary := filepath.Join(t.TempDir(), "fanfare")
	output, err := exec.CommandContext(t.Context(), "go", "build", "-o", binary, "../../cmd/fanfare").CombinedOutput()
	if err != nil {
		t.Fatalf("build: %v\n%s", err, output)
	}
	return binary
}

// process is a server in a process of its own, which can be killed.
type process struct {
	t       *testing.T
	command *exec.Cmd
	read    chan struct{}
	base    string
}

var listens = regexp.MustCompile(`listens on (http://\S+)`)

// serve starts the server on a free port.
func serve(t *testing.T, binary, data string) *process {
	t.Helper()
	return serveOn(t, binary, data, "127.0.0.1:0")
}

// serveOn starts the server and waits for its first line.
func serveOn(t *testing.T, binary, data, address string, flags ...string) *process {
	t.Helper()
	arguments := append([]string{"serve", "--listen", address, "--data-dir", data}, flags...)
	command := exec.CommandContext(t.Context(), binary, arguments...)
	command.Stderr = t.Output()
	stdout, err := command.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	p := &process{t: t, command: command, read: make(chan struct{})}
	reader := bufio.NewReader(stdout)
	first, err := reader.ReadString('\n')
	if err != nil {
		t.Fatalf("server said %q: %v", first, err)
	}
	p.base = listens.FindStringSubmatch(first)[1]
	go func() { defer close(p.read); io.Copy(io.Discard, reader) }()
	t.Cleanup(p.kill)
	return p
}

// kill is kill -9, and awaits the end.
func (p *process) kill() {
	if p.command.ProcessState != nil {
		return
	}
	p.command.Process.Kill()
	<-p.read
	p.command.Wait()
}

// TestKill9 ends the server with ten documents in flight, starts it again on
// the same directory, and sees ten terminal states.
func TestKill9(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("SKIPPED with -short: builds the binary and waits for redelivery")
	}
	binary, data := build(t), t.TempDir()
	first := serve(t, binary, data)
	report := reportPDF(t)
	before := make([]record, 10)
	for i := range before {
		before[i] = post(t, first.base, fmt.Sprintf("report-%d.pdf", i), report)
	}
	await(t, "a document is in the middle of its pages", func() bool {
		refresh(t, first.base, before)
		return slices.ContainsFunc(before, func(r record) bool { return r.Status == "processing" && r.Percentage > 0 && r.Percentage < 50 })
	})
	first.kill()

	second := serve(t, binary, data)
	after := slices.Clone(before)
	await(t, "all documents are done", func() bool {
		refresh(t, second.base, after)
		return !slices.ContainsFunc(after, func(r record) bool { return !r.terminal() })
	})
	for i, r := range after {
		if r.Status != "completed" || r.Percentage != 100 {
			t.Errorf("%s: %s %d %+v", r.Name, r.Status, r.Percentage, r.Error)
		}
		if r.Percentage < before[i].Percentage {
			t.Errorf("%s fell from %d to %d per cent", r.Name, before[i].Percentage, r.Percentage)
		}
	}
	if !slices.ContainsFunc(after, func(r record) bool { return r.Attempt > 1 }) {
		t.Errorf("no document was begun again: the test shows nothing")
	}
}

// refresh reads the records anew.
func refresh(t *testing.T, base string, records []record) {
	t.Helper()
	for i, r := range records {
		records[i] = get(t, base, r.ID)
	}
}

// reportPDF is the sample that takes longest: about a second of one core.
func reportPDF(t *testing.T) []byte {
	t.Helper()
	samples, err := sample.All()
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range samples {
		if s.Name == "annual-report.pdf" {
			return s.Data
		}
	}
	t.Fatal("no report among the samples")
	return nil
}
