package bus

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"github.com/fanfare-hub/fanfare"
)

// These tests do what only a fault or another program would do to the store.

const document = "6f0c8a2e-0d5b-4c3e-9a57-3f1f6f0f9f11"

func startBus(t *testing.T, opts Options) (*Bus, *session) {
	t.Helper()
	opts.Dir, opts.Partitions = t.TempDir(), 1
	opts.Logger = slog.New(slog.NewTextHandler(t.Output(), nil))
	b := New(opts)
	return b, startOwn(t, b)
}

func startOwn(t *testing.T, b *Bus) *session {
	t.Helper()
	if err := b.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { b.Stop(context.Background()) })
	return b.session.Load()
}

func update(n int) fanfare.Event {
	return fanfare.Event{
		ID: strconv.Itoa(n), Type: fanfare.ProcessingProgress, Time: time.Unix(1, 0).UTC(), Service: "test", Priority: 6,
		Payload: fanfare.DocumentPayload{DocumentID: document, Status: fanfare.StatusProcessing, Percentage: n % 101, ServiceInstance: "i"},
	}
}

// until waits for a condition.
func until(t *testing.T, what string, holds func() bool) {
	t.Helper()
	ticker := time.NewTicker(5 * time.Millisecond)
	defer ticker.Stop()
	deadline := time.After(time.Minute)
	for !holds() {
		select {
		case <-ticker.C:
		case <-deadline:
			t.Fatalf("%s: never", what)
		}
	}
}

func TestAJobOfASilentWorkerComesAgain(t *testing.T) {
	t.Parallel()
	b, s := startBus(t, Options{AckWait: 500 * time.Millisecond})
	if err := b.Jobs().Publish(t.Context(), "a"); err != nil {
		t.Fatal(err)
	}
	if _, err := s.jobs.Next(jetstream.FetchMaxWait(time.Minute)); err != nil { // taken, and never answered
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	var deliveries []int
	err := b.Jobs().Work(ctx, 1, func(_ context.Context, _ string, delivery int) error {
		deliveries = append(deliveries, delivery)
		cancel()
		return nil
	})
	if err != nil || len(deliveries) != 1 || deliveries[0] != 2 {
		t.Errorf("deliveries %v (%v), want the second", deliveries, err)
	}
}

// TestAJobIsHeldLongerThanAckWait counts the reports of progress: a worker
// stands by, who would be given the job after the third.
func TestAJobIsHeldLongerThanAckWait(t *testing.T) {
	t.Parallel()
	b, s := startBus(t, Options{AckWait: 3 * time.Second})
	reports := make(chan struct{}, 100)
	sub, err := s.conn.Subscribe("$JS.ACK."+jobStream+".>", func(msg *nats.Msg) {
		if string(msg.Data) == "+WPI" {
			reports <- struct{}{}
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { sub.Unsubscribe() })
	if err := b.Jobs().Publish(t.Context(), "a"); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	var calls atomic.Int32
	err = b.Jobs().Work(ctx, 2, func(ctx context.Context, _ string, _ int) error {
		calls.Add(1)
		for range 5 {
			select {
			case <-reports:
			case <-ctx.Done():
				return ctx.Err()
			}
		}
		cancel()
		return nil
	})
	if err != nil || calls.Load() != 1 {
		t.Errorf("%d deliveries (%v), want 1", calls.Load(), err)
	}
	info, err := s.js.Stream(t.Context(), jobStream)
	if err != nil || info.CachedInfo().State.Msgs != 0 {
		t.Errorf("the finished job is still stored (%v)", err)
	}
}

func TestAJobWithoutDocumentIsDropped(t *testing.T) {
	t.Parallel()
	b, s := startBus(t, Options{AckWait: time.Hour})
	if _, err := s.js.Publish(t.Context(), "job.other.aHVi", nil); err != nil {
		t.Fatal(err)
	}
	if err := b.Jobs().Publish(t.Context(), "a"); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	var ids []string
	err := b.Jobs().Work(ctx, 1, func(_ context.Context, id string, _ int) error {
		ids = append(ids, id)
		cancel()
		return nil
	})
	if err != nil || len(ids) != 1 || ids[0] != "a" || b.Stats().Undecodable != 1 {
		t.Errorf("jobs %q (%v), %+v; want a, and one undecodable", ids, err, b.Stats())
	}
}

func TestHealthyNoticesALostStore(t *testing.T) {
	t.Parallel()
	b, s := startBus(t, Options{})
	if err := s.server.ShutdownJetStream(); err != nil {
		t.Fatal(err)
	}
	if code := fanfare.CodeOf(b.Healthy()); code != fanfare.CodeUnavailable {
		t.Errorf("health code %q without JetStream", code)
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Second)
	defer cancel()
	_, err := b.Append(ctx, update(1), fanfare.DocumentTopic(document))
	if code := fanfare.CodeOf(err); code != fanfare.CodeUnavailable {
		t.Errorf("append: %v, want unavailable", err)
	}
}

func TestRetryWaitDoublesUpToALimit(t *testing.T) {
	t.Parallel()
	for delivery, want := range map[int]time.Duration{
		1: time.Second, 2: 2 * time.Second, 5: 16 * time.Second, 7: time.Minute, 1 << 40: time.Minute,
	} {
		if got := retryWait(time.Second, delivery); got != want {
			t.Errorf("delivery %d waits %s, want %s", delivery, got, want)
		}
	}
}

func TestTranslate(t *testing.T) {
	t.Parallel()
	refused := &jetstream.APIError{Code: 400, ErrorCode: 10071}
	overloaded := &jetstream.APIError{Code: 503}
	known := fanfare.Errorf(fanfare.CodeNotFound, "no such thing")
	tests := []struct {
		err  error
		want fanfare.Code
	}{
		{nats.ErrTimeout, fanfare.CodeUnavailable},
		{jetstream.ErrNoStreamResponse, fanfare.CodeUnavailable},
		{context.Canceled, fanfare.CodeUnavailable},
		{fmt.Errorf("nats: %w", overloaded), fanfare.CodeUnavailable},
		{fmt.Errorf("nats: %w", refused), fanfare.CodeInternal},
		{nats.ErrMaxPayload, fanfare.CodeTooLarge},
		{jetstream.ErrStreamMessageExceedsMaximum, fanfare.CodeTooLarge},
		{known, fanfare.CodeNotFound},
	}
	for _, test := range tests {
		got := translate("try", test.err)
		if code := fanfare.CodeOf(got); code != test.want || !errors.Is(got, test.err) {
			t.Errorf("%v is translated to %v (%s), want %s", test.err, got, code, test.want)
		}
	}
	if err := translate("try", nil); err != nil {
		t.Errorf("no error is translated to %v", err)
	}
}

func TestServerLogGoesToSlog(t *testing.T) {
	t.Parallel()
	var out strings.Builder
	log := &serverLog{log: slog.New(slog.NewTextHandler(&out, &slog.HandlerOptions{Level: slog.LevelWarn}))}
	log.Noticef("starting %d", 1)
	log.Debugf("details")
	log.Tracef("more details")
	if out.Len() != 0 {
		t.Errorf("below warnings: %s", out.String())
	}
	log.Warnf("disk at %d%%", 90)
	log.Errorf("bad %s", "block")
	log.Fatalf("no store in %s", "x")
	log.Fatalf("and then")
	for _, want := range []string{"level=WARN", "disk at 90%", "level=ERROR", "bad block", "no store in x"} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("no %q in\n%s", want, out.String())
		}
	}
	if got, want := log.fatalText(), "no store in x"; got != want {
		t.Errorf("fatal %q, want %q", got, want)
	}
	(&serverLog{log: slog.New(slog.DiscardHandler)}).Fatalf("%d", 1)
}
