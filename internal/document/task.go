package document

import (
	"context"
	"fmt"
	"log/slog"
	"strconv"
	"time"

	"github.com/fanfare-hub/fanfare"
)

// task is one go at one document: the record as this process last wrote it,
// and the revision by which it notices another writer. It belongs to one
// goroutine. After an error it is of no further use: the job comes again and
// starts from what is stored.
type task struct {
	service  *Service
	record   Record
	revision uint64
	updates  int // progress events of this attempt, signs of life included
}

func (s *Service) task(found stored) *task {
	return &task{service: s, record: found.record, revision: found.revision, updates: 0}
}

// excuseTimeout is for one write while the server stops.
const excuseTimeout = time.Second

// step names an event of an attempt; its id is derived from it, so that the
// log knows an event that is emitted again after a crash.
type step string

const (
	stepUploaded  step = "uploaded"
	stepStarted   step = "started"
	stepCompleted step = "completed"
	stepFailed    step = "failed"
)

func stepProgress(n int) step { return step("progress/" + strconv.Itoa(n)) }

// store writes the record.
func (t *task) store(ctx context.Context) error {
	t.record.UpdatedAt = now()
	value, err := t.record.encode()
	if err != nil {
		return err
	}
	revision, err := t.service.records.Update(ctx, t.record.ID, value, t.revision)
	if err != nil {
		return fmt.Errorf("update record: %w", err)
	}
	t.revision = revision
	return nil
}

// emit tells the record's present state as an event of the given type.
func (t *task) emit(ctx context.Context, s step, kind fanfare.Type, at time.Time, message string) error {
	payload := t.record.payload(t.service.instance)
	payload.Message = message
	event := fanfare.Event{
		ID:      t.eventID(s),
		Type:    kind,
		Time:    at,
		Payload: payload,
	}
	if _, err := t.service.emitter.Emit(ctx, event); err != nil {
		return fmt.Errorf("emit %s of attempt %d: %w", s, t.record.Attempt, err)
	}
	return nil
}

// announce emits DocumentUploaded, unless it is noted that it was.
func (t *task) announce(ctx context.Context) error {
	if t.record.Announced {
		return nil
	}
	if err := t.emit(ctx, stepUploaded, fanfare.DocumentUploaded, t.record.CreatedAt, ""); err != nil {
		return err
	}
	t.record.Announced = true
	return t.store(ctx)
}

// begin takes the document in hand. One that was past queued was in hand
// before: it stays processing, as the next attempt, so that clients see no
// step back.
func (t *task) begin(ctx context.Context) error {
	if t.record.Status == fanfare.StatusQueued {
		if err := t.announce(ctx); err != nil {
			return err
		}
		t.record.Status = fanfare.StatusStarted
	} else {
		t.record.Status = fanfare.StatusProcessing
		t.record.Attempt++
	}
	t.record.Tries++
	if err := t.store(ctx); err != nil {
		return err
	}
	message := t.record.Name + ": processing started"
	if t.record.Attempt > 1 {
		message += fmt.Sprintf(" again, attempt %d", t.record.Attempt)
	}
	return t.emit(ctx, stepStarted, fanfare.ProcessingStarted, t.record.UpdatedAt, message)
}

// excuse takes back that the attempt counts: the server stops, or the store or
// the log is away, and the document is not to blame. It is noted if it can be.
func (t *task) excuse(ctx context.Context) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), excuseTimeout)
	defer cancel()
	t.record.Tries = max(t.record.Tries-1, 0)
	if err := t.store(ctx); err != nil {
		t.service.logger.DebugContext(ctx, "attempt counts although it was let go in order", slog.Any("error", err))
	}
}

// progress tells a percentage, which is not below the record's. The same one
// again is a sign of life: an event, but nothing to store.
func (t *task) progress(ctx context.Context, percentage int) error {
	at := now()
	if percentage > t.record.Percentage || t.record.Status != fanfare.StatusProcessing {
		t.record.Status = fanfare.StatusProcessing
		t.record.Percentage = percentage
		if err := t.store(ctx); err != nil {
			return err
		}
		at = t.record.UpdatedAt
	}
	t.updates++
	return t.emit(ctx, stepProgress(t.updates), fanfare.ProcessingProgress, at, "")
}

// complete is the end of a document that could be read.
func (t *task) complete(ctx context.Context) error {
	t.record.Status = fanfare.StatusCompleted
	t.record.Percentage = 100
	t.record.Error = nil
	return t.end(ctx)
}

// fail is the end of a document that could not. It keeps its percentage.
func (t *task) fail(ctx context.Context, failure fanfare.Failure) error {
	t.record.Status = fanfare.StatusFailed
	t.record.Error = &failure
	return t.end(ctx)
}

// giveUp is the end of a document whose job came too often: something around
// it breaks each time before the end could be written.
func (t *task) giveUp(ctx context.Context, tries int) error {
	if err := t.announce(ctx); err != nil {
		return err
	}
	return t.fail(ctx, fanfare.Failure{Code: CodeInternal, Message: fmt.Sprintf("processing was given up after %d tries", tries)})
}

func (t *task) end(ctx context.Context) error {
	if err := t.store(ctx); err != nil {
		return err
	}
	return t.emitEnd(ctx)
}

// emitEndOnce tells a terminal record whose event may be in the log already.
// The log drops it as a duplicate only for as long as its window lasts.
func (t *task) emitEndOnce(ctx context.Context) error {
	last, err := t.service.history.LastID(ctx, fanfare.DocumentTopic(t.record.ID))
	if err != nil {
		return fmt.Errorf("read last event: %w", err)
	}
	if last == t.eventID(t.endStep()) {
		return nil
	}
	return t.emitEnd(ctx)
}

// emitEnd tells a terminal record. It gives the same event, time included,
// whenever it is called for a record.
func (t *task) emitEnd(ctx context.Context) error {
	r := t.record
	if r.Status == fanfare.StatusFailed {
		return t.emit(ctx, t.endStep(), fanfare.ProcessingFailed, r.UpdatedAt, r.Name+": "+r.Error.Message)
	}
	message := r.Name + ": " + count(r.Pages, "page") + ", " + count(r.Words, "word") + ", " + count(len(r.Findings), "finding")
	if r.Unreadable > 0 {
		message += fmt.Sprintf("; %d of the pages could not be read", r.Unreadable)
	}
	return t.emit(ctx, t.endStep(), fanfare.ProcessingCompleted, r.UpdatedAt, message)
}

// endStep is the step of a terminal record.
func (t *task) endStep() step {
	if t.record.Status == fanfare.StatusFailed {
		return stepFailed
	}
	return stepCompleted
}

// eventID is the id of this attempt's event of a step.
func (t *task) eventID(s step) string {
	return fanfare.DeriveID(t.record.ID, strconv.Itoa(t.record.Attempt), string(s))
}

// count is a number with its noun: 1 page, 2 pages.
func count(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}
