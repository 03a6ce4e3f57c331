package document

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/fanfare-hub/fanfare"
)

func upload(name, body string) UploadParams {
	return UploadParams{Name: name, Owner: "user-7", Size: int64(len(body)), Body: strings.NewReader(body)}
}

// files lists the regular files below dir, relative to it.
func files(t *testing.T, dir string) []string {
	t.Helper()
	var found []string
	err := filepath.WalkDir(dir, func(path string, entry fs.DirEntry, err error) error {
		if err == nil && entry.Type().IsRegular() {
			relative, _ := filepath.Rel(dir, path)
			found = append(found, filepath.ToSlash(relative))
		}
		return err
	})
	if err != nil {
		t.Fatalf("walk: %v", err)
	}
	return found
}

func TestUploadStoresRecordsAnnouncesAndQueues(t *testing.T) {
	t.Parallel()
	b := newBench(t, noFaults(), nil)
	record, err := b.service.Upload(t.Context(), upload("a report.txt", "hello"))
	if err != nil {
		t.Fatalf("Upload: %v", err)
	}
	sum := sha256.Sum256([]byte("hello"))
	hash := hex.EncodeToString(sum[:])
	if got := files(t, b.dir); len(got) != 1 || got[0] != "blobs/"+hash[:2]+"/"+hash[2:4]+"/"+hash {
		t.Errorf("files %q", got)
	}
	if record.Status != fanfare.StatusQueued || record.Percentage != 0 || record.Attempt != 1 || record.SHA256 != hash || record.Size != 5 || record.Owner != "user-7" {
		t.Errorf("record %+v", record)
	}
	found, err := b.service.Find(t.Context(), strings.ToUpper(record.ID))
	if err != nil || found.ID != record.ID || !found.Announced {
		t.Errorf("Find: %+v, %v", found, err)
	}
	steps, _ := b.log.of(record.ID)
	if len(steps) != 1 || steps[0].Type != fanfare.DocumentUploaded || steps[0].ID != fanfare.DeriveID(record.ID, "1", "uploaded") {
		t.Errorf("events %+v", steps)
	}
	if b.jobs.pending() != 1 {
		t.Errorf("%d jobs, want 1", b.jobs.pending())
	}
}

func TestUploadKeepsEqualContentOnce(t *testing.T) {
	t.Parallel()
	b := newBench(t, noFaults(), nil)
	for _, name := range []string{"one.txt", "two.txt"} {
		if _, err := b.service.Upload(t.Context(), upload(name, "same")); err != nil {
			t.Fatalf("Upload: %v", err)
		}
	}
	if got := files(t, b.dir); len(got) != 1 {
		t.Errorf("files %q, want one", got)
	}
	if got := len(b.records.all(t)); got != 2 {
		t.Errorf("%d records, want 2", got)
	}
}

func TestUploadRefusesBadInput(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name   string
		params UploadParams
		code   fanfare.Code
		says   string
	}{
		{"no name", upload("", "x"), fanfare.CodeInvalidArgument, "?name="},
		{"long name", upload(strings.Repeat("n", 256), "x"), fanfare.CodeInvalidArgument, "256 bytes"},
		{"slash", upload("a/b", "x"), fanfare.CodeInvalidArgument, "path separator"},
		{"backslash", upload(`a\b`, "x"), fanfare.CodeInvalidArgument, "path separator"},
		{"line feed", upload("a\nb", "x"), fanfare.CodeInvalidArgument, "control character"},
		{"C1 control", upload("a\u0085b", "x"), fanfare.CodeInvalidArgument, "control character"},
		{"not UTF-8", upload("a\xffb", "x"), fanfare.CodeInvalidArgument, "UTF-8"},
		{"dot", upload(".", "x"), fanfare.CodeInvalidArgument, "directory"},
		{"dot dot", upload("..", "x"), fanfare.CodeInvalidArgument, "directory"},
		{"empty", upload("a", ""), fanfare.CodeInvalidArgument, "empty"},
		{"empty, size unknown", UploadParams{Name: "a", Owner: "", Size: -1, Body: strings.NewReader("")}, fanfare.CodeInvalidArgument, "empty"},
		{"too large, announced", UploadParams{Name: "a", Owner: "", Size: 11, Body: iotest.ErrReader(errors.New("read"))}, fanfare.CodeTooLarge, "10 bytes"},
		{"too large, found out", UploadParams{Name: "a", Owner: "", Size: -1, Body: strings.NewReader("12345678901")}, fanfare.CodeTooLarge, "10 bytes"},
		{"cut off", UploadParams{Name: "a", Owner: "", Size: 9, Body: cutReader("1234")}, fanfare.CodeInvalidArgument, "cut off after 4 bytes"},
		{"shorter than announced", UploadParams{Name: "a", Owner: "", Size: 9, Body: strings.NewReader("1234")}, fanfare.CodeInvalidArgument, "cut off after 4 bytes"},
		{"the body's own words", UploadParams{Name: "a", Owner: "", Size: -1, Body: iotest.ErrReader(fanfare.Errorf(fanfare.CodeRateLimited, "slower"))}, fanfare.CodeRateLimited, "slower"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			b := newBench(t, noFaults(), func(o *Options) { o.MaxBytes = 10 })
			_, err := b.service.Upload(t.Context(), test.params)
			refused, ok := errors.AsType[*fanfare.Error](err)
			if !ok || refused.Code != test.code || !strings.Contains(refused.Message, test.says) {
				t.Errorf("error %v, want %s with %q", err, test.code, test.says)
			}
			if got := files(t, b.dir); len(got) != 0 {
				t.Errorf("left behind: %q", got)
			}
			if len(b.records.all(t)) != 0 || b.jobs.pending() != 0 || len(b.log.events) != 0 {
				t.Error("something was recorded")
			}
		})
	}
}

// cutReader ends as a request's body does whose connection broke.
func cutReader(s string) io.Reader {
	return io.MultiReader(strings.NewReader(s), iotest.ErrReader(io.ErrUnexpectedEOF))
}

func TestUploadTakesTheLargestAllowed(t *testing.T) {
	t.Parallel()
	b := newBench(t, noFaults(), func(o *Options) { o.MaxBytes = 10 })
	if _, err := b.service.Upload(t.Context(), upload(strings.Repeat("n", 255), "1234567890")); err != nil {
		t.Errorf("Upload: %v", err)
	}
}

// countedReader gives zeros and notes the largest piece that was asked for.
type countedReader struct{ left, largest int }

func (r *countedReader) Read(p []byte) (int, error) {
	r.largest = max(r.largest, len(p))
	if r.left == 0 {
		return 0, io.EOF
	}
	n := min(len(p), r.left)
	clear(p[:n])
	r.left -= n
	return n, nil
}

func TestUploadReadsInSmallPieces(t *testing.T) {
	t.Parallel()
	b := newBench(t, noFaults(), nil)
	body := &countedReader{left: 3 << 20, largest: 0}
	record, err := b.service.Upload(t.Context(), UploadParams{Name: "zeros", Owner: "", Size: -1, Body: body})
	if err != nil {
		t.Fatalf("Upload: %v", err)
	}
	if body.largest > 32<<10 {
		t.Errorf("a piece of %d bytes was read", body.largest)
	}
	data, err := os.ReadFile(b.service.blobs.path(record.SHA256))
	if err != nil || !bytes.Equal(data, make([]byte, 3<<20)) {
		t.Errorf("blob differs (%d bytes, %v)", len(data), err)
	}
}

func TestUploadEndsWithItsContext(t *testing.T) {
	t.Parallel()
	b := newBench(t, noFaults(), nil)
	ctx, cancel := context.WithCancel(t.Context())
	body := io.MultiReader(strings.NewReader("begin"), readerFunc(func(p []byte) (int, error) {
		cancel()
		return copy(p, "more"), nil
	}))
	_, err := b.service.Upload(ctx, UploadParams{Name: "a", Owner: "", Size: -1, Body: body})
	if fanfare.CodeOf(err) != fanfare.CodeInvalidArgument || !errors.Is(err, context.Canceled) {
		t.Errorf("error %v", err)
	}
	if got := files(t, b.dir); len(got) != 0 {
		t.Errorf("left behind: %q", got)
	}
}

type readerFunc func(p []byte) (int, error)

func (f readerFunc) Read(p []byte) (int, error) { return f(p) }

func TestNewRemovesUnfinishedUploads(t *testing.T) {
	t.Parallel()
	b := newBench(t, noFaults(), nil)
	if _, err := b.service.Upload(t.Context(), upload("a", "kept")); err != nil {
		t.Fatalf("Upload: %v", err)
	}
	orphan := filepath.Join(b.dir, "uploads", "upload-1")
	if err := os.WriteFile(orphan, []byte("half"), 0o600); err != nil {
		t.Fatal(err)
	}
	b.restart(t, nil)
	if got := files(t, b.dir); len(got) != 1 || !strings.HasPrefix(got[0], "blobs/") {
		t.Errorf("files %q, want the blob only", got)
	}
}
