package document

import (
	"context"
	"errors"
	"io"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"
)

func extractBy(t *testing.T, mode string) (Result, error) {
	t.Helper()
	return Extract(t.Context(), childArgv(mode), ExtractParams{Path: "unused", Name: "unused"}, nil)
}

func TestBrokenChildIsAnInternalFailure(t *testing.T) {
	t.Parallel()
	tests := []struct{ mode, code, detail string }{
		{"child-garbage", CodeInternal, "malformed message"},
		{"child-two", CodeInternal, "exactly one member"},
		{"child-unknown", CodeInternal, "malformed message"},
		{"child-silent", CodeInternal, "exit status 0"},
		{"child-early-exit", CodeInternal, "no such library"},
		{"child-long-line", CodeInternal, "token too long"},
		{"child-panic", CodeInternal, "broken invariant"},
		{"child-memory", CodeLimitExceeded, "out of memory"},
	}
	for _, tt := range tests {
		t.Run(tt.mode, func(t *testing.T) {
			t.Parallel()
			_, err := extractBy(t, tt.mode)
			f := wantFailure(t, err, tt.code)
			if !strings.Contains(f.Detail, tt.detail) {
				t.Errorf("detail is %q, want %q in it", f.Detail, tt.detail)
			}
			if strings.Contains(f.Detail+f.Error(), "4111111111111111") {
				t.Errorf("what the child said went into %q, %q", f.Error(), f.Detail)
			}
		})
	}
}

func TestExtractReportsACommandThatCannotRun(t *testing.T) {
	t.Parallel()
	var f *Failure
	for _, argv := range [][]string{nil, {filepath.Join(t.TempDir(), "missing")}} {
		_, err := Extract(t.Context(), argv, ExtractParams{Path: "unused", Name: "unused"}, nil)
		if err == nil || errors.As(err, &f) {
			t.Errorf("%q gives %v, want an error that does not blame the document", argv, err)
		}
	}
}

// A missing blob is the service's trouble; the child says so on stderr.
func TestMissingBlobIsAnInternalFailure(t *testing.T) {
	t.Parallel()
	_, err := Extract(t.Context(), testWorkerArgv(), ExtractParams{Path: filepath.Join(t.TempDir(), "missing"), Name: "a.txt"}, nil)
	if f := wantFailure(t, err, CodeInternal); !strings.Contains(f.Detail, "open document") {
		t.Errorf("detail is %q", f.Detail)
	}
}

func TestDeadlineKillsTheChild(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
	defer cancel()
	_, err := Extract(ctx, childArgv("child-hang"), ExtractParams{Path: "unused", Name: "unused"}, nil)
	wantFailure(t, err, CodeTimeout)
}

func TestCancelKillsTheChildAndIsNoFailure(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	_, err := Extract(ctx, childArgv("child-hang"), ExtractParams{Path: "unused", Name: "unused"}, func(int64, int64) { cancel() })
	var f *Failure
	if !errors.Is(err, context.Canceled) || errors.As(err, &f) {
		t.Errorf("error is %v, want that of the context", err)
	}
}

func TestProgressNeverFalls(t *testing.T) {
	t.Parallel()
	seen := []int64{}
	got, err := Extract(t.Context(), childArgv("child-progress"), ExtractParams{Path: "unused", Name: "unused"}, func(done, _ int64) { seen = append(seen, done) })
	if err != nil || got.Pages != 7 {
		t.Fatalf("result %+v, %v", got, err)
	}
	if !slices.Equal(seen, []int64{5, 10}) {
		t.Errorf("progress is %v, want 5 and 10", seen)
	}
}

func TestChildIsNotGivenSecrets(t *testing.T) {
	t.Setenv("FANFARE_API_KEY", "secret")
	got, err := extractBy(t, "child-env")
	if err != nil || got.MediaType != "" {
		t.Errorf("the child saw %q, %v", got.MediaType, err)
	}
}

// worker starts a real child by hand; closing stdin is what the death of its
// parent looks like.
func worker(t *testing.T, mode, request string) (stdin io.WriteCloser, stdout io.Reader, cmd *exec.Cmd) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	t.Cleanup(cancel)
	argv := childArgv(mode)
	cmd = exec.CommandContext(ctx, argv[0], argv[1:]...)
	stdin, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	if stdout, err = cmd.StdoutPipe(); err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	// A child that refuses the request may be gone before it has read it all.
	if _, err := io.WriteString(stdin, request); err != nil && !errors.Is(err, syscall.EPIPE) {
		t.Fatal(err)
	}
	return stdin, stdout, cmd
}

func TestKilledChildIsAnInternalFailure(t *testing.T) {
	t.Parallel()
	_, err := extractBy(t, "child-suicide")
	wantFailure(t, err, CodeInternal)
}

func TestWorkerEndsWhenItsParentIsGone(t *testing.T) {
	t.Parallel()
	path := writeDocument(t, []byte("text\n"))
	stdin, _, cmd := worker(t, "child-blocked", `{"path":"`+path+`","name":"a.txt"}`+"\n")
	stdin.Close()
	if err := cmd.Wait(); err == nil || cmd.ProcessState.ExitCode() != 1 {
		t.Errorf("the child ended with %v, want by itself with exit code 1", err)
	}
}

func TestWorkerStaysUntilItsAnswerIsRead(t *testing.T) {
	t.Parallel()
	path := writeDocument(t, []byte("text\n"))
	stdin, stdout, cmd := worker(t, "extract-worker", `{"path":"`+path+`","name":"a.txt"}`+"\n")
	out := newMessages(stdout)
	for {
		msg, err := out.next()
		if err != nil {
			t.Fatal(err)
		}
		if msg.Result != nil {
			break
		}
	}
	stdin.Close()
	if err := cmd.Wait(); err != nil {
		t.Errorf("the child ended with %v, want success", err)
	}
}

func TestWorkerRefusesWhatIsNoRequest(t *testing.T) {
	t.Parallel()
	for _, in := range []string{"", "no newline", "not json\n", strings.Repeat("x", maxRequest) + "\n"} {
		stdin, _, cmd := worker(t, "extract-worker", in)
		stdin.Close()
		if err := cmd.Wait(); err == nil || cmd.ProcessState.ExitCode() != 1 {
			t.Errorf("%.20q ends with %v, want exit code 1", in, err)
		}
	}
}

func TestExcerptKeepsBothEnds(t *testing.T) {
	t.Parallel()
	e := &excerpt{}
	for range 1_000 {
		io.WriteString(e, "middle middle middle\n")
	}
	io.WriteString(e, "the end")
	first := &excerpt{}
	io.WriteString(first, "panic: ")
	io.WriteString(first, strings.Repeat("x", 10_000))
	if got := e.String(); len(got) > excerptHead+excerptTail+8 || !strings.HasSuffix(got, "the end") {
		t.Errorf("%d bytes, ending in %q", len(got), got[len(got)-10:])
	}
	if !strings.HasPrefix(first.String(), "panic: ") || !strings.Contains(first.String(), "…") {
		t.Errorf("the beginning is lost: %.20q", first)
	}
}
