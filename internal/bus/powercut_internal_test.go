package bus

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/fanfare-hub/fanfare"
)

// TestAPowerCutLosesNothingAcknowledged keeps the store on a file system of its
// own, inside a file. What the kernel has written to that file is what a disk
// would have been told to write; the rest is only in memory. So a copy of the
// file, taken under load, is the disk after a power cut. It needs the right to
// mount; POWERCUT=1 makes it fail without.
func TestAPowerCutLosesNothingAcknowledged(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	image := filepath.Join(dir, "disk")
	makeDisk(t, image)
	store := mount(t, image)

	b, s := startPartitions(t, filepath.Join(store, "log"), 2)
	receipts := publishUntilCut(t, b, func() { copyFile(t, image, image+".cut") })
	if s.writer.split.Load() > 0 {
		t.Errorf("%d batches were refused", s.writer.split.Load())
	}
	stopWithin(t, b, requestTimeout)

	survivor, s := startPartitions(t, filepath.Join(mount(t, image+".cut"), "log"), 2)
	wantStored(t, survivor, s, receipts)
	stopWithin(t, survivor, requestTimeout)
	t.Logf("%d events were acknowledged before the power cut", len(receipts))
}

// publishUntilCut publishes from many sides, in single events and in batches,
// and returns what was acknowledged before the cut began. A copy that is made
// while the disk is written to would have later writes without earlier ones,
// which no disk has: so nothing is sent while it is made, but what was sent
// before is not written out either.
func publishUntilCut(t *testing.T, b *Bus, cut func()) []fanfare.Receipt {
	t.Helper()
	const publishers, each = 100, 30
	var mu sync.Mutex
	var receipts []fanfare.Receipt
	var wg sync.WaitGroup
	for i := range publishers {
		wg.Go(func() {
			for n := range each {
				r, err := b.Append(t.Context(), named(fmt.Sprintf("%d/%d", i, n)), numberedDocument(i))
				if err != nil {
					t.Error(err)
					return
				}
				mu.Lock()
				receipts = append(receipts, r)
				mu.Unlock()
			}
		})
	}
	wg.Wait()
	cut()
	return receipts
}

func makeDisk(t *testing.T, image string) {
	t.Helper()
	if err := os.WriteFile(image, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Truncate(image, 256<<20); err != nil {
		t.Fatal(err)
	}
	if out, err := exec.CommandContext(t.Context(), "mkfs.ext4", "-q", "-F", image).CombinedOutput(); err != nil {
		cannot(t, "make a file system", out, err)
	}
}

// mount returns the directory where the disk is until the test ends.
func mount(t *testing.T, image string) string {
	t.Helper()
	at := image + ".mounted"
	if err := os.Mkdir(at, 0o700); err != nil {
		t.Fatal(err)
	}
	if out, err := exec.CommandContext(t.Context(), "mount", "-o", "loop", image, at).CombinedOutput(); err != nil {
		cannot(t, "mount a file", out, err)
	}
	t.Cleanup(func() {
		if out, err := exec.CommandContext(context.Background(), "umount", at).CombinedOutput(); err != nil {
			t.Errorf("umount: %s (%v)", out, err)
		}
	})
	return at
}

func cannot(t *testing.T, what string, out []byte, err error) {
	t.Helper()
	text := fmt.Sprintf("cannot %s here, so no power cut is tried: %s (%v)", what, strings.TrimSpace(string(out)), err)
	if os.Getenv("POWERCUT") != "" {
		t.Fatal(text)
	}
	t.Skip(text)
}

func copyFile(t *testing.T, from, to string) {
	t.Helper()
	source, err := os.Open(from)
	if err != nil {
		t.Fatal(err)
	}
	defer source.Close()
	target, err := os.Create(to)
	if err != nil {
		t.Fatal(err)
	}
	defer target.Close()
	if _, err := io.Copy(target, source); err != nil {
		t.Fatal(err)
	}
}
