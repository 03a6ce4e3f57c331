package document

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// TestMain makes the test binary its own extraction child, as cmd/fanfare is.
func TestMain(m *testing.M) {
	if len(os.Args) > 1 {
		if run, ok := childModes()[os.Args[1]]; ok {
			if err := run(); err != nil {
				fmt.Fprintln(os.Stderr, err)
				os.Exit(1)
			}
			os.Exit(0)
		}
	}
	os.Exit(m.Run())
}

// testWorkerArgv is the command of a real extraction child.
func testWorkerArgv() []string { return childArgv("extract-worker") }

func childArgv(mode string) []string { return []string{os.Args[0], mode} }

// childModes are what a child of the tests may do.
func childModes() map[string]func() error {
	say := func(lines ...string) error {
		if _, err := bufio.NewReader(os.Stdin).ReadString('\n'); err != nil {
			return err
		}
		for _, line := range lines {
			fmt.Println(line)
		}
		return nil
	}
	hang := func() error {
		_, err := io.Copy(io.Discard, os.Stdin)
		return err
	}
	return map[string]func() error{
		"extract-worker": func() error { return ExtractWorker(os.Stdin, os.Stdout) },
		"child-blocked": func() error {
			_, unread := io.Pipe()
			return ExtractWorker(os.Stdin, unread)
		},
		"child-suicide": func() error {
			self, err := os.FindProcess(os.Getpid())
			return errors.Join(err, say(), self.Kill(), hang())
		},
		"child-hang": func() error {
			if err := say(`{"progress":{"done":1,"total":2}}`); err != nil {
				return err
			}
			return hang()
		},
		"child-garbage":    func() error { return errors.Join(say("Segmentation fault in 4111111111111111"), hang()) },
		"child-two":        func() error { return errors.Join(say(`{"progress":{},"result":{}}`), hang()) },
		"child-unknown":    func() error { return errors.Join(say(`{"verdict":{}}`), hang()) },
		"child-silent":     func() error { return say() },
		"child-early-exit": func() error { return errors.New("no such library") },
		"child-long-line":  func() error { return say(strings.Repeat("x", maxMessage+1)) },
		"child-panic": func() error {
			_ = say()
			panic("broken invariant")
		},
		"child-memory": func() error {
			_ = say()
			return errors.New("fatal error: runtime: out of memory")
		},
		"child-progress": func() error {
			return say(
				`{"progress":{"done":5,"total":10}}`, `{"progress":{"done":3,"total":10}}`,
				`{"progress":{"done":11,"total":10}}`, `{"progress":{"done":10,"total":10}}`, `{"result":{"pages":7}}`,
			)
		},
		"child-env": func() error {
			return say(fmt.Sprintf(`{"result":{"mediaType":%q}}`, os.Getenv("FANFARE_API_KEY")))
		},
	}
}

// writeDocument puts a document where an upload would lie.
func writeDocument(tb testing.TB, data []byte) string {
	tb.Helper()
	path := filepath.Join(tb.TempDir(), "blob")
	if err := os.WriteFile(path, data, 0o600); err != nil {
		tb.Fatal(err)
	}
	return path
}

// extract runs a real child over data; the deadline is for a hanging test only.
func extract(t *testing.T, name string, data []byte) (Result, error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 3*time.Minute)
	defer cancel()
	return Extract(ctx, testWorkerArgv(), ExtractParams{Path: writeDocument(t, data), Name: name}, nil)
}

func wantFailure(t *testing.T, err error, code string) *Failure {
	t.Helper()
	var f *Failure
	if !errors.As(err, &f) || f.Code != code {
		t.Fatalf("error is %v, want a Failure with code %s", err, code)
	}
	return f
}

func TestExtractText(t *testing.T) {
	t.Parallel()
	text := "\uFEFFMinutes of the meeting\n\nPaid by card 4111 1111 1111 1111,\nask désk@example.com.\fPage two\n"
	got, err := extract(t, "minutes.txt", []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	if got.MediaType != "text/plain" || got.Pages != 2 || got.Words != 15 {
		t.Errorf("result is %+v", got)
	}
	if want := len([]rune(text)) - 2; got.Characters != want {
		t.Errorf("%d characters, want %d: all code points but the mark and the page break", got.Characters, want)
	}
	if len(got.Findings) != 2 {
		t.Fatalf("findings are %+v", got.Findings)
	}
	card := got.Findings[1]
	want := Place{Page: 1, Line: 3, Start: 37, End: 56}
	if card.Rule != "payment_card" || card.Places[0] != want || card.Samples[0] != "************1111" {
		t.Errorf("card is %+v, want it at %+v", card, want)
	}
}

func TestExtractProgressIsBytes(t *testing.T) {
	t.Parallel()
	data := bytes.Repeat([]byte("A line of the minutes, and one more of them.\n"), 60_000)
	last, calls := int64(0), 0
	_, err := Extract(t.Context(), testWorkerArgv(), ExtractParams{Path: writeDocument(t, data), Name: "minutes.txt"}, func(done, total int64) {
		if done < last || total != int64(len(data)) {
			t.Errorf("progress %d of %d after %d", done, total, last)
		}
		last = done
		calls++
	})
	if err != nil {
		t.Fatal(err)
	}
	if last != int64(len(data)) || calls < 5 {
		t.Errorf("progress ended at %d after %d calls", last, calls)
	}
}

func TestExtractType(t *testing.T) {
	t.Parallel()
	csv := "id,name,mail\n1,One,one@example.com\n2,Two,two@example.com\n"
	tests := []struct {
		name, file, data, want string
	}{
		{"csv by content", "export", csv, "text/csv"},
		{"csv called text", "export.txt", csv, "text/plain"},
		{"text called csv", "notes.CSV", "one line\n", "text/csv"},
		{"name does not make a pdf", "notes.pdf", "one line\n", "text/plain"},
		{"empty", "empty.txt", "", "text/plain"},
		{"zip", "notes.txt", "PK\x03\x04\x14\x00\x00\x00\x08\x00", ""},
		{"png", "notes.pdf", "\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR", ""},
		{"utf-16", "notes.txt", "\xff\xfen\x00o\x00t\x00e\x00", ""},
		{"latin-1", "notes.txt", "caf\xe9 au lait", ""},
		{"cut off code point", "notes.txt", "price in \xe2\x82", ""},
		{"html", "notes.txt", "<!DOCTYPE html><html><body>x</body></html>", ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			got, err := extract(t, tt.file, []byte(tt.data))
			if tt.want == "" {
				wantFailure(t, err, CodeUnsupportedType)
				return
			}
			if err != nil || got.MediaType != tt.want || got.Pages != 1 {
				t.Errorf("result %+v, %v; want one page of %s", got, err, tt.want)
			}
		})
	}
}

func TestExtractNamesTheTypeItCannotRead(t *testing.T) {
	t.Parallel()
	_, err := extract(t, "a.zip", []byte("PK\x03\x04\x14\x00\x00\x00\x08\x00"))
	if f := wantFailure(t, err, CodeUnsupportedType); !strings.Contains(f.Message, "application/zip") {
		t.Errorf("message is %q", f.Message)
	}
}
