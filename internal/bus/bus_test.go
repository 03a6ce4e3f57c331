package bus_test

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/fanfare-hub/fanfare"
	"github.com/fanfare-hub/fanfare/internal/bus"
)

// TestMain looks for goroutines that are left, of a bus that was not stopped
// too. A server that is stopped while it begins to stage a batch forgets the
// file store that it stages it in: with it three goroutines of its own, which
// end with the process.
func TestMain(m *testing.M) {
	const server = "github.com/nats-io/nats-server/v2/server"
	goleak.VerifyTestMain(m,
		goleak.IgnoreTopFunction(server+".(*msgBlock).flushLoop"),
		goleak.IgnoreTopFunction(server+".(*fileStore).flushStreamStateLoop"),
		goleak.IgnoreTopFunction(server+"/ats.Register.func1"),
	)
}

// deadline is for what must happen: generous, because the machine may be busy.
const deadline = 60 * time.Second

// doc is a document.
const doc = "6f0c8a2e-0d5b-4c3e-9a57-3f1f6f0f9f11"

// newBus starts a bus that ends with the test.
func newBus(t *testing.T, opts bus.Options) *bus.Bus {
	t.Helper()
	if opts.Dir == "" {
		opts.Dir = t.TempDir()
	}
	if opts.Logger == nil {
		opts.Logger = slog.New(slog.NewTextHandler(t.Output(), &slog.HandlerOptions{Level: slog.LevelInfo}))
	}
	b := bus.New(opts)
	if err := b.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { stop(t, b) })
	return b
}

func stop(t *testing.T, b *bus.Bus) {
	t.Helper()
	if err := b.Stop(context.Background()); err != nil {
		t.Error(err)
	}
}

// progress is the nth event of a document.
func progress(document string, n int) fanfare.Event {
	return fanfare.Event{
		ID:      fmt.Sprintf("%s/%d", document, n),
		Type:    fanfare.ProcessingProgress,
		Time:    time.Date(2026, 11, 23, 10, 0, n, 0, time.UTC),
		Service: "test",
		Payload: fanfare.DocumentPayload{
			DocumentID: document, Status: fanfare.StatusProcessing, Percentage: n % 101, ServiceInstance: "test-1",
		},
		Priority: 6,
	}
}

func appendEvent(t *testing.T, b *bus.Bus, event fanfare.Event, topic fanfare.Topic) fanfare.Receipt {
	t.Helper()
	receipt, err := b.Append(t.Context(), event, topic)
	if err != nil {
		t.Fatal(err)
	}
	return receipt
}

// wantCode checks that err is one for a caller outside the process.
func wantCode(t *testing.T, err error, want fanfare.Code) {
	t.Helper()
	if err == nil {
		t.Fatalf("no error, want %s", want)
	}
	if got := fanfare.CodeOf(err); got != want {
		t.Fatalf("code %s (%v), want %s", got, err, want)
	}
}

// receive waits for the next value.
func receive[T any](t *testing.T, from <-chan T) T {
	t.Helper()
	var v T
	select {
	case v = <-from:
	case <-time.After(deadline):
		t.Fatal("nothing came")
	}
	return v
}

// eventually waits for a condition.
func eventually(t *testing.T, what string, holds func() bool) {
	t.Helper()
	ticker := time.NewTicker(5 * time.Millisecond)
	defer ticker.Stop()
	never := time.After(deadline)
	for !holds() {
		select {
		case <-ticker.C:
		case <-never:
			t.Fatalf("%s: never", what)
		}
	}
}

// background runs f until the test, or the returned function, ends it.
func background(t *testing.T, f func(ctx context.Context) error) (end func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- f(ctx) }()
	end = sync.OnceFunc(func() {
		cancel()
		if err := receive(t, done); err != nil {
			t.Error(err)
		}
	})
	t.Cleanup(end)
	return end
}

func TestStartStopsTwice(t *testing.T) {
	t.Parallel()
	b := newBus(t, bus.Options{})
	if err := b.Healthy(); err != nil {
		t.Errorf("running: %v", err)
	}
	wantCode(t, b.Start(t.Context()), fanfare.CodeConflict)
	stop(t, b)
	stop(t, b)
	wantCode(t, b.Healthy(), fanfare.CodeUnavailable)
}

func TestNothingWorksUnlessRunning(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	b := bus.New(bus.Options{Dir: t.TempDir()})
	_, err := b.Append(ctx, progress(doc, 1), fanfare.DocumentTopic(doc))
	wantCode(t, err, fanfare.CodeUnavailable)
	wantCode(t, b.Live(ctx, func(fanfare.Stored) {}, func() {}), fanfare.CodeUnavailable)
	wantCode(t, b.Follow(ctx, numbered(1)), fanfare.CodeUnavailable)
	b.Unfollow(numbered(1))
	_, _, err = b.Read(ctx, numbered(1), 0, 1)
	wantCode(t, err, fanfare.CodeUnavailable)
	_, err = b.Grown(ctx)
	wantCode(t, err, fanfare.CodeUnavailable)
	_, _, err = b.Snapshot(ctx, numbered(1))
	wantCode(t, err, fanfare.CodeUnavailable)
	_, _, err = b.Records().Get(ctx, "d")
	wantCode(t, err, fanfare.CodeUnavailable)
	wantCode(t, b.Records().Watch(ctx, nil, nil), fanfare.CodeUnavailable)
	wantCode(t, b.Jobs().Publish(ctx, "d"), fanfare.CodeUnavailable)
	wantCode(t, b.Jobs().Work(ctx, 1, nil), fanfare.CodeUnavailable)
}

func TestStopEndsWhoeverStillReads(t *testing.T) {
	t.Parallel()
	b := newBus(t, bus.Options{})
	ready := make(chan struct{})
	errs := make(chan error, 3)
	go func() { errs <- b.Live(context.Background(), func(fanfare.Stored) {}, func() {}) }()
	go func() {
		errs <- b.Records().Watch(context.Background(), func(string, []byte, uint64) {}, func() { close(ready) })
	}()
	go func() {
		errs <- b.Jobs().Work(context.Background(), 2, func(context.Context, string, int) error { return nil })
	}()
	receive(t, ready)
	stop(t, b)
	for range cap(errs) {
		wantCode(t, receive(t, errs), fanfare.CodeUnavailable)
	}
}

func TestStartRefuses(t *testing.T) {
	t.Parallel()
	occupied := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(occupied, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	inside := t.TempDir()
	if err := os.WriteFile(filepath.Join(inside, "jetstream"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	tests := map[string]struct {
		opts bus.Options
		code fanfare.Code
		says string
	}{
		"no directory":              {bus.Options{}, fanfare.CodeUnavailable, "no directory"},
		"a file as directory":       {bus.Options{Dir: occupied}, fanfare.CodeUnavailable, occupied},
		"a file where the store is": {bus.Options{Dir: inside}, fanfare.CodeUnavailable, "JetStream"},
		"too many partitions":       {bus.Options{Dir: t.TempDir(), Partitions: 5000}, fanfare.CodeInvalidArgument, "5000"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := bus.New(test.opts)
			err := b.Start(t.Context())
			wantCode(t, err, test.code)
			if !strings.Contains(err.Error(), test.says) {
				t.Errorf("%q does not say %q", err, test.says)
			}
			stop(t, b)
		})
	}
}

func TestStoreKeepsItsSettings(t *testing.T) {
	t.Parallel()
	opts := bus.Options{Dir: t.TempDir(), Partitions: 4}
	stop(t, newBus(t, opts))

	other := opts
	other.Partitions = 8
	err := bus.New(other).Start(t.Context())
	wantCode(t, err, fanfare.CodeConflict)

	first, second := epoch(t, opts), epoch(t, opts)
	if first == "" || first != second {
		t.Errorf("epochs %q and %q of one store", first, second)
	}
	if fresh := epoch(t, bus.Options{Dir: t.TempDir(), Partitions: 4}); fresh == "" || fresh == first {
		t.Errorf("epoch %q of a new store, %q of another", fresh, first)
	}
}

// epoch opens the store and returns the epoch that it logs.
func epoch(t *testing.T, opts bus.Options) string {
	t.Helper()
	var log bytes.Buffer
	opts.Logger = slog.New(slog.NewTextHandler(&log, nil))
	stop(t, newBus(t, opts))
	_, after, _ := strings.Cut(log.String(), "epoch=")
	value, _, _ := strings.Cut(after, "\n")
	return value
}

func TestRetentionMayChange(t *testing.T) {
	t.Parallel()
	opts := bus.Options{Dir: t.TempDir(), Partitions: 2}
	b := newBus(t, opts)
	topic := fanfare.DocumentTopic(doc)
	const n = 50
	for i := range n {
		appendEvent(t, b, progress(doc, i), topic)
	}
	stop(t, b)

	opts.Retention = bus.Retention{MaxAge: time.Hour, MaxBytes: 2 * 4096}
	opts.AckWait = time.Minute
	b = newBus(t, opts)
	if receipt := appendEvent(t, b, progress(doc, n), topic); receipt.Seq != n+1 {
		t.Errorf("seq %d after %d events", receipt.Seq, n)
	}
}

func TestDamagedStoreIsNotReplaced(t *testing.T) {
	t.Parallel()
	opts := bus.Options{Dir: t.TempDir(), Partitions: 2}
	stop(t, newBus(t, opts))
	meta := filepath.Join(opts.Dir, "jetstream", "$G", "streams", "EVENTS_1", "meta.inf")
	if err := os.WriteFile(meta, []byte("rubbish"), 0o600); err != nil {
		t.Fatal(err)
	}
	b := bus.New(opts)
	err := b.Start(t.Context())
	wantCode(t, err, fanfare.CodeUnavailable)
	if !strings.Contains(err.Error(), "EVENTS_1") {
		t.Errorf("%q does not name the stream", err)
	}
}
