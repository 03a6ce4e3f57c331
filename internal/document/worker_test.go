package document

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/fanfare-hub/fanfare"
)

// tell writes a document's events in short, one a line.
func tell(events []fanfare.Event) string {
	var text strings.Builder
	for _, e := range events {
		p, ok := e.Payload.(fanfare.DocumentPayload)
		if !ok {
			continue
		}
		fmt.Fprintf(&text, "%s %s %d%% attempt %d\n", e.Type, p.Status, p.Percentage, p.Attempt)
	}
	return text.String()
}

// finish runs the service until no job is left, in a synctest bubble.
func (b *bench) finish(t *testing.T) {
	t.Helper()
	stop := b.run(t)
	for range 1000 {
		synctest.Wait()
		if b.jobs.pending() == 0 && b.allTerminal(t) {
			break
		}
		<-time.After(time.Second)
	}
	if err := stop(); err != nil {
		t.Errorf("Run: %v", err)
	}
	if !b.allTerminal(t) || b.jobs.pending() != 0 {
		t.Fatalf("not finished: %d jobs, records %+v", b.jobs.pending(), b.records.all(t))
	}
}

func (b *bench) allTerminal(t *testing.T) bool {
	t.Helper()
	return !slices.ContainsFunc(b.records.all(t), func(r Record) bool { return !r.Status.Terminal() })
}

// stores puts a document into the bench and gives its id.
func (b *bench) stores(t *testing.T) string {
	t.Helper()
	record, err := b.service.Upload(t.Context(), upload("a.txt", "hello"))
	if err != nil {
		t.Fatalf("Upload: %v", err)
	}
	return record.ID
}

func (b *bench) find(t *testing.T, id string) Record {
	t.Helper()
	record, err := b.service.Find(t.Context(), id)
	if err != nil {
		t.Fatalf("Find: %v", err)
	}
	return record
}

func TestDocumentIsProcessed(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, noFaults(), nil)
		b.service.extract = func(_ context.Context, params ExtractParams, progress func(done, total int64)) (Result, error) {
			result := sampleResult()
			result.FailedPages = 1
			if params.Name != "a.txt" || !strings.HasSuffix(params.Path, "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824") {
				t.Errorf("params %+v", params)
			}
			progress(1, 2)
			<-time.After(time.Second)
			return result, nil
		}
		id := b.stores(t)
		b.finish(t)

		steps, alerts := b.log.of(id)
		want := `DocumentUploaded queued 0% attempt 1
ProcessingStarted started 0% attempt 1
ProcessingProgress processing 48% attempt 1
ProcessingProgress processing 97% attempt 1
ProcessingCompleted completed 100% attempt 1
`
		if got := tell(steps); got != want {
			t.Errorf("events:\n%s\nwant:\n%s", got, want)
		}
		for i, step := range []string{"uploaded", "started", "progress/1", "progress/2", "completed"} {
			if steps[i].ID != fanfare.DeriveID(id, "1", step) {
				t.Errorf("event %d has the id of another step than %s", i, step)
			}
		}
		if got := steps[4].Payload.(fanfare.DocumentPayload); got.Message != "a.txt: 2 pages, 30 words, 2 findings; 1 of the pages could not be read" || got.ServiceInstance != "host-1" {
			t.Errorf("last payload %+v", got)
		}
		checkAlerts(t, id, alerts)
		record := b.find(t, id)
		if record.MediaType != "text/plain" || record.Words != 30 || len(record.Findings) != 2 || record.Error != nil {
			t.Errorf("record %+v", record)
		}
	})
}

func checkAlerts(t *testing.T, id string, alerts []fanfare.Event) {
	t.Helper()
	want := []fanfare.AlertPayload{
		{Framework: "PCI-DSS", Message: "4 matches of payment_card in a.txt: ****1, ****2, ****3, …", Severity: 9},
		{Framework: "GDPR", Message: "1 match of email in a.txt: a***@e***", Severity: 5},
	}
	if len(alerts) != len(want) {
		t.Fatalf("%d alerts, want %d", len(alerts), len(want))
	}
	for i, rule := range []string{"payment_card", "email"} {
		got := alerts[i].Payload.(fanfare.AlertPayload)
		if got.Framework != want[i].Framework || got.Message != want[i].Message || got.Severity != want[i].Severity || got.Time.IsZero() {
			t.Errorf("alert %d: %+v", i, got)
		}
		if alerts[i].ID != fanfare.DeriveID(id, "alert", got.Framework, rule) || alerts[i].TargetUser != "user-7" {
			t.Errorf("alert %d: id %s for %q", i, alerts[i].ID, alerts[i].TargetUser)
		}
	}
}

func TestFailedDocumentKeepsItsPercentage(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, noFaults(), nil)
		b.service.extract = func(_ context.Context, _ ExtractParams, progress func(done, total int64)) (Result, error) {
			progress(1, 4)
			<-time.After(time.Second)
			return Result{}, &Failure{Code: CodeDamaged, Message: "the file is damaged", Detail: "for the log"}
		}
		id := b.stores(t)
		b.finish(t)
		record := b.find(t, id)
		if record.Status != fanfare.StatusFailed || record.Percentage != 24 || record.Error.Code != "damaged" || record.Error.Message != "the file is damaged" {
			t.Errorf("record %+v", record)
		}
		steps, _ := b.log.of(id)
		last := steps[len(steps)-1]
		payload := last.Payload.(fanfare.DocumentPayload)
		if last.Type != fanfare.ProcessingFailed || last.ID != fanfare.DeriveID(id, "1", "failed") || payload.Error == nil || payload.Error.Code != "damaged" || payload.Message != "a.txt: the file is damaged" {
			t.Errorf("last event %+v", last)
		}
	})
}

func TestSlowDocumentPassesItsDeadline(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, noFaults(), func(o *Options) { o.Deadline = 12 * time.Second })
		b.service.extract = func(ctx context.Context, _ ExtractParams, progress func(done, total int64)) (Result, error) {
			progress(1, 4)
			<-ctx.Done()
			if ctx.Err() == context.DeadlineExceeded {
				return Result{}, &Failure{Code: CodeTimeout, Message: "took too long"}
			}
			return Result{}, ctx.Err()
		}
		id := b.stores(t)
		begin := time.Now()
		b.finish(t)
		if took := time.Since(begin); took != 12*time.Second {
			t.Errorf("ended after %s", took)
		}
		steps, _ := b.log.of(id)
		want := `DocumentUploaded queued 0% attempt 1
ProcessingStarted started 0% attempt 1
ProcessingProgress processing 24% attempt 1
ProcessingProgress processing 24% attempt 1
ProcessingProgress processing 24% attempt 1
ProcessingFailed failed 24% attempt 1
`
		if got := tell(steps); got != want {
			t.Errorf("events, with signs of life after 5 and 10 s:\n%s\nwant:\n%s", got, want)
		}
	})
}

func TestProgressIsPaced(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, noFaults(), nil)
		b.service.extract = func(_ context.Context, _ ExtractParams, progress func(done, total int64)) (Result, error) {
			for done := range int64(97) {
				progress(done+1, 97)
				<-time.After(20 * time.Millisecond)
			}
			return sampleResult(), nil
		}
		id := b.stores(t)
		b.finish(t)
		steps, _ := b.log.of(id)
		told := slices.DeleteFunc(steps, func(e fanfare.Event) bool { return e.Type != fanfare.ProcessingProgress })
		for i, e := range told[:paceBurst] {
			if p := e.Payload.(fanfare.DocumentPayload); p.Percentage != i+1 {
				t.Errorf("update %d tells %d %%", i+1, p.Percentage)
			}
		}
		// 97 steps in 1.94 s: 20 at once, 4 a second after that, and the last.
		if len(told) < 26 || len(told) > 29 {
			t.Errorf("%d updates:\n%s", len(told), tell(told))
		}
	})
}

func TestStopHandsTheDocumentBack(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, noFaults(), nil)
		b.service.extract = func(ctx context.Context, _ ExtractParams, progress func(done, total int64)) (Result, error) {
			progress(9, 10)
			<-ctx.Done()
			return Result{}, ctx.Err()
		}
		id := b.stores(t)
		stop := b.run(t)
		synctest.Wait()
		before := b.find(t, id)
		if err := stop(); err != nil {
			t.Errorf("Run: %v", err)
		}
		if after := b.find(t, id); after.UpdatedAt != before.UpdatedAt || after.Status != fanfare.StatusProcessing || b.jobs.pending() != 1 {
			t.Errorf("record %+v, %d jobs", after, b.jobs.pending())
		}
		b.restart(t, nil)
		b.finish(t)
		steps, _ := b.log.of(id)
		want := `DocumentUploaded queued 0% attempt 1
ProcessingStarted started 0% attempt 1
ProcessingProgress processing 87% attempt 1
ProcessingStarted processing 87% attempt 2
ProcessingProgress processing 97% attempt 2
ProcessingCompleted completed 100% attempt 2
`
		if got := tell(steps); got != want {
			t.Errorf("events:\n%s\nwant:\n%s", got, want)
		}
	})
}

func TestNextAttemptDoesNotFallBack(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, noFaults(), nil)
		attempts := 0
		b.service.extract = func(_ context.Context, _ ExtractParams, progress func(done, total int64)) (Result, error) {
			attempts++
			progress(int64(10-5*attempts), 8)
			<-time.After(6 * time.Second)
			if attempts == 1 {
				return Result{}, errFault
			}
			return sampleResult(), nil
		}
		id := b.stores(t)
		b.finish(t)
		steps, _ := b.log.of(id)
		want := `DocumentUploaded queued 0% attempt 1
ProcessingStarted started 0% attempt 1
ProcessingProgress processing 60% attempt 1
ProcessingProgress processing 60% attempt 1
ProcessingStarted processing 60% attempt 2
ProcessingProgress processing 60% attempt 2
ProcessingProgress processing 97% attempt 2
ProcessingCompleted completed 100% attempt 2
`
		if got := tell(steps); got != want {
			t.Errorf("events:\n%s\nwant:\n%s", got, want)
		}
	})
}

func TestNotedAlertIsNotToldAgain(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, noFaults(), nil)
		id := b.stores(t)
		found, err := b.service.load(t.Context(), id)
		if err != nil {
			t.Fatal(err)
		}
		task := b.service.task(found)
		task.record.Alerted = []string{"PCI-DSS/payment_card"}
		if err := task.store(t.Context()); err != nil {
			t.Fatal(err)
		}
		b.finish(t)
		_, alerts := b.log.of(id)
		if len(alerts) != 1 || alerts[0].Payload.(fanfare.AlertPayload).Framework != "GDPR" {
			t.Errorf("alerts %+v", alerts)
		}
		if record := b.find(t, id); !slices.Equal(record.Alerted, []string{"PCI-DSS/payment_card", "GDPR/email"}) {
			t.Errorf("noted %q", record.Alerted)
		}
	})
}

func TestDocumentIsGivenUpAfterTooManyTries(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, noFaults(), func(o *Options) { o.MaxTries = 3 })
		tries := 0
		b.service.extract = func(context.Context, ExtractParams, func(done, total int64)) (Result, error) {
			tries++
			return Result{}, errFault
		}
		id := b.stores(t)
		b.finish(t)
		record := b.find(t, id)
		if tries != 3 || record.Status != fanfare.StatusFailed || record.Error.Code != CodeInternal || record.Attempt != 3 {
			t.Errorf("%d tries, record %+v", tries, record)
		}
	})
}

// TestKilledChildIsTriedAgain: that a child was killed says nothing of its
// document.
func TestKilledChildIsTriedAgain(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, noFaults(), nil)
		read := b.service.extract
		tries := 0
		b.service.extract = func(ctx context.Context, params ExtractParams, progress func(done, total int64)) (Result, error) {
			if tries++; tries == 1 {
				return Result{}, &Failure{Code: CodeInternal, Message: "the extraction process ended without a result"}
			}
			return read(ctx, params, progress)
		}
		id := b.stores(t)
		b.finish(t)
		if r := b.find(t, id); r.Status != fanfare.StatusCompleted || r.Attempt != 2 || r.Tries != 2 {
			t.Errorf("%s at attempt %d after %d tries: %+v", r.Status, r.Attempt, r.Tries, r.Error)
		}
	})
}

// TestChildThatCannotStartIsNotTheDocumentsFault: a machine without descriptors
// may stay so for longer than all tries.
func TestChildThatCannotStartIsNotTheDocumentsFault(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, noFaults(), nil)
		read := b.service.extract
		tries := 0
		b.service.extract = func(ctx context.Context, params ExtractParams, progress func(done, total int64)) (Result, error) {
			if tries++; tries <= 10 {
				_, err := Extract(ctx, []string{"/nowhere/extract"}, params, progress)
				return Result{}, err
			}
			return read(ctx, params, progress)
		}
		id := b.stores(t)
		b.finish(t)
		if r := b.find(t, id); r.Status != fanfare.StatusCompleted || r.Attempt != 11 {
			t.Errorf("%s at attempt %d after %d tries: %+v", r.Status, r.Attempt, tries, r.Error)
		}
	})
}

// TestFinishedDocumentTellsItsEndOnce: a job that comes again for a finished
// document tells the end only if the log does not have it, and then as the
// same event.
func TestFinishedDocumentTellsItsEndOnce(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, noFaults(), nil)
		id := b.stores(t)
		b.finish(t)
		b.log.duplicates = nil
		steps, _ := b.log.of(id)
		end := steps[len(steps)-1]
		for _, lost := range []bool{false, true} {
			if lost {
				b.log.events = slices.DeleteFunc(b.log.events, func(e fanfare.Event) bool { return e.ID == end.ID })
			}
			if err := b.service.handle(t.Context(), id, 2); err != nil {
				t.Fatalf("handle: %v", err)
			}
			steps, _ := b.log.of(id)
			last := steps[len(steps)-1]
			if len(b.log.duplicates) != 0 || last.ID != end.ID || !last.Time.Equal(end.Time) {
				t.Errorf("lost %t: last %+v, want %+v; told twice: %+v", lost, last, end, b.log.duplicates)
			}
		}
	})
}

// slowRecords answers after a pause, or when ctx ends, as the bus does.
type slowRecords struct {
	*memoryRecords
	pause time.Duration
}

func (s slowRecords) Update(ctx context.Context, id string, value []byte, revision uint64) (uint64, error) {
	select {
	case <-time.After(s.pause):
	case <-ctx.Done():
		return 0, ctx.Err()
	}
	return s.memoryRecords.Update(ctx, id, value, revision)
}

// TestDeadlineDuringAStore: a deadline that passes while a step is being told
// ends the document with a timeout, and not with another try.
func TestDeadlineDuringAStore(t *testing.T) {
	t.Parallel()
	for late := time.Duration(0); late < 250*time.Millisecond; late += 5 * time.Millisecond {
		synctest.Test(t, func(t *testing.T) {
			b := newBench(t, noFaults(), nil)
			b.restart(t, func(o *Options) {
				o.Records = slowRecords{b.records, 20 * time.Millisecond}
				o.Deadline = 9*time.Second + late
			})
			b.service.extract = tireless
			id := b.stores(t)
			b.finish(t)
			if r := b.find(t, id); r.Attempt != 1 || r.Error == nil || r.Error.Code != CodeTimeout {
				t.Errorf("deadline %v: %s at attempt %d, %+v", b.service.deadline, r.Status, r.Attempt, r.Error)
			}
		})
	}
}

// tireless is an extraction that gets further every 100 ms and never ends.
func tireless(ctx context.Context, _ ExtractParams, progress func(done, total int64)) (Result, error) {
	for done := int64(1); ; done++ {
		select {
		case <-ctx.Done():
			if errors.Is(ctx.Err(), context.DeadlineExceeded) {
				return Result{}, &Failure{Code: CodeTimeout, Message: "timeout"}
			}
			return Result{}, ctx.Err()
		case <-time.After(100 * time.Millisecond):
			progress(min(done, 105), 105)
		}
	}
}

// downLog refuses all but the first event of a document until a time.
type downLog struct {
	*memoryLog
	until time.Time
}

func (d *downLog) Emit(ctx context.Context, e fanfare.Event) (fanfare.Receipt, error) {
	if p, ok := e.Payload.(fanfare.DocumentPayload); ok && p.Status != fanfare.StatusQueued && time.Now().Before(d.until) {
		return fanfare.Receipt{}, fanfare.Errorf(fanfare.CodeUnavailable, "down")
	}
	return d.memoryLog.Emit(ctx, e)
}

// patientJobs waits a second before a job comes again.
type patientJobs struct{ *memoryJobs }

func (p patientJobs) Work(ctx context.Context, workers int, handle func(context.Context, string, int) error) error {
	return p.memoryJobs.Work(ctx, workers, func(ctx context.Context, id string, delivery int) error {
		err := handle(ctx, id, delivery)
		if err != nil {
			<-time.After(time.Second)
		}
		return err
	})
}

// TestOutageIsNotTheDocumentsFault: a log that is away for longer than all the
// tries of a document, and as many orderly stops, do not fail it.
func TestOutageIsNotTheDocumentsFault(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, noFaults(), nil)
		b.restart(t, func(o *Options) {
			o.Emitter = &downLog{b.log, time.Now().Add(time.Minute)}
			o.Jobs = patientJobs{b.jobs}
		})
		id := b.stores(t)
		b.finish(t)
		if r := b.find(t, id); r.Status != fanfare.StatusCompleted || r.Attempt < 10 {
			t.Errorf("%s at attempt %d: %+v", r.Status, r.Attempt, r.Error)
		}
	})
}

func TestOrderlyStopsAreNotTheDocumentsFault(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, noFaults(), nil)
		id := b.stores(t)
		for range 10 {
			b.restart(t, nil)
			b.service.extract = tireless
			stop := b.run(t)
			<-time.After(time.Second)
			if err := stop(); err != nil {
				t.Fatal(err)
			}
		}
		b.restart(t, nil)
		b.finish(t)
		if r := b.find(t, id); r.Status != fanfare.StatusCompleted || r.Attempt != 11 {
			t.Errorf("%s at attempt %d: %+v", r.Status, r.Attempt, r.Error)
		}
	})
}

func TestJobWithoutARecordIsDropped(t *testing.T) {
	t.Parallel()
	b := newBench(t, noFaults(), nil)
	if err := b.service.handle(t.Context(), fanfare.NewID(), 1); err != nil {
		t.Errorf("handle: %v", err)
	}
}

func TestWorkerLetsGoOfADocumentThatAnotherHas(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, noFaults(), nil)
		id := b.stores(t)
		b.service.extract = func(ctx context.Context, _ ExtractParams, progress func(done, total int64)) (Result, error) {
			found, err := b.service.load(ctx, id)
			if err != nil {
				return Result{}, err
			}
			if err := b.service.task(found).begin(ctx); err != nil {
				return Result{}, err
			}
			progress(1, 2)
			<-ctx.Done() // as a child that is killed
			return Result{}, ctx.Err()
		}
		err := b.service.handle(t.Context(), id, 1)
		if fanfare.CodeOf(err) != fanfare.CodeConflict {
			t.Errorf("handle: %v", err)
		}
		if record := b.find(t, id); record.Attempt != 2 || record.Percentage != 0 {
			t.Errorf("record %+v", record)
		}
	})
}
