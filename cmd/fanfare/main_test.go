package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestMain makes the test binary the extraction child of the servers that the
// tests start, as the program is its own.
func TestMain(m *testing.M) {
	if len(os.Args) == 2 && os.Args[1] == extractWorker {
		os.Exit(run(context.Background(), os.Args[1:], os.Stdin, os.Stdout, os.Stderr))
	}
	os.Exit(m.Run())
}

// TestWrongArguments: status 2, and a sentence that names what is wrong.
func TestWrongArguments(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		args []string
		want string
	}{
		"unknown command":   {[]string{"sing"}, "sing"},
		"unknown flag":      {[]string{"demo", "--loud"}, "--loud"},
		"no such file":      {[]string{"demo", "/nowhere/report.pdf"}, "/nowhere/report.pdf"},
		"a directory":       {[]string{"demo", os.TempDir()}, "is not a file"},
		"an empty name":     {[]string{"demo", ""}, "file name is empty"},
		"argument too many": {[]string{"serve", "now"}, "now"},
		"bad setting":       {[]string{"serve", "--listen", "here"}, "FANFARE_LISTEN"},
		"beyond loopback":   {[]string{"serve", "--listen", "0.0.0.0:0"}, "FANFARE_AUTH=none"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var stdout, stderr bytes.Buffer
			status := run(t.Context(), test.args, nil, &stdout, &stderr)
			if status != exitUsage || !strings.Contains(stderr.String(), test.want) || stdout.Len() > 0 {
				t.Errorf("status %d, stdout %q, stderr %q: want 2 and %q", status, &stdout, &stderr, test.want)
			}
		})
	}
}

func TestHelp(t *testing.T) {
	t.Parallel()
	for _, args := range [][]string{{"--help"}, {"demo", "--help"}, {"serve", "--help"}, {"publish", "--help"}, {"tail", "--help"}} {
		var stdout, stderr bytes.Buffer
		if status := run(t.Context(), args, nil, &stdout, &stderr); status != 0 || stderr.Len() > 0 {
			t.Errorf("%v: status %d, %s", args, status, &stderr)
		}
		if help := stdout.String(); !strings.Contains(help, "Examples:") || strings.Contains(help, extractWorker) {
			t.Errorf("%v: no examples, or the hidden command, in %s", args, help)
		}
	}
}

// TestDemoLines: one JSON line per callback, in the form of the contract, to
// the end of the document.
func TestDemoLines(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "notes.txt")
	if err := os.WriteFile(path, []byte("Write to info@example.com.\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	var stdout, stderr bytes.Buffer
	if status := run(t.Context(), []string{"demo", path}, nil, &stdout, &stderr); status != 0 {
		t.Fatalf("status %d: %s", status, &stderr)
	}
	last, alerts := "", 0
	for line := range strings.Lines(stdout.String()) {
		var c struct {
			Method    string
			Arguments []any
		}
		if err := json.Unmarshal([]byte(line), &c); err != nil || len(c.Arguments) != 3 {
			t.Errorf("%s: %v", line, err)
		}
		switch c.Method {
		case "ReceiveProcessingUpdate":
			last = line
		case "ReceiveComplianceAlert":
			alerts++
		}
	}
	if !strings.HasPrefix(last, `{"method":"ReceiveProcessingUpdate","arguments":["`) || !strings.HasSuffix(last, `","completed",100]}`+"\n") || alerts != 1 {
		t.Errorf("last update %q, %d alerts, in %s", last, alerts, &stdout)
	}
	if want := "1 document: 1 completed, 0 failed; 1 alert."; !strings.Contains(stderr.String(), want) {
		t.Errorf("stderr %q, want %q in it", &stderr, want)
	}
}

// TestDemoEmptyFile is refused before anything is started.
func TestDemoEmptyFile(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "empty.txt")
	if err := os.WriteFile(path, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	var stderr bytes.Buffer
	status := run(t.Context(), []string{"demo", path}, nil, io.Discard, &stderr)
	if status != exitUsage || !strings.Contains(stderr.String(), "empty.txt is empty") {
		t.Errorf("status %d: %s", status, &stderr)
	}
}

// TestDemoRefusedUpload: what the server refuses is the demo's failure, in the
// server's words, and no file name moves the cursor.
func TestDemoRefusedUpload(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "bell\a.txt")
	if err := os.WriteFile(path, []byte("text"), 0o600); err != nil {
		t.Skipf("SKIPPED: the file system refuses the name: %v", err)
	}
	var stderr bytes.Buffer
	status := run(t.Context(), []string{"demo", path}, nil, io.Discard, &stderr)
	if status != exitFailed || !strings.Contains(stderr.String(), "control character") || strings.Contains(stderr.String(), "\a") {
		t.Errorf("status %d: %q", status, &stderr)
	}
}

// TestDemoWithoutReader: who closes the output early, as head does, ends the
// demo in order.
func TestDemoWithoutReader(t *testing.T) {
	t.Parallel()
	reader, writer, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer writer.Close()
	reader.Close()
	var stderr bytes.Buffer
	if status := run(t.Context(), []string{"demo", "--json"}, nil, writer, &stderr); status != exitFailed || strings.Contains(stderr.String(), "fanfare:") {
		t.Errorf("status %d: %s", status, &stderr)
	}
}

// TestDemoInterrupted ends with the shell's status for it, and leaves no data.
func TestDemoInterrupted(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	reader, writer := io.Pipe()
	first := make(chan struct{})
	go func() {
		bufio.NewReader(reader).ReadString('\n')
		close(first)
		io.Copy(io.Discard, reader)
	}()
	status := make(chan int, 1)
	go func() { status <- run(ctx, []string{"demo", "--json"}, nil, writer, io.Discard) }()
	<-first
	cancel()
	if got := <-status; got != exitInterrupted {
		t.Errorf("status %d, want %d", got, exitInterrupted)
	}
	writer.Close()
}

// TestServe: it says where it listens, and ends by the signal with status 0.
func TestServe(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	reader, writer := io.Pipe()
	status := make(chan int, 1)
	go func() {
		status <- run(ctx, []string{"serve", "--listen", "127.0.0.1:0", "--data-dir", t.TempDir()}, nil, writer, t.Output())
		writer.Close()
	}()
	lines := bufio.NewReader(reader)
	first, err := lines.ReadString('\n')
	if err != nil || !strings.HasPrefix(first, "Fanfare listens on http://127.0.0.1:") {
		t.Errorf("said %q, %v", first, err)
	}
	go cancel()
	rest, err := io.ReadAll(lines)
	if err != nil || strings.Count(string(rest), "curl ") != 3 {
		t.Errorf("proposes %q, %v", rest, err)
	}
	if got := <-status; got != 0 {
		t.Errorf("status %d", got)
	}
}
