package bus

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"github.com/fanfare-hub/fanfare"
)

// requestTimeout bounds one request to the server when the caller's context
// has no deadline. An fsync takes milliseconds: later than this the disk is ill.
const requestTimeout = 5 * time.Second

// Options say where the bus keeps its data and how long. Of the fields only
// Dir is required.
type Options struct {
	Dir        string        // directory of the store; made if it is missing
	Name       string        // server name; default "fanfare"
	Partitions int           // event streams, fixed for a store's life; default 16
	AckWait    time.Duration // silence after which a job is handed out again; default 10 s
	RetryWait  time.Duration // pause before a failed job's second delivery, doubled up to a minute; default 1 s
	Retention  Retention     // how long events are kept
	State      StateRetention
	Logger     *slog.Logger // nil discards
}

// Retention says how long events are kept: the oldest go first.
type Retention struct {
	MaxAge      time.Duration // default 90 days
	MaxBytes    int64         // of all events together, on disk; default 8 GiB
	MaxPerTopic int64         // events of one topic; default 100,000
}

// defaultMaxPerTopic is more than any document has, and a health report each
// minute for two months; at half a KiB an event it is a tenth of what a
// partition holds, so that one noisy topic does not push out the others.
const defaultMaxPerTopic = 100_000

// Stats counts what was not done as usual since Start.
type Stats struct {
	Refused       uint64 // lists of events that were not taken: too much waits for the disk
	Split         uint64 // batches that were written again one by one
	Shortened     uint64 // times that duplicates began to be recognised for a shorter time
	Undecodable   uint64 // stored events, records and jobs that could not be read
	SlowConsumer  uint64 // times that NATS began to drop a topic's events because deliver was too slow
	Dropped       uint64 // events dropped for that reason; they are in the log
	AsyncFailures uint64 // other errors that NATS reported
	StateFailures uint64 // times that the state of a stream's topics was begun again after an error
	StateSkipped  uint64 // events that had gone from the log before their state was kept
}

// Bus is one embedded server and the streams on it.
type Bus struct {
	opts    Options
	log     *slog.Logger
	records Records
	jobs    Jobs

	lifecycle sync.Mutex // held during Start and Stop
	started   bool       // guarded by lifecycle

	session   atomic.Pointer[session] // nil while not running
	living    atomic.Bool             // a Live runs
	doubts    chan struct{}           // holds one when live events may have been lost
	liveQueue int                     // of each shard; set before Start

	shortened     atomic.Uint64
	undecodable   atomic.Uint64
	slowConsumer  atomic.Uint64
	asyncFailures atomic.Uint64
	stateFailures atomic.Uint64
	stateSkipped  atomic.Uint64
}

// session is what exists between Start and Stop. Its fields do not change.
type session struct {
	server   *server.Server
	conn     *nats.Conn
	js       jetstream.JetStream
	epoch    fanfare.Epoch
	ids      *ids
	writer   *writer
	window   func() // ends the goroutine that keeps the duplicate window
	records  jetstream.KeyValue
	jobs     jetstream.Consumer
	follows  *follows
	compared *comparison
	asking   []*nats.Conn // of all askers
	pages    askers
	looks    askers
	keepers  *keepers
	stopping chan struct{} // closed when the session ends
}

// New returns a bus that is not running yet.
func New(opts Options) *Bus {
	b := &Bus{opts: opts.withDefaults()}
	b.log = b.opts.Logger
	b.records.bus, b.jobs.bus = b, b
	b.records.gets = make(chan struct{}, maxGets)
	b.doubts, b.liveQueue = make(chan struct{}, 1), liveQueueLen
	return b
}

func (o Options) withDefaults() Options {
	setDefault(&o.Name, "fanfare")
	setDefault(&o.Partitions, 16)
	setDefault(&o.AckWait, 10*time.Second)
	setDefault(&o.RetryWait, time.Second)
	setDefault(&o.Retention.MaxAge, 90*24*time.Hour)
	setDefault(&o.Retention.MaxBytes, 8<<30)
	setDefault(&o.Retention.MaxPerTopic, defaultMaxPerTopic)
	setDefault(&o.State.MaxAge, 90*24*time.Hour)
	setDefault(&o.State.MaxTopics, 1_000_000)
	setDefault(&o.Logger, slog.New(slog.DiscardHandler))
	return o
}

func setDefault[T comparable](field *T, value T) {
	var zero T
	if *field == zero {
		*field = value
	}
}

// Start opens the store, and returns when events can be appended and followed. A bus starts once. Opening a store that was not closed
// properly takes about two seconds for a million events.
func (b *Bus) Start(ctx context.Context) error {
	b.lifecycle.Lock()
	defer b.lifecycle.Unlock()
	if b.started {
		return fanfare.Errorf(fanfare.CodeConflict, "the bus was started before")
	}
	b.started = true
	s := &session{stopping: make(chan struct{})}
	if err := b.open(ctx, s); err != nil {
		s.close()
		return startError(b.opts.Dir, err)
	}
	b.session.Store(s)
	return nil
}

// open fills s step by step; after an error the caller closes what is there.
func (b *Bus) open(ctx context.Context, s *session) (err error) {
	if s.server, err = startServer(ctx, b.opts); err != nil {
		return err
	}
	if s.conn, err = b.connect(s.server); err != nil {
		return err
	}
	if s.js, err = b.jetStream(s.conn); err != nil {
		return err
	}
	if s.epoch, err = b.openEvents(ctx, s.js); err != nil {
		return err
	}
	if err := b.openState(ctx, s.js); err != nil {
		return err
	}
	if s.records, err = openRecords(ctx, s.js); err != nil {
		return err
	}
	if s.jobs, err = b.openJobs(ctx, s.js); err != nil {
		return err
	}
	if err := b.openReading(ctx, s); err != nil {
		return err
	}
	b.startWriting(s) //nolint:contextcheck // what is written outlives the call of Start
	return nil
}

// openReading makes what the log is read by.
func (b *Bus) openReading(ctx context.Context, s *session) (err error) {
	if s.pages, err = b.openAskers(s, pageAskers); err != nil {
		return err
	}
	if s.looks, err = b.openAskers(s, lookAskers); err != nil {
		return err
	}
	s.follows = newFollows(s.conn, b.opts.Partitions, b.liveQueue)
	if s.compared, err = b.openComparison(ctx, s); err != nil {
		return err
	}
	return b.startKeepers(s)
}

// startWriting makes what the log is written by.
func (b *Bus) startWriting(s *session) {
	s.ids = newIDs(b.opts.Retention.MaxAge)
	s.writer = newWriter(s, b.opts.Partitions, func(p int, stored fanfare.Stored) { b.appended(s, p, stored) })
	ctx, cancel := context.WithCancel(context.Background())
	var wg sync.WaitGroup
	wg.Go(func() { b.keepWindow(ctx, s) })
	s.window = func() {
		cancel()
		wg.Wait()
	}
}

// Stop writes what waits to be written, closes the store and returns when the
// server has ended. ctx bounds the first part only, and what it leaves is
// answered as unavailable: closing a store half-way would cost its next opening
// more time than is won. Stopping twice, or what never started, is no error.
func (b *Bus) Stop(ctx context.Context) error {
	b.lifecycle.Lock()
	defer b.lifecycle.Unlock()
	s := b.session.Swap(nil)
	if s == nil {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, requestTimeout)
	defer cancel()
	s.window()
	s.writer.stop(ctx)
	err := flush(ctx, s.conn)
	s.close()
	return translate("stop the bus", err)
}

// close ends what open has begun, in reverse order.
func (s *session) close() {
	if s.keepers != nil {
		s.keepers.stop()
	}
	close(s.stopping)
	for _, conn := range s.asking {
		conn.Close()
	}
	if s.conn != nil {
		s.conn.Close()
	}
	if s.server != nil {
		s.server.Shutdown()
		s.server.WaitForShutdown()
	}
}

// Healthy says why events cannot be stored, or nil.
func (b *Bus) Healthy() error {
	s, err := b.current()
	if err != nil {
		return err
	}
	if !s.conn.IsConnected() {
		return unavailable("check the bus", nats.ErrDisconnected)
	}
	if err := serverHealth(s.server); err != nil {
		return unavailable("check the bus", err)
	}
	return nil
}

// Stats returns the counters.
func (b *Bus) Stats() Stats {
	stats := Stats{
		Shortened:     b.shortened.Load(),
		Undecodable:   b.undecodable.Load(),
		SlowConsumer:  b.slowConsumer.Load(),
		AsyncFailures: b.asyncFailures.Load(),
		StateFailures: b.stateFailures.Load(),
		StateSkipped:  b.stateSkipped.Load(),
	}
	if s := b.session.Load(); s != nil {
		stats.Dropped = s.follows.lost()
		stats.Refused, stats.Split = s.writer.refused.Load(), s.writer.split.Load()
	}
	return stats
}

// Epoch names the store in cursors; zero while the bus does not run.
func (b *Bus) Epoch() fanfare.Epoch {
	if s := b.session.Load(); s != nil {
		return s.epoch
	}
	return fanfare.Epoch{}
}

// Records returns the document records.
func (b *Bus) Records() *Records { return &b.records }

// Jobs returns the job queue.
func (b *Bus) Jobs() *Jobs { return &b.jobs }

func (b *Bus) current() (*session, error) {
	if s := b.session.Load(); s != nil {
		return s, nil
	}
	return nil, unavailable("use the bus", errNotRunning)
}

var errNotRunning = errors.New("bus is not running")
