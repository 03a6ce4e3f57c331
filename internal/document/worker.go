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

// handle processes one job. nil means that the document is in a terminal
// status and its event in the log; an error, that the job has to come again.
//
//	queued ──► started ──► processing … 97 ──► alerts ──► completed 100
//	              │             │                 │
//	              └─────────────┴── failed        └─ crash: next attempt, processing
func (s *Service) handle(ctx context.Context, id string, delivery int) error {
	logger := s.logger.With(slog.String("document_id", id), slog.Int("delivery", delivery))
	found, err := s.load(ctx, id)
	if fanfare.CodeOf(err) == fanfare.CodeNotFound {
		logger.ErrorContext(ctx, "job without a record is dropped", slog.Any("error", err))
		return nil
	}
	if err != nil {
		return err
	}
	err = s.process(ctx, s.task(found))
	if err != nil && ctx.Err() == nil {
		logger.WarnContext(ctx, "document goes back to the queue", slog.Any("error", err))
	}
	return err
}

// process brings a document to its end, from wherever it stands.
func (s *Service) process(ctx context.Context, t *task) error {
	switch {
	case t.record.Status.Terminal():
		return t.emitEndOnce(ctx) // the crash came between record and acknowledgement
	case t.record.Tries >= s.maxTries:
		return t.giveUp(ctx, t.record.Tries)
	}
	err := s.attempt(ctx, t)
	if err != nil && !errors.Is(err, errNotRead) {
		t.excuse(ctx)
	}
	return err
}

// errNotRead is an extraction that broke without saying anything about the
// document: its next one may do so again.
var errNotRead = errors.New("document could not be read")

// final says whether an extraction's error is about the document. A child that
// was killed or broke may do better the next time.
func final(err error) bool {
	failure, ok := errors.AsType[*Failure](err)
	return ok && failure.Code != CodeInternal
}

// attempt is one try, from begin to the document's end.
func (s *Service) attempt(ctx context.Context, t *task) error {
	if err := t.begin(ctx); err != nil {
		return err
	}
	result, err := s.read(ctx, t)
	if failure, ok := errors.AsType[*Failure](err); ok && final(err) && ctx.Err() == nil {
		s.logger.InfoContext(ctx, "document failed", slog.String("document_id", t.record.ID),
			slog.String("code", failure.Code), slog.String("detail", failure.Detail))
		return t.fail(ctx, fanfare.Failure{Code: failure.Code, Message: failure.Message})
	}
	if err != nil {
		return err
	}
	return t.settle(ctx, result)
}

// outcome is how an extraction ended.
type outcome struct {
	result Result
	err    error
}

// read runs the extraction and tells its progress meanwhile. The child has
// ended when it returns.
func (s *Service) read(ctx context.Context, t *task) (Result, error) {
	var wg sync.WaitGroup
	defer wg.Wait()
	// The deadline is the extraction's alone: a step that is being told when it
	// passes must not break off, or the document would be tried again.
	extracting, cancel := context.WithTimeout(ctx, s.deadline)
	defer cancel()
	g := newGauge(t.record.Percentage)
	done := make(chan outcome, 1)
	wg.Go(func() {
		params := ExtractParams{Path: s.blobs.path(t.record.SHA256), Name: t.record.Name}
		result, err := s.extract(extracting, params, g.set)
		if err != nil && !final(err) && !errors.Is(err, errNoChild) && extracting.Err() == nil {
			err = fmt.Errorf("%w: %w", errNotRead, err)
		}
		done <- outcome{result, err}
	})
	return s.follow(ctx, t, g, done)
}

// follow tells what the gauge shows, at the pace of the document, until the
// extraction is done. An error of telling ends the extraction: another worker
// has the document, or the store is away and the end could not be told either.
func (s *Service) follow(ctx context.Context, t *task, g *gauge, done <-chan outcome) (Result, error) {
	p := newPace(time.Now(), s.heartbeat, t.record.Percentage)
	wake := time.NewTimer(s.heartbeat)
	defer wake.Stop()
	percentage := t.record.Percentage
	for {
		select {
		case out := <-done:
			return out.result, out.err
		case percentage = <-g.latest:
		case <-wake.C:
		}
		tell, wait := p.next(time.Now(), percentage)
		if tell {
			if err := t.progress(ctx, percentage); err != nil {
				return Result{}, err
			}
		}
		wake.Reset(wait)
	}
}

// settle is what follows the extraction: the input has been read to its end,
// now the findings are told and the document is completed.
func (t *task) settle(ctx context.Context, result Result) error {
	r := &t.record
	r.MediaType = result.MediaType
	r.Pages, r.Unreadable, r.Words, r.Characters = result.Pages, result.FailedPages, result.Words, result.Characters
	if r.Percentage < readPercentage || r.Status != fanfare.StatusProcessing {
		if err := t.progress(ctx, readPercentage); err != nil {
			return err
		}
	}
	for _, finding := range result.Findings {
		if err := t.alert(ctx, finding); err != nil {
			return err
		}
	}
	r.Findings = result.Findings // last: each alert writes the record, and their places are most of it
	return t.complete(ctx)
}
