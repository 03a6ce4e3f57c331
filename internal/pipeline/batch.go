package pipeline

import (
	"context"
	"errors"
	"fmt"

	"github.com/fanfare-hub/fanfare"
)

// EmitAll stores a batch, its events filled in as by [Processor.Emit]. The
// receipts are in the order of the events, each that of its first topic.
//
// Nothing is stored if one event is bad: the error is then a
// [*fanfare.BatchError] that names it. With CodeUnavailable the batch may be
// stored in part; the same batch may be emitted again. Once storing has begun it
// goes on although ctx may end.
func (p *Processor) EmitAll(ctx context.Context, events []fanfare.Event) ([]fanfare.Receipt, error) {
	outer := ctx
	ctx, span := p.observer.startBatch(ctx, events)
	defer span.End()
	b, err := p.prepare(outer, events)
	if err == nil {
		err = b.store(ctx, p.log)
	}
	if err != nil {
		p.observer.fail(ctx, span, len(events), err)
		return nil, err
	}
	receipts := make([]fanfare.Receipt, len(events))
	for i, e := range b.events {
		ofEvent := b.ofEvent(i)
		p.observer.stored(ctx, e, ofEvent)
		receipts[i] = ofEvent[0]
	}
	return receipts, nil
}

// batch is events that may be stored.
type batch struct {
	events   []fanfare.Event
	entries  []fanfare.Entry // the copies of all events, one event's behind the other's
	starts   []int           // of each event's copies
	receipts []fanfare.Receipt
}

// prepare fills in and checks all events. The context is the caller's, whose
// span an event without a trace is in.
func (p *Processor) prepare(ctx context.Context, events []fanfare.Event) (*batch, error) {
	b := &batch{}
	for i, e := range events {
		e = p.enrich(ctx, e)
		copies, err := copiesOf(e)
		if err == nil {
			err = checkSizes(copies)
		}
		if err != nil {
			return nil, &fanfare.BatchError{Index: i, Err: err}
		}
		b.events = append(b.events, e)
		b.starts = append(b.starts, len(b.entries))
		b.entries = append(b.entries, copies...)
	}
	return b, nil
}

func (b *batch) store(ctx context.Context, log Log) error {
	if len(b.entries) == 0 {
		return nil
	}
	if err := ctx.Err(); err != nil {
		return fanfare.Errorf(fanfare.CodeUnavailable, "the batch is not stored: its sender has gone: %w", err)
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), finishTimeout)
	defer cancel()
	receipts, err := log.AppendAll(ctx, b.entries)
	if err != nil {
		return refusedAll(err)
	}
	b.receipts = receipts
	return nil
}

// ofEvent returns the receipts of an event's copies.
func (b *batch) ofEvent(i int) []fanfare.Receipt {
	end := len(b.receipts)
	if i+1 < len(b.starts) {
		end = b.starts[i+1]
	}
	return b.receipts[b.starts[i]:end]
}

// refusedAll keeps the log's own code, and calls it unavailable if it gave none.
func refusedAll(err error) error {
	if e, coded := errors.AsType[*fanfare.Error](err); coded && e.Code != fanfare.CodeUnavailable {
		return fmt.Errorf("append batch: %w", err)
	}
	return fanfare.Errorf(fanfare.CodeUnavailable, "the batch is stored in part at most: send the same batch again: %w", err)
}
