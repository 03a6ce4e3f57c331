package feed

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"

	"go.opentelemetry.io/otel/metric"

	"github.com/fanfare-hub/fanfare"
)

// Options configure a [Feed].
type Options struct {
	Log           Log                  // required
	Sink          Sink                 // required
	Service       string               // the source of envelopes that only say a gap; "" is fanfare
	Logger        *slog.Logger         // nil discards
	MeterProvider metric.MeterProvider // nil: nothing is counted
	RingEvents    int                  // events kept per followed topic; 0 is 64
	RingBytes     int                  // bytes of their records; 0 is 64 KiB
	NodeBytes     int                  // bytes that all rings take together; 0 is 256 MiB
}

// The sizes of the rings: some seconds of a busy topic, which is how long most
// connections that come back were away, and what a node can spare for that.
const (
	ringEvents = 64
	ringBytes  = 64 << 10
	nodeBytes  = 256 << 20
)

// Feed knows who follows what. Make one by [New].
type Feed struct {
	log         Log
	sink        Sink
	service     string
	logger      *slog.Logger
	meters      *meters
	ringEvents  int
	ringRecords int // bytes of a ring's records
	nodeBytes   int64

	ringBytes atomic.Int64  // that all rings take
	replays   chan struct{} // holds one for each read of a replay
	doubted   chan struct{} // holds one if live events may have been lost
	repairs   repairs

	mu     sync.RWMutex
	topics map[fanfare.Topic]*topic // guarded by mu
	idle   map[*topic]struct{}      // guarded by mu: those that nobody follows

	started chan struct{} // closed once Run is running
	life    sync.Mutex
	ctx     context.Context //nolint:containedctx // guarded by life: Run's own, nil unless it is running
	workers sync.WaitGroup  // guarded by life: Add only while it is running
}

// New returns a Feed that is not running yet. The error says which option is
// missing, or which instrument the meter provider refused.
func New(opts Options) (*Feed, error) {
	if opts.Log == nil || opts.Sink == nil {
		return nil, errors.New("feed: a log and a sink are required")
	}
	f := &Feed{
		log: opts.Log, sink: opts.Sink, logger: opts.Logger,
		service:     cmp.Or(opts.Service, "fanfare"),
		ringEvents:  cmp.Or(opts.RingEvents, ringEvents),
		ringRecords: cmp.Or(opts.RingBytes, ringBytes),
		nodeBytes:   int64(cmp.Or(opts.NodeBytes, nodeBytes)),
		replays:     make(chan struct{}, maxReplays),
		doubted:     make(chan struct{}, 1),
		topics:      map[fanfare.Topic]*topic{},
		idle:        map[*topic]struct{}{},
		started:     make(chan struct{}),
	}
	if f.logger == nil {
		f.logger = slog.New(slog.DiscardHandler)
	}
	var err error
	if f.meters, err = newMeters(opts.MeterProvider, f.countTopics); err != nil {
		return nil, fmt.Errorf("feed: %w", err)
	}
	return f, nil
}

// Run makes the feed work until ctx ends. It returns when every goroutine of
// the package has ended and nothing is followed any more: nil, or the error by
// which the log's live feed ended. It may be called once.
func (f *Feed) Run(ctx context.Context) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	f.life.Lock()
	f.ctx = ctx
	f.life.Unlock()
	close(f.started)
	f.spawn(f.watch)
	err := f.log.Live(ctx, func(stored fanfare.Stored) { f.deliver(ctx, stored) }, f.doubt)
	cancel()
	f.life.Lock()
	f.ctx = nil
	f.life.Unlock()
	f.workers.Wait()
	f.abandon()
	if err != nil {
		return fmt.Errorf("follow the log: %w", err)
	}
	return nil
}

// Ready is closed once Run is running: what is asked before is unavailable.
func (f *Feed) Ready() <-chan struct{} { return f.started }

// spawn runs work in a goroutine that Run awaits, if it is running.
//
//nolint:contextcheck,nolintlint // that one calls it unused, but callers would be told; its context is Run's, not that of who asks for it
func (f *Feed) spawn(work func(ctx context.Context)) bool {
	f.life.Lock()
	defer f.life.Unlock()
	if f.ctx == nil {
		return false
	}
	ctx := f.ctx
	f.workers.Go(func() { work(ctx) })
	return true
}

// context is Run's, or an ended one.
//
//nolint:contextcheck,nolintlint // that one calls it unused, but callers would be told; likewise
func (f *Feed) context() context.Context {
	f.life.Lock()
	defer f.life.Unlock()
	if f.ctx == nil {
		return endedContext()
	}
	return f.ctx
}

func endedContext() context.Context {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	return ctx
}

func (f *Feed) running() bool {
	f.life.Lock()
	defer f.life.Unlock()
	return f.ctx != nil
}

func (f *Feed) deliver(ctx context.Context, stored fanfare.Stored) {
	f.mu.RLock()
	t := f.topics[stored.Topic]
	f.mu.RUnlock()
	if t != nil {
		t.live(ctx, stored)
	}
}

// What callers are told who come too early, too late, or with too much.
var (
	errNotRunning = fanfare.Errorf(fanfare.CodeUnavailable, "events cannot be followed now: try again")
	errClosed     = fanfare.Errorf(fanfare.CodeUnavailable, "the subscription has been closed")
	errEnded      = fanfare.Errorf(fanfare.CodeUnavailable, "the connection has ended")
)
