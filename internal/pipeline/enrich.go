package pipeline

import (
	"context"
	"time"

	"go.opentelemetry.io/otel/trace"

	"github.com/fanfare-hub/fanfare"
)

// enrich fills in what the event lacks.
func (p *Processor) enrich(ctx context.Context, e fanfare.Event) fanfare.Event {
	if e.ID == "" {
		e.ID = fanfare.NewID()
	}
	if e.Time.IsZero() {
		e.Time = time.Now()
	}
	e.Time = e.Time.UTC()
	e.Service = orElse(e.Service, p.service)
	if e.Service == p.service {
		e.ServiceVersion = orElse(e.ServiceVersion, p.version)
	}
	if e.Priority == 0 && !e.Lowest {
		e.Priority = e.Type.DefaultPriority(e.Payload)
	}
	e.Payload = withTime(e.Payload, e.Time)
	return withTrace(ctx, e)
}

func orElse(s, fallback string) string {
	if s == "" {
		return fallback
	}
	return s
}

// withTime gives an alert and figures without a time of their own the event's.
func withTime(payload fanfare.Payload, at time.Time) fanfare.Payload {
	switch p := payload.(type) {
	case fanfare.AlertPayload:
		if p.Time.IsZero() {
			p.Time = at
		}
		return p
	case fanfare.HealthPayload:
		if p.Metrics.Timestamp.IsZero() {
			p.Metrics.Timestamp = at
		}
		return p
	}
	return payload
}

// withTrace takes the trace of the span in ctx, unless the event brings its own.
func withTrace(ctx context.Context, e fanfare.Event) fanfare.Event {
	span := trace.SpanContextFromContext(ctx)
	if e.TraceParent != "" || !span.IsValid() {
		return e
	}
	flags := span.TraceFlags() & trace.FlagsSampled
	e.TraceParent = "00-" + span.TraceID().String() + "-" + span.SpanID().String() + "-" + flags.String()
	e.TraceState = span.TraceState().String()
	return e
}

// spanContext reads a traceparent; what is none gives a context that is not
// valid.
func spanContext(traceParent string) trace.SpanContext {
	const length = len("00-0123456789abcdef0123456789abcdef-0123456789abcdef-00")
	if len(traceParent) < length {
		return trace.SpanContext{}
	}
	traceID, err := trace.TraceIDFromHex(traceParent[3:35])
	if err != nil {
		return trace.SpanContext{}
	}
	spanID, err := trace.SpanIDFromHex(traceParent[36:52])
	if err != nil {
		return trace.SpanContext{}
	}
	var flags trace.TraceFlags
	return trace.NewSpanContext(trace.SpanContextConfig{
		TraceID: traceID, SpanID: spanID, TraceFlags: flags.WithSampled(traceParent[54]&1 == 1), Remote: true,
	})
}
