package e2e

import (
	"bufio"
	"fmt"
	"io"
	"os/exec"
	"path/filepath"
	"regexp"
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

// serve starts the server and waits for its first line.
func serve(t *testing.T, binary, data string) *process {
	t.Helper()
	command := exec.CommandContext(t.Context(), binary, "serve", "--listen", "127.0.0.1:0", "--data-dir", data)
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
	body := longText(t)
	ids := make([]string, 0, 10)
	for i := range 10 {
		ids = append(ids, post(t, first.base, fmt.Sprintf("long-%d.txt", i), append(body, byte('0'+i))).ID)
	}
	await(t, "a document is being processed", func() bool { return get(t, first.base, ids[0]).Status == "processing" })
	first.kill()

	second := serve(t, binary, data)
	again := 0
	for _, id := range ids {
		if !get(t, second.base, id).terminal() {
			again++
		}
	}
	if again == 0 {
		t.Error("all documents were done before the kill: the test shows nothing")
	}
	for _, id := range ids {
		await(t, "document "+id+" is done", func() bool { return get(t, second.base, id).terminal() })
		if r := get(t, second.base, id); r.Status != "completed" || r.Percentage != 100 {
			t.Errorf("%s: %s %d %+v", r.Name, r.Status, r.Percentage, r.Error)
		}
	}
	if r := get(t, second.base, ids[0]); r.Attempt < 2 {
		t.Errorf("the document that was being processed has attempt %d, want 2 or more", r.Attempt)
	}
}

// longText is a text that takes a while: the long sample, many times over.
func longText(t *testing.T) []byte {
	t.Helper()
	samples, err := sample.All()
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range samples {
		if strings.HasSuffix(s.Name, ".txt") {
			return []byte(strings.Repeat(string(s.Data), 20))
		}
	}
	t.Fatal("no text among the samples")
	return nil
}
