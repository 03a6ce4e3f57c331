package document

import (
	"context"
	"errors"
	"maps"
	"slices"
	"sync"
	"testing"

	"github.com/fanfare-hub/fanfare"
)

// errFault is what a store answers at the chosen step.
var errFault = errors.New("fault")

// faults lets one operation of all the stores fail: the one numbered at, from
// 0. With after it takes effect first, as when only its answer is lost.
type faults struct {
	mu    sync.Mutex
	at    int // -1 none
	after bool
	seen  int
	fired bool
}

func noFaults() *faults { return &faults{at: -1} }

func (f *faults) run(do func() error) error {
	f.mu.Lock()
	hit := f.seen == f.at
	f.seen++
	f.fired = f.fired || hit
	f.mu.Unlock()
	if hit && !f.after {
		return errFault
	}
	err := do()
	if hit {
		return errFault
	}
	return err
}

// memoryRecords is Records in memory, with the whole history for watchers.
type memoryRecords struct {
	faults *faults

	mu      sync.Mutex
	latest  map[string]write
	history []write
	grown   chan struct{} // closed and replaced at each write
}

type write struct {
	id       string
	value    []byte
	revision uint64
}

func newMemoryRecords(f *faults) *memoryRecords {
	return &memoryRecords{faults: f, latest: map[string]write{}, grown: make(chan struct{})}
}

func (m *memoryRecords) Get(_ context.Context, id string) ([]byte, uint64, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	w, ok := m.latest[id]
	if !ok {
		return nil, 0, fanfare.Errorf(fanfare.CodeNotFound, "no record")
	}
	return w.value, w.revision, nil
}

func (m *memoryRecords) Create(ctx context.Context, id string, value []byte) (uint64, error) {
	return m.Update(ctx, id, value, 0)
}

func (m *memoryRecords) Update(ctx context.Context, id string, value []byte, revision uint64) (uint64, error) {
	if err := ctx.Err(); err != nil {
		return 0, err
	}
	var written uint64
	err := m.faults.run(func() error {
		m.mu.Lock()
		defer m.mu.Unlock()
		if m.latest[id].revision != revision {
			return fanfare.Errorf(fanfare.CodeConflict, "revision %d is not the latest", revision)
		}
		written = uint64(len(m.history) + 1)
		w := write{id, value, written}
		m.latest[id] = w
		m.history = append(m.history, w)
		close(m.grown)
		m.grown = make(chan struct{})
		return nil
	})
	return written, err
}

func (m *memoryRecords) Watch(ctx context.Context, seen func(string, []byte, uint64), ready func()) error {
	for next := 0; ; {
		m.mu.Lock()
		writes, grown := m.history[next:], m.grown
		m.mu.Unlock()
		for _, w := range writes {
			seen(w.id, w.value, w.revision)
		}
		next += len(writes)
		ready()
		select {
		case <-grown:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// all decodes what is stored.
func (m *memoryRecords) all(t *testing.T) []Record {
	t.Helper()
	m.mu.Lock()
	defer m.mu.Unlock()
	var records []Record
	for _, id := range slices.Sorted(maps.Keys(m.latest)) {
		record, err := decodeRecord(m.latest[id].value)
		if err != nil {
			t.Fatalf("stored record: %v", err)
		}
		records = append(records, record)
	}
	return records
}

// memoryJobs is Jobs in memory: a job stays until it is acknowledged, and
// comes again at once.
type memoryJobs struct {
	faults *faults

	mu     sync.Mutex
	stored map[string]int // deliveries
	ready  chan string
}

func newMemoryJobs(f *faults) *memoryJobs {
	return &memoryJobs{faults: f, stored: map[string]int{}, ready: make(chan string, 1000)}
}

func (m *memoryJobs) Publish(ctx context.Context, id string) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	return m.faults.run(func() error {
		m.mu.Lock()
		defer m.mu.Unlock()
		if _, ok := m.stored[id]; !ok {
			m.stored[id] = 0
			m.ready <- id
		}
		return nil
	})
}

func (m *memoryJobs) Work(ctx context.Context, workers int, handle func(context.Context, string, int) error) error {
	var wg sync.WaitGroup
	defer wg.Wait()
	for range workers {
		wg.Go(func() {
			for {
				select {
				case id := <-m.ready:
					if ctx.Err() != nil {
						m.ready <- id
						return
					}
					m.settle(id, handle(ctx, id, m.deliver(id)))
				case <-ctx.Done():
					return
				}
			}
		})
	}
	<-ctx.Done()
	return ctx.Err()
}

func (m *memoryJobs) deliver(id string) int {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.stored[id]++
	return m.stored[id]
}

func (m *memoryJobs) settle(id string, err error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if err != nil {
		m.ready <- id
		return
	}
	delete(m.stored, id)
}

func (m *memoryJobs) pending() int {
	m.mu.Lock()
	defer m.mu.Unlock()
	return len(m.stored)
}

// memoryLog is Emitter in memory; it knows an id again, as the log does.
type memoryLog struct {
	faults *faults

	mu         sync.Mutex
	events     []fanfare.Event
	duplicates []fanfare.Event
}

func (m *memoryLog) Emit(ctx context.Context, event fanfare.Event) (fanfare.Receipt, error) {
	if err := ctx.Err(); err != nil {
		return fanfare.Receipt{}, err
	}
	err := m.faults.run(func() error {
		m.mu.Lock()
		defer m.mu.Unlock()
		if slices.ContainsFunc(m.events, func(e fanfare.Event) bool { return e.ID == event.ID }) {
			m.duplicates = append(m.duplicates, event)
			return nil
		}
		m.events = append(m.events, event)
		return nil
	})
	return fanfare.Receipt{ID: event.ID}, err
}

func (m *memoryLog) LastID(ctx context.Context, topic fanfare.Topic) (string, error) {
	if err := ctx.Err(); err != nil {
		return "", err
	}
	steps, _ := m.of(topic.ID)
	if len(steps) == 0 {
		return "", nil
	}
	return steps[len(steps)-1].ID, nil
}

// of gives the events of one document, alerts apart.
func (m *memoryLog) of(id string) (steps, alerts []fanfare.Event) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, e := range m.events {
		switch p := e.Payload.(type) {
		case fanfare.DocumentPayload:
			if p.DocumentID == id {
				steps = append(steps, e)
			}
		case fanfare.AlertPayload:
			if p.DocumentID == id {
				alerts = append(alerts, e)
			}
		}
	}
	return steps, alerts
}

// bench is a service on stores in memory. Its extraction is a function.
type bench struct {
	dir     string
	faults  *faults
	records *memoryRecords
	jobs    *memoryJobs
	log     *memoryLog
	service *Service
}

func newBench(t *testing.T, f *faults, change func(*Options)) *bench {
	t.Helper()
	b := &bench{dir: t.TempDir(), faults: f, records: newMemoryRecords(f), jobs: newMemoryJobs(f), log: &memoryLog{faults: f}}
	b.restart(t, change)
	return b
}

// restart makes a new service on what is stored, as after a crash.
func (b *bench) restart(t *testing.T, change func(*Options)) {
	t.Helper()
	options := Options{Dir: b.dir, Records: b.records, Jobs: b.jobs, Emitter: b.log, History: b.log, Worker: []string{"none"}, Instance: "host-1"}
	if change != nil {
		change(&options)
	}
	service, err := New(options)
	if err != nil {
		t.Fatalf("New: %v", err)
	}
	service.extract = func(_ context.Context, _ ExtractParams, progress func(done, total int64)) (Result, error) {
		progress(1, 2)
		return sampleResult(), nil
	}
	b.service = service
}

func sampleResult() Result {
	return Result{
		MediaType: "text/plain", Pages: 2, Words: 30, Characters: 200,
		Findings: []Finding{
			{Framework: "PCI-DSS", Rule: "payment_card", Severity: 9, Count: 4, Confidence: 1, Samples: []string{"****1", "****2", "****3", "****4"}, Places: []Place{{Page: 1, Line: 1, Start: 0, End: 5}}},
			{Framework: "GDPR", Rule: "email", Severity: 5, Count: 1, Confidence: 1, Samples: []string{"a***@e***"}},
		},
	}
}

// run starts Run; the returned function stops it and gives its error.
func (b *bench) run(t *testing.T) (stop func() error) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	service := b.service
	go func() { ended <- service.Run(ctx) }()
	return func() error {
		cancel()
		return <-ended
	}
}

var (
	_ Records = (*memoryRecords)(nil)
	_ Jobs    = (*memoryJobs)(nil)
	_ Emitter = (*memoryLog)(nil)
)
