package health

import (
	"context"
	"fmt"
	"log/slog"
	"math"
	"runtime"
	"sync"
	"time"

	"github.com/fanfare-hub/fanfare"
)

const (
	defaultInterval = 5 * time.Second
	defaultRepeat   = 30 * time.Second
	defaultPause    = time.Minute
)

// Emitter takes events in.
type Emitter interface {
	Emit(ctx context.Context, e fanfare.Event) (fanfare.Receipt, error)
}

// Options configure a [Monitor].
type Options struct {
	Emitter     Emitter       // nil: nobody is told, Current only
	Connections func() int    // nil: 0
	Interval    time.Duration // between two samples; 0 is 5 s
	Repeat      time.Duration // between two events of the same status; 0 is 30 s
	Pause       time.Duration // after an error; 0 is a minute
	Thresholds  Thresholds
	Logger      *slog.Logger // nil discards
}

func (o Options) withDefaults() Options {
	fill := func(d *time.Duration, value time.Duration) {
		if *d <= 0 {
			*d = value
		}
	}
	fill(&o.Interval, defaultInterval)
	fill(&o.Repeat, defaultRepeat)
	fill(&o.Pause, defaultPause)
	o.Thresholds = o.Thresholds.withDefaults()
	if o.Connections == nil {
		o.Connections = func() int { return 0 }
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	return o
}

// Monitor samples this process and tells how it feels.
type Monitor struct {
	opts   Options
	sample func() (usage, error)

	// Owned by Run.
	last told

	mu      sync.Mutex // guards current
	current fanfare.HealthPayload
}

// told is what was emitted last.
type told struct {
	status fanfare.HealthStatus
	at     time.Time
}

// New returns a Monitor; nothing is sampled yet.
func New(opts Options) *Monitor {
	return &Monitor{
		opts:    opts.withDefaults(),
		sample:  readUsage,
		current: fanfare.HealthPayload{Status: fanfare.HealthUnknown},
	}
}

// Current returns the last sample's status and figures: unknown before the
// first sample, and after one that could not be taken.
func (m *Monitor) Current() (fanfare.HealthStatus, fanfare.HealthMetrics) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.current.Status, m.current.Metrics
}

// Run samples at once and then at every Interval, until ctx ends. It returns
// nil.
func (m *Monitor) Run(ctx context.Context) error {
	timer := time.NewTimer(0)
	defer timer.Stop()
	var before point
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-timer.C:
		}
		wait := m.opts.Interval
		after, err := m.check(ctx, before)
		if err != nil && ctx.Err() == nil {
			wait = m.opts.Pause
			m.opts.Logger.LogAttrs(ctx, slog.LevelWarn, "check health", slog.Any("error", err), slog.Duration("pause", wait))
		}
		before = after
		timer.Reset(wait)
	}
}

// point is a sample and when it was taken; the zero point is none.
type point struct {
	usage usage
	at    time.Time
}

// check takes a sample, and emits it if that is due.
func (m *Monitor) check(ctx context.Context, before point) (point, error) {
	sampled, err := m.sample()
	if err != nil {
		m.set(fanfare.HealthPayload{Status: fanfare.HealthUnknown})
		return point{}, fmt.Errorf("take sample: %w", err)
	}
	now := point{usage: sampled, at: time.Now()}
	payload := m.assess(before, now)
	m.set(payload)
	if m.opts.Emitter == nil || !m.last.due(payload.Status, now.at, m.opts.Repeat) {
		return now, nil
	}
	if _, err := m.opts.Emitter.Emit(ctx, event(payload)); err != nil {
		return now, fmt.Errorf("emit health: %w", err)
	}
	m.last = told{payload.Status, now.at}
	return now, nil
}

func (m *Monitor) set(payload fanfare.HealthPayload) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.current = payload
}

// assess makes figures and a status of two samples. Without an earlier one the
// CPU share is not known yet, and 0.
func (m *Monitor) assess(before, now point) fanfare.HealthPayload {
	var cpu float64
	if !before.at.IsZero() {
		cpu = cpuPercent(before.usage, now.usage, now.at.Sub(before.at))
	}
	memory := float64(now.usage.resident) / (1 << 20)
	status := m.opts.Thresholds.status(memory, cpu)
	if nearMemoryLimit(now.usage.resident, now.usage.memoryLimit) {
		status = fanfare.HealthCritical
	}
	return fanfare.HealthPayload{Status: status, Metrics: fanfare.HealthMetrics{
		MemoryUsageMB:     round(memory),
		ThreadCount:       runtime.NumGoroutine(),
		CPUUsage:          round(cpu),
		ActiveConnections: m.opts.Connections(),
		Timestamp:         now.at.UTC(),
	}}
}

// round keeps two decimals: the rest is noise to whoever reads it.
func round(f float64) float64 { return math.Round(f*100) / 100 }

// due reports whether this status is to be told: another than last time, or the
// same for as long as repeat.
func (t told) due(status fanfare.HealthStatus, now time.Time, repeat time.Duration) bool {
	return status != t.status || now.Sub(t.at) >= repeat
}

// event makes what is emitted of a payload.
func event(payload fanfare.HealthPayload) fanfare.Event {
	return fanfare.Event{
		Type:     fanfare.HealthStatusChanged,
		Time:     payload.Metrics.Timestamp,
		Payload:  payload,
		Priority: fanfare.HealthStatusChanged.DefaultPriority(payload),
	}
}
