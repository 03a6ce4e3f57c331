package health

import (
	"context"
	"errors"
	"reflect"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/fanfare-hub/fanfare"
)

type emitterFunc func(context.Context, fanfare.Event) (fanfare.Receipt, error)

func (f emitterFunc) Emit(ctx context.Context, e fanfare.Event) (fanfare.Receipt, error) {
	return f(ctx, e)
}

const mib = 1 << 20

// emission is what was emitted, and how long after the start.
type emission struct {
	after    time.Duration
	status   fanfare.HealthStatus
	priority int
}

// bench is a Monitor whose samples and emitter a test turns.
type bench struct {
	monitor *Monitor
	start   time.Time

	mu       sync.Mutex // guards what follows
	memory   uint64     // MiB
	sampling error
	emitting error
	seen     []emission
	samples  int
}

// run starts a Monitor in a synctest bubble, with a clock that only moves while
// everybody waits; it is stopped when the test ends.
func run(t *testing.T, opts Options) *bench {
	t.Helper()
	b := &bench{start: time.Now(), memory: 10}
	opts.Emitter = emitterFunc(b.emit)
	opts.Thresholds = Thresholds{Either: true}
	b.monitor = New(opts)
	b.monitor.sample = b.sample
	ctx, cancel := context.WithCancel(t.Context())
	var done sync.WaitGroup
	done.Go(func() {
		if err := b.monitor.Run(ctx); err != nil {
			t.Errorf("run: %v", err)
		}
	})
	t.Cleanup(func() {
		cancel()
		done.Wait()
	})
	return b
}

func (b *bench) sample() (usage, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.samples++
	return usage{resident: b.memory * mib, cores: 2}, b.sampling
}

func (b *bench) emit(_ context.Context, e fanfare.Event) (fanfare.Receipt, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.emitting != nil {
		return fanfare.Receipt{}, b.emitting
	}
	p, _ := e.Payload.(fanfare.HealthPayload)
	b.seen = append(b.seen, emission{time.Since(b.start), p.Status, e.Priority})
	return fanfare.Receipt{}, nil
}

// after lets d pass and changes the world then.
func (b *bench) after(d time.Duration, change func()) {
	<-time.After(d)
	synctest.Wait()
	b.mu.Lock()
	defer b.mu.Unlock()
	change()
}

func (b *bench) expect(t *testing.T, want ...emission) {
	t.Helper()
	b.mu.Lock()
	defer b.mu.Unlock()
	if !reflect.DeepEqual(b.seen, want) {
		t.Errorf("emitted %v, want %v", b.seen, want)
	}
}

func TestEmitsOnChangeAndEveryHalfMinute(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := run(t, Options{})
		b.after(61*time.Second, func() { b.memory = 2500 })
		b.after(6*time.Second, func() { b.memory = 1200 })
		b.after(37*time.Second, func() {})
		b.expect(t,
			emission{0, fanfare.HealthHealthy, 4},
			emission{30 * time.Second, fanfare.HealthHealthy, 4},
			emission{60 * time.Second, fanfare.HealthHealthy, 4},
			emission{65 * time.Second, fanfare.HealthCritical, 9},
			emission{70 * time.Second, fanfare.HealthDegraded, 4},
			emission{100 * time.Second, fanfare.HealthDegraded, 4},
		)
	})
}

func TestIntervalsAreOptions(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := run(t, Options{Interval: time.Second, Repeat: 2 * time.Second})
		b.after(4500*time.Millisecond, func() {})
		b.expect(t,
			emission{0, fanfare.HealthHealthy, 4},
			emission{2 * time.Second, fanfare.HealthHealthy, 4},
			emission{4 * time.Second, fanfare.HealthHealthy, 4},
		)
		if b.samples != 5 {
			t.Errorf("%d samples, want 5", b.samples)
		}
	})
}

func TestWaitsAMinuteAfterAFailedSampleAndGoesOn(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := run(t, Options{})
		b.after(time.Second, func() { b.sampling = errors.New("no /proc") })
		b.after(5*time.Second, func() { b.sampling = nil })
		if status, metrics := b.monitor.Current(); status != fanfare.HealthUnknown || !reflect.DeepEqual(metrics, fanfare.HealthMetrics{}) {
			t.Errorf("without a sample it is %s %+v", status, metrics)
		}
		b.after(60*time.Second, func() {})
		b.expect(t, emission{0, fanfare.HealthHealthy, 4}, emission{65 * time.Second, fanfare.HealthHealthy, 4})
		if status, _ := b.monitor.Current(); status != fanfare.HealthHealthy {
			t.Errorf("afterwards it is %s", status)
		}
	})
}

func TestWhatCouldNotBeEmittedIsTriedAgain(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := run(t, Options{Pause: 7 * time.Second})
		b.after(time.Second, func() { b.memory, b.emitting = 3000, errors.New("log is away") })
		b.after(5*time.Second, func() { b.emitting = nil })
		if status, _ := b.monitor.Current(); status != fanfare.HealthCritical {
			t.Errorf("it is %s although the last sample was critical", status)
		}
		b.after(7*time.Second, func() {})
		b.expect(t, emission{0, fanfare.HealthHealthy, 4}, emission{12 * time.Second, fanfare.HealthCritical, 9})
	})
}

func TestCurrentHasAllFigures(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		m := New(Options{Connections: func() int { return 7 }})
		if status, _ := m.Current(); status != fanfare.HealthUnknown {
			t.Errorf("before the first sample it is %s", status)
		}
		start := time.Now()
		before := point{usage{resident: 1, cpu: time.Second, cores: 2}, start}
		m.sample = func() (usage, error) { return usage{resident: 3 * mib / 2, cpu: 4 * time.Second, cores: 2}, nil }
		<-time.After(5 * time.Second)
		if _, err := m.check(t.Context(), before); err != nil {
			t.Fatal(err)
		}
		status, got := m.Current()
		want := fanfare.HealthMetrics{MemoryUsageMB: 1.5, CPUUsage: 30, ActiveConnections: 7, ThreadCount: got.ThreadCount, Timestamp: time.Now().UTC()}
		if status != fanfare.HealthHealthy || !reflect.DeepEqual(got, want) || got.ThreadCount < 1 {
			t.Errorf("it is %s %+v, want %+v", status, got, want)
		}
	})
}

func TestNearTheMemoryLimitIsCritical(t *testing.T) {
	t.Parallel()
	m := New(Options{})
	for resident, want := range map[uint64]fanfare.HealthStatus{89: fanfare.HealthHealthy, 90: fanfare.HealthCritical, 100: fanfare.HealthCritical} {
		got := m.assess(point{}, point{usage{resident: resident * mib, cores: 1, memoryLimit: 100 * mib}, time.Now()})
		if got.Status != want {
			t.Errorf("%d of 100 MiB is %s, want %s", resident, got.Status, want)
		}
	}
	if got := m.assess(point{}, point{usage{resident: 100 * mib, cores: 1}, time.Now()}); got.Status != fanfare.HealthHealthy {
		t.Errorf("without a limit it is %s", got.Status)
	}
}

func TestThisProcessCanBeSampled(t *testing.T) {
	t.Parallel()
	got, err := readUsage()
	if err != nil {
		t.Fatal(err)
	}
	if got.resident < mib || got.cores <= 0 || got.cpu <= 0 {
		t.Errorf("it uses %+v", got)
	}
}
