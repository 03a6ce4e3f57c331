package e2e

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/fanfare-hub/fanfare/internal/sample"
)

// pageReport is one line of page.mjs.
type pageReport struct {
	Step      string
	Problems  []string
	Documents []struct{ Status, Text string }
	Alerts    []string
}

// browser is the page in a real browser.
type browser struct {
	t     *testing.T
	stdin io.Writer
	lines *bufio.Scanner
}

// openPage drives the console's page with the files; where a part is missing,
// the test is skipped by name.
func openPage(t *testing.T, base string, files []string) *browser {
	t.Helper()
	node, err := exec.LookPath("node")
	if err != nil {
		t.Skip("SKIPPED: the browser test is driven by Node, which is not installed")
	}
	chromium, err := exec.LookPath("chromium")
	if err != nil {
		t.Skip("SKIPPED: the browser test needs chromium, which is not installed")
	}
	if _, err := os.Stat("client/node_modules/playwright-core"); err != nil {
		t.Skip("SKIPPED: playwright-core is not installed; run make test, or npm ci in internal/e2e/client")
	}
	command := exec.CommandContext(t.Context(), node, append([]string{"client/page.mjs", chromium, base}, files...)...)
	command.Stderr = t.Output()
	stdin, err := command.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	stdout, err := command.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		stdin.Close()
		command.Wait()
	})
	lines := bufio.NewScanner(stdout)
	lines.Buffer(nil, 1<<20)
	return &browser{t, stdin, lines}
}

func (b *browser) next() pageReport {
	b.t.Helper()
	if !b.lines.Scan() {
		b.t.Fatalf("the browser's driver ended: %v", b.lines.Err())
	}
	var r pageReport
	if err := json.Unmarshal(b.lines.Bytes(), &r); err != nil {
		b.t.Fatalf("%q: %v", b.lines.Text(), err)
	}
	return r
}

// TestPage drops a good and a damaged file on the page, sees their ends and the
// alerts, and takes the server away and brings it back: the page connects
// again by itself and shows what was.
func TestPage(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("SKIPPED with -short: builds the binary and starts a browser")
	}
	binary, data := build(t), t.TempDir()
	address := freeAddress(t)
	first := serveOn(t, binary, data, address)
	b := openPage(t, first.base, sampleFiles(t, "customers.csv", "damaged.pdf"))

	r := b.next()
	checkPage(t, r)
	if len(r.Alerts) != 3 || !strings.Contains(strings.Join(r.Alerts, " "), "PCI-DSS") {
		t.Errorf("alerts %q", r.Alerts)
	}
	if _, err := io.WriteString(b.stdin, "reload\n"); err != nil {
		t.Fatal(err)
	}
	first.kill()
	if r := b.next(); r.Step != "lost" {
		t.Fatalf("got %+v, want lost", r)
	}
	serveOn(t, binary, data, address)
	checkPage(t, b.next())
}

// checkPage: one document completed, one failed with its reason, no script
// errors.
func checkPage(t *testing.T, r pageReport) {
	t.Helper()
	shown := map[string]string{}
	for _, d := range r.Documents {
		shown[d.Status] += d.Text
	}
	if len(r.Documents) != 2 || !strings.Contains(shown["completed"], "customers.csv") || !strings.Contains(shown["failed"], "damaged") {
		t.Errorf("%s: the page shows %+v", r.Step, r.Documents)
	}
	if len(r.Problems) > 0 {
		t.Errorf("%s: script errors %q", r.Step, r.Problems)
	}
}

// sampleFiles writes samples to files, to be chosen in the page.
func sampleFiles(t *testing.T, names ...string) []string {
	t.Helper()
	samples, err := sample.All()
	if err != nil {
		t.Fatal(err)
	}
	var paths []string
	for _, s := range samples {
		for _, name := range names {
			if s.Name != name {
				continue
			}
			path := filepath.Join(t.TempDir(), name)
			if err := os.WriteFile(path, s.Data, 0o600); err != nil {
				t.Fatal(err)
			}
			paths = append(paths, path)
		}
	}
	if len(paths) != len(names) {
		t.Fatal(fmt.Errorf("samples %v: found %v", names, paths))
	}
	return paths
}

// freeAddress is one that a server can be started on twice.
func freeAddress(t *testing.T) string {
	t.Helper()
	listener, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	return listener.Addr().String()
}
