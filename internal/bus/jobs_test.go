package bus_test

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/fanfare-hub/fanfare"
	"github.com/fanfare-hub/fanfare/internal/bus"
)

type delivered struct {
	id    string
	count int
}

func publish(t *testing.T, b *bus.Bus, id string) {
	t.Helper()
	if err := b.Jobs().Publish(t.Context(), id); err != nil {
		t.Fatal(err)
	}
}

// workers runs Work and returns its deliveries; answer decides of each.
func workers(t *testing.T, b *bus.Bus, n int, answer func(ctx context.Context, d delivered) error) (jobs <-chan delivered, end func()) {
	t.Helper()
	ch := make(chan delivered, 100)
	end = background(t, func(ctx context.Context) error {
		return b.Jobs().Work(ctx, n, func(ctx context.Context, id string, delivery int) error {
			ch <- delivered{id, delivery}
			return answer(ctx, delivered{id, delivery})
		})
	})
	return ch, end
}

func done(context.Context, delivered) error { return nil }

func wantJob(t *testing.T, jobs <-chan delivered, want delivered) {
	t.Helper()
	if got := receive(t, jobs); got != want {
		t.Errorf("job %+v, want %+v", got, want)
	}
}

func TestOneStoredJobPerDocument(t *testing.T) {
	t.Parallel()
	opts := bus.Options{Dir: t.TempDir(), Partitions: 1}
	b := newBus(t, opts)
	publish(t, b, "a")
	publish(t, b, "a")
	stop(t, b)

	b = newBus(t, opts)
	publish(t, b, "a")
	publish(t, b, "b")
	jobs, end := workers(t, b, 1, done)
	wantJob(t, jobs, delivered{"a", 1})
	wantJob(t, jobs, delivered{"b", 1})
	end() // both are acknowledged
	publish(t, b, "a")
	publish(t, b, "c")
	jobs, _ = workers(t, b, 1, done)
	wantJob(t, jobs, delivered{"a", 1})
	wantJob(t, jobs, delivered{"c", 1})
}

func TestAFailedJobComesAgain(t *testing.T) {
	t.Parallel()
	b := newBus(t, bus.Options{Partitions: 1, AckWait: time.Hour, RetryWait: time.Millisecond})
	jobs, _ := workers(t, b, 2, func(_ context.Context, d delivered) error {
		if d.count < 4 {
			return errors.New("not yet")
		}
		return nil
	})
	publish(t, b, "a")
	for n := range 4 {
		wantJob(t, jobs, delivered{"a", n + 1})
	}
	publish(t, b, "b")
	wantJob(t, jobs, delivered{"b", 1})
}

// TestUnfinishedJobsAreGivenBackAtOnce has an AckWait that no test outlives.
func TestUnfinishedJobsAreGivenBackAtOnce(t *testing.T) {
	t.Parallel()
	opts := bus.Options{Dir: t.TempDir(), Partitions: 1, AckWait: time.Hour}
	b := newBus(t, opts)
	untilCanceled := func(ctx context.Context, _ delivered) error {
		<-ctx.Done()
		return ctx.Err()
	}
	publish(t, b, "a")
	jobs, end := workers(t, b, 2, untilCanceled)
	wantJob(t, jobs, delivered{"a", 1})
	end()

	jobs, end = workers(t, b, 2, untilCanceled)
	wantJob(t, jobs, delivered{"a", 2})
	end()
	stop(t, b)

	jobs, _ = workers(t, newBus(t, opts), 2, done)
	wantJob(t, jobs, delivered{"a", 3})
}

func TestAJobFinishedAtTheEndIsDone(t *testing.T) {
	t.Parallel()
	b := newBus(t, bus.Options{Partitions: 1, AckWait: time.Hour})
	publish(t, b, "a")
	jobs, end := workers(t, b, 1, func(ctx context.Context, _ delivered) error {
		<-ctx.Done()
		return nil
	})
	wantJob(t, jobs, delivered{"a", 1})
	end()
	publish(t, b, "a")
	jobs, _ = workers(t, b, 1, done)
	wantJob(t, jobs, delivered{"a", 1})
}

func TestWorkersWorkSideBySide(t *testing.T) {
	t.Parallel()
	b := newBus(t, bus.Options{Partitions: 1, AckWait: time.Hour})
	const n = 4
	var running atomic.Int32
	all := make(chan struct{})
	jobs, _ := workers(t, b, n, func(context.Context, delivered) error {
		if running.Add(1) == n {
			close(all)
		}
		<-all
		return nil
	})
	for _, id := range []string{"a", "b", "c", "d"} {
		publish(t, b, id)
	}
	receive(t, all)
	for range n {
		if d := receive(t, jobs); d.count != 1 {
			t.Errorf("job %+v was taken from a worker", d)
		}
	}
}

func TestJobsRefuse(t *testing.T) {
	t.Parallel()
	b := newBus(t, bus.Options{Partitions: 1})
	wantCode(t, b.Jobs().Publish(t.Context(), ""), fanfare.CodeInvalidArgument)
	wantCode(t, b.Jobs().Work(t.Context(), 0, nil), fanfare.CodeInvalidArgument)
}

// copyRunning copies the files of a server that may remove what it staged
// meanwhile.
func copyRunning(t *testing.T, to, from string) {
	t.Helper()
	err := filepath.WalkDir(from, func(path string, entry fs.DirEntry, err error) error {
		target := filepath.Join(to, strings.TrimPrefix(path, from))
		switch {
		case err != nil:
		case entry.IsDir():
			return os.MkdirAll(target, 0o700)
		default:
			var data []byte
			if data, err = os.ReadFile(path); err == nil {
				err = os.WriteFile(target, data, 0o600)
			}
		}
		if errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

// TestACopyOfTheStoreHasAllThatWasAcknowledged opens what kill -9 would leave:
// the files of a server that still runs.
func TestACopyOfTheStoreHasAllThatWasAcknowledged(t *testing.T) {
	t.Parallel()
	opts := bus.Options{Dir: t.TempDir(), Partitions: 2}
	b := newBus(t, opts)
	publish(t, b, "job")
	revision, err := b.Records().Create(t.Context(), doc, []byte("value"))
	if err != nil {
		t.Fatal(err)
	}
	want := appendEvent(t, b, progress(doc, 1), fanfare.DocumentTopic(doc))
	want.Duplicate = true

	running := opts.Dir
	opts.Dir = t.TempDir()
	copyRunning(t, opts.Dir, running)
	survivor := newBus(t, opts)
	if got := appendEvent(t, survivor, progress(doc, 1), fanfare.DocumentTopic(doc)); got != want {
		t.Errorf("receipt %+v, want %+v", got, want)
	}
	wantRecord(t, survivor, doc, "value", revision)
	jobs, _ := workers(t, survivor, 1, done)
	wantJob(t, jobs, delivered{"job", 1})
}
