package pipeline

import (
	"context"
	"fmt"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/metric"
	metricnoop "go.opentelemetry.io/otel/metric/noop"
	"go.opentelemetry.io/otel/trace"
	tracenoop "go.opentelemetry.io/otel/trace/noop"

	"github.com/fanfare-hub/fanfare"
)

// scope names the instruments' origin.
const scope = "github.com/fanfare-hub/fanfare/internal/pipeline"

// The names that dashboards of the .NET services know.
const (
	spanProcess         = "AspireRealtime.ProcessEvent"
	spanBatch           = "AspireRealtime.ProcessBatch"
	metricEvents        = "aspire.realtime.events.total"
	metricRefused       = "aspire.realtime.events.refused"
	metricUndeliverable = "aspire.realtime.events.undeliverable"
)

// observer makes the spans and counts of a [Processor]. Neither ever holds a
// value out of a payload.
type observer struct {
	tracer  trace.Tracer
	events  metric.Int64Counter
	refused metric.Int64Counter
	missed  metric.Int64Counter
}

func newObserver(tracers trace.TracerProvider, meters metric.MeterProvider) (*observer, error) {
	if tracers == nil {
		tracers = tracenoop.NewTracerProvider()
	}
	if meters == nil {
		meters = metricnoop.NewMeterProvider()
	}
	o := &observer{tracer: tracers.Tracer(scope)}
	meter := meters.Meter(scope)
	for _, c := range []struct {
		counter    *metric.Int64Counter
		name, what string
	}{
		{&o.events, metricEvents, "Events that were stored."},
		{&o.refused, metricRefused, "Events that were refused or could not be stored."},
		{&o.missed, metricUndeliverable, "Stored events that could not be handed to their subscribers."},
	} {
		var err error
		if *c.counter, err = meter.Int64Counter(c.name, metric.WithUnit("{event}"), metric.WithDescription(c.what)); err != nil {
			return nil, fmt.Errorf("make %s: %w", c.name, err)
		}
	}
	return o, nil
}

// start begins the span of an event. Its parent is the span in ctx; the trace
// that the event was given by its sender is the parent if there is none, and
// linked if it is another.
func (o *observer) start(ctx context.Context, e fanfare.Event, given string) (context.Context, trace.Span) {
	opts := []trace.SpanStartOption{trace.WithAttributes(
		attribute.String("event.type", e.Type.String()),
		attribute.String("event.service", e.Service),
		attribute.Int("event.priority", e.Priority),
	)}
	parent, sender := trace.SpanContextFromContext(ctx), spanContext(given)
	switch {
	case !sender.IsValid():
	case !parent.IsValid():
		ctx = trace.ContextWithRemoteSpanContext(ctx, sender)
	case parent.SpanID() != sender.SpanID():
		opts = append(opts, trace.WithLinks(trace.Link{SpanContext: sender}))
	}
	return o.tracer.Start(ctx, spanProcess, opts...) //nolint:spancheck // Emit ends it
}

// startBatch begins the span of a batch. The traces that its events were given
// by their senders are linked.
func (o *observer) startBatch(ctx context.Context, events []fanfare.Event) (context.Context, trace.Span) {
	var links []trace.Link
	linked := map[trace.TraceID]bool{}
	for _, e := range events {
		sender := spanContext(e.TraceParent)
		if sender.IsValid() && !linked[sender.TraceID()] {
			linked[sender.TraceID()] = true
			links = append(links, trace.Link{SpanContext: sender})
		}
	}
	return o.tracer.Start(ctx, spanBatch, trace.WithLinks(links...), //nolint:spancheck // EmitAll ends it
		trace.WithAttributes(attribute.Int("event.count", len(events))))
}

// fail counts events as refused and marks their span. Both get the error's
// code alone: its sentence may quote what the sender wrote, and a type or
// service that was refused could be anything.
func (o *observer) fail(ctx context.Context, span trace.Span, events int, err error) {
	code := string(fanfare.CodeOf(err))
	o.refused.Add(ctx, int64(events), metric.WithAttributes(attribute.String("code", code)))
	span.SetStatus(codes.Error, code)
}

// stored counts the event once, and not again when it was stored before.
func (o *observer) stored(ctx context.Context, e fanfare.Event, receipts []fanfare.Receipt) {
	for _, receipt := range receipts {
		if !receipt.Duplicate {
			o.events.Add(ctx, 1, labels(e))
			return
		}
	}
}

func (o *observer) undeliverable(ctx context.Context, e fanfare.Event) {
	o.missed.Add(ctx, 1, labels(e))
}

func labels(e fanfare.Event) metric.MeasurementOption {
	return metric.WithAttributes(
		attribute.String("event_type", e.Type.String()),
		attribute.String("service_name", e.Service),
		attribute.Int("priority", e.Priority),
	)
}
