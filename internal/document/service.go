package document

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/fanfare-hub/fanfare"
)

// Records is where the records are, by document id. Revisions grow with every
// write of a key.
type Records interface {
	// Get gives [fanfare.CodeNotFound] for an unknown id.
	Get(ctx context.Context, id string) (value []byte, revision uint64, err error)
	// Create gives [fanfare.CodeConflict] for an id that exists.
	Create(ctx context.Context, id string, value []byte) (revision uint64, err error)
	// Update gives [fanfare.CodeConflict] when revision is not the latest.
	Update(ctx context.Context, id string, value []byte, revision uint64) (uint64, error)
	// Watch tells the latest state of each record, then ready once, then every
	// write, each record's in order, from one goroutine, until ctx ends.
	Watch(ctx context.Context, seen func(id string, value []byte, revision uint64), ready func()) error
}

// Jobs is the queue of documents to be processed.
type Jobs interface {
	// Publish stores a job durably. A job of that id already stored counts as
	// success.
	Publish(ctx context.Context, id string) error
	// Work calls handle for each job, workers at a time, until ctx ends and
	// all calls have returned. nil acknowledges the job; after an error it
	// comes again, with delivery one greater.
	Work(ctx context.Context, workers int, handle func(ctx context.Context, id string, delivery int) error) error
}

// Emitter takes an event into the log. An id emitted before is a success.
type Emitter interface {
	Emit(ctx context.Context, event fanfare.Event) (fanfare.Receipt, error)
}

// History tells what the log has.
type History interface {
	// LastID is the id of the topic's last event; empty while there is none.
	LastID(ctx context.Context, topic fanfare.Topic) (string, error)
}

// Options is what a [Service] needs. Dir, Records, Jobs, Emitter, History and
// Worker have no default.
type Options struct {
	Dir      string // for blobs and unfinished uploads; owned by this service
	Records  Records
	Jobs     Jobs
	Emitter  Emitter
	History  History
	Worker   []string // argv of the extraction child
	Instance string   // service_instance of the events

	Workers       int           // documents processed at once, default 2
	MaxBytes      int64         // of an upload, default 512 MiB
	MaxTries      int           // that end with their worker or its child before the document fails, default 5
	Deadline      time.Duration // for one document's extraction, default 5 min
	Heartbeat     time.Duration // between signs of life of a silent extraction, default 5 s
	SweepInterval time.Duration // default 1 min
	Logger        *slog.Logger  // nil discards
}

// Service is the document service. Make it by [New].
type Service struct {
	records  Records
	jobs     Jobs
	emitter  Emitter
	history  History
	instance string
	logger   *slog.Logger

	workers       int
	maxBytes      int64
	maxTries      int
	deadline      time.Duration
	heartbeat     time.Duration
	sweepInterval time.Duration

	extract func(ctx context.Context, params ExtractParams, progress func(done, total int64)) (Result, error)
	blobs   *blobStore
	catalog *catalog
}

// New opens the blob store, which removes the unfinished uploads of a crash,
// and starts nothing.
func New(options Options) (*Service, error) {
	if options.Records == nil || options.Jobs == nil || options.Emitter == nil || options.History == nil || len(options.Worker) == 0 || options.Dir == "" {
		return nil, errors.New("document: Dir, Records, Jobs, Emitter, History and Worker must be given")
	}
	blobs, err := openBlobs(options.Dir)
	if err != nil {
		return nil, err
	}
	argv := options.Worker
	return &Service{
		records:       options.Records,
		jobs:          options.Jobs,
		emitter:       options.Emitter,
		history:       options.History,
		instance:      options.Instance,
		logger:        orDefault(options.Logger, slog.New(slog.DiscardHandler)),
		workers:       orDefault(options.Workers, 2),
		maxBytes:      orDefault(options.MaxBytes, 512<<20),
		maxTries:      orDefault(options.MaxTries, 5),
		deadline:      orDefault(options.Deadline, 5*time.Minute),
		heartbeat:     orDefault(options.Heartbeat, 5*time.Second),
		sweepInterval: orDefault(options.SweepInterval, time.Minute),
		extract: func(ctx context.Context, params ExtractParams, progress func(done, total int64)) (Result, error) {
			return Extract(ctx, argv, params, progress)
		},
		blobs:   blobs,
		catalog: newCatalog(),
	}, nil
}

// Ready is closed once Run has read what was stored before the start: from then
// on List knows all documents.
func (s *Service) Ready() <-chan struct{} { return s.catalog.ready }

func orDefault[T comparable](value, other T) T {
	var zero T
	if value == zero {
		return other
	}
	return value
}

// Run watches the records, sweeps and processes documents until ctx ends, and
// returns when all of it has ended. What was being processed then is handed
// back to the queue. Run is called once; an error means that one of its parts
// could not go on.
func (s *Service) Run(ctx context.Context) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	parts := map[string]func(context.Context) error{"watch": s.watch, "sweep": s.sweep, "work": s.work}
	failed := make(chan error, len(parts))
	var wg sync.WaitGroup
	for name, part := range parts {
		wg.Go(func() {
			defer cancel()
			if err := part(ctx); ctx.Err() == nil {
				failed <- fmt.Errorf("documents: %s ended: %w", name, err)
			}
		})
	}
	wg.Wait()
	select {
	case err := <-failed:
		return err
	default:
		return nil
	}
}

// watch keeps the catalog.
func (s *Service) watch(ctx context.Context) error {
	seen := func(id string, value []byte, _ uint64) {
		record, err := decodeRecord(value)
		if err != nil {
			s.logger.ErrorContext(ctx, "unreadable record is not listed", slog.String("document_id", id), slog.Any("error", err))
			return
		}
		s.catalog.note(id, record.Status)
	}
	return s.records.Watch(ctx, seen, s.catalog.complete)
}

func (s *Service) work(ctx context.Context) error {
	return s.jobs.Work(ctx, s.workers, s.handle)
}

// Find gives a document by id, in any of the forms of a GUID.
func (s *Service) Find(ctx context.Context, id string) (Record, error) {
	found, err := s.load(ctx, id)
	return found.record, err
}

// State is a document's present state, as its events tell it.
func (s *Service) State(ctx context.Context, id string) (fanfare.DocumentPayload, error) {
	found, err := s.load(ctx, id)
	if err != nil {
		return fanfare.DocumentPayload{}, err
	}
	return found.record.payload(s.instance), nil
}

// stored is a record with what only its keeper knows.
type stored struct {
	record   Record
	revision uint64
	bytes    int // length of the stored form
}

// load reads a record. An id without one is [fanfare.CodeNotFound].
func (s *Service) load(ctx context.Context, id string) (stored, error) {
	id, err := fanfare.ParseGUID(id)
	if err != nil {
		return stored{}, err
	}
	value, revision, err := s.records.Get(ctx, id)
	if fanfare.CodeOf(err) == fanfare.CodeNotFound {
		return stored{}, fanfare.Errorf(fanfare.CodeNotFound, "there is no document %s: %w", id, err)
	}
	if err != nil {
		return stored{}, fmt.Errorf("read record: %w", err)
	}
	record, err := decodeRecord(value)
	if err != nil {
		return stored{}, fmt.Errorf("document %s: %w", id, err)
	}
	return stored{record: record, revision: revision, bytes: len(value)}, nil
}
