package publisher

import (
	"context"
	"encoding/json"
	"time"

	"go.opentelemetry.io/otel/trace"

	"github.com/fanfare-hub/fanfare"
)

// Publish sends one event and returns when it is stored. What the event lacks
// is filled in: ID, Time, Service and ServiceVersion, and from a span in ctx the
// TraceParent. An event that is not valid is not sent. The receipt is that of the event's own topic;
// one that is stored on its service's topic too is stored on both.
func (p *Publisher) Publish(ctx context.Context, e fanfare.Event) (fanfare.Receipt, error) {
	record, err := p.encode(ctx, e)
	if err != nil {
		return fanfare.Receipt{}, err
	}
	answer, err := p.send(ctx, message{mediaType: "application/cloudevents+json", body: record})
	if err != nil {
		return fanfare.Receipt{}, err
	}
	var receipt fanfare.Receipt
	if err := json.Unmarshal(answer, &receipt); err != nil {
		return fanfare.Receipt{}, unreadable(err)
	}
	return receipt, nil
}

// PublishAll sends events in order, in batches of at most 500 events and 4 MiB.
// All are looked at before the first is sent: if one is not valid, none is. The
// receipts are those of the events that are known to be stored: all of them, or
// with an error the first ones. An error that is about one event is a
// [*fanfare.BatchError].
func (p *Publisher) PublishAll(ctx context.Context, events []fanfare.Event) ([]fanfare.Receipt, error) {
	records := make([][]byte, 0, len(events))
	for i, e := range events {
		record, err := p.encode(ctx, e)
		if err != nil {
			return nil, &fanfare.BatchError{Index: i, Err: err}
		}
		records = append(records, record)
	}
	receipts := make([]fanfare.Receipt, 0, len(events))
	for batch := range batches(records) {
		stored, err := p.sendBatch(ctx, batch)
		if err != nil {
			return receipts, shift(err, len(receipts))
		}
		receipts = append(receipts, stored...)
	}
	return receipts, nil
}

// encode completes the event and writes it, if it is valid.
func (p *Publisher) encode(ctx context.Context, e fanfare.Event) ([]byte, error) {
	e = p.complete(ctx, e)
	if err := e.Validate(); err != nil {
		return nil, err
	}
	return fanfare.EncodeCloudEvent(e)
}

// complete fills in what has to be the same in every try.
func (p *Publisher) complete(ctx context.Context, e fanfare.Event) fanfare.Event {
	if e.ID == "" {
		e.ID = fanfare.NewID()
	}
	if e.Time.IsZero() {
		e.Time = time.Now()
	}
	if e.Service == "" {
		e.Service = p.options.Service
	}
	if e.Service == p.options.Service && e.ServiceVersion == "" {
		e.ServiceVersion = p.options.ServiceVersion
	}
	if e.TraceParent == "" {
		e.TraceParent, e.TraceState = traceContext(ctx)
	}
	return e
}

// traceContext is the span in ctx in the W3C form, empty without one.
func traceContext(ctx context.Context) (parent, state string) {
	span := trace.SpanContextFromContext(ctx)
	if !span.IsValid() {
		return "", ""
	}
	flags := span.TraceFlags() & trace.FlagsSampled
	return "00-" + span.TraceID().String() + "-" + span.SpanID().String() + "-" + flags.String(), span.TraceState().String()
}
