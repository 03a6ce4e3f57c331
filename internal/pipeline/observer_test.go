package pipeline_test

import (
	"context"
	"errors"
	"reflect"
	"strings"
	"testing"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/sdk/metric"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"

	"github.com/fanfare-hub/fanfare"
	"github.com/fanfare-hub/fanfare/internal/pipeline"
)

// counts reads the points of a counter, by their attributes.
func counts(t *testing.T, reader metric.Reader, name string) map[attribute.Distinct]int64 {
	t.Helper()
	var collected metricdata.ResourceMetrics
	if err := reader.Collect(t.Context(), &collected); err != nil {
		t.Fatal(err)
	}
	points := map[attribute.Distinct]int64{}
	for _, scope := range collected.ScopeMetrics {
		for _, m := range scope.Metrics {
			if sum, ok := m.Data.(metricdata.Sum[int64]); ok && m.Name == name {
				for _, point := range sum.DataPoints {
					points[point.Attributes.Equivalent()] = point.Value
				}
			}
		}
	}
	return points
}

func of(attributes ...attribute.KeyValue) attribute.Distinct {
	set := attribute.NewSet(attributes...)
	return set.Equivalent()
}

func labels(kind, service string, priority int) attribute.Distinct {
	return of(attribute.String("event_type", kind), attribute.String("service_name", service), attribute.Int("priority", priority))
}

func TestEventsAreCounted(t *testing.T) {
	t.Parallel()
	reader := metric.NewManualReader()
	duplicate, fail := false, error(nil)
	p := newProcessor(t, pipeline.Options{
		MeterProvider: metric.NewMeterProvider(metric.WithReader(reader)),
		Log: logFunc(func(context.Context, fanfare.Event, fanfare.Topic) (fanfare.Receipt, error) {
			return fanfare.Receipt{Duplicate: duplicate}, fail
		}),
		Sink: sinkFunc(func(context.Context, fanfare.Callback, fanfare.Envelope) error { return errors.New("gone") }),
	})
	completed := fanfare.Event{Type: fanfare.ProcessingCompleted, Payload: document(fanfare.StatusCompleted, 100)}
	progress := fanfare.Event{Type: fanfare.ProcessingProgress, Service: "ocr", Payload: document(fanfare.StatusProcessing, 40)}
	emit := func(e fanfare.Event) {
		if _, err := p.Emit(t.Context(), e); (err == nil) != (fail == nil) {
			t.Errorf("emit %s: %v", e.Type, err)
		}
	}
	emit(completed) // two copies, one event
	emit(progress)
	emit(progress)
	duplicate = true
	emit(progress)
	fail = errors.New("boom")
	emit(progress)
	p.Deliver(t.Context(), envelope(progress, fanfare.DocumentTopic(documentID)))

	for name, want := range map[string]map[attribute.Distinct]int64{
		"aspire.realtime.events.total":         {labels("ProcessingCompleted", "hub", 5): 1, labels("ProcessingProgress", "ocr", 6): 2},
		"aspire.realtime.events.refused":       {of(attribute.String("code", "unavailable")): 1},
		"aspire.realtime.events.undeliverable": {labels("ProcessingProgress", "ocr", 0): 1},
	} {
		if got := counts(t, reader, name); !reflect.DeepEqual(got, want) {
			t.Errorf("%s is %v, want %v", name, got, want)
		}
	}
}

func tracing() (*tracetest.SpanRecorder, *sdktrace.TracerProvider) {
	recorder := tracetest.NewSpanRecorder()
	return recorder, sdktrace.NewTracerProvider(sdktrace.WithSpanProcessor(recorder))
}

func TestEachEventHasASpan(t *testing.T) {
	t.Parallel()
	recorder, provider := tracing()
	log := &record{}
	p := newProcessor(t, pipeline.Options{Log: log, TracerProvider: provider})
	ctx, caller := provider.Tracer("test").Start(t.Context(), "caller")
	defer caller.End()
	if _, err := p.Emit(ctx, fanfare.Event{Type: fanfare.ProcessingProgress, Payload: document(fanfare.StatusProcessing, 40)}); err != nil {
		t.Fatal(err)
	}
	span := recorder.Ended()[0]
	want := []attribute.KeyValue{
		attribute.String("event.type", "ProcessingProgress"), attribute.String("event.service", "hub"), attribute.Int("event.priority", 6),
	}
	if span.Name() != "AspireRealtime.ProcessEvent" || !reflect.DeepEqual(span.Attributes(), want) || span.Status().Code != codes.Unset {
		t.Errorf("the span is %s %v %v", span.Name(), span.Attributes(), span.Status())
	}
	if span.Parent().SpanID() != caller.SpanContext().SpanID() {
		t.Error("the caller's span is not its parent")
	}
	parent := "00-" + caller.SpanContext().TraceID().String() + "-" + caller.SpanContext().SpanID().String() + "-01"
	if got := log.events[0].TraceParent; got != parent {
		t.Errorf("the event has the traceparent %q, want the caller's %q", got, parent)
	}
}

func TestASpanFailsWithTheCodeAlone(t *testing.T) {
	t.Parallel()
	recorder, provider := tracing()
	p := newProcessor(t, pipeline.Options{Log: &record{}, TracerProvider: provider})
	_, err := p.Emit(t.Context(), fanfare.Event{Type: fanfare.ProcessingProgress, Payload: document("4111111111111111", 40)})
	if err == nil {
		t.Fatal("a bad status is stored")
	}
	span := recorder.Ended()[0]
	if span.Status() != (sdktrace.Status{Code: codes.Error, Description: "invalid_argument"}) {
		t.Errorf("the span's status is %+v", span.Status())
	}
	if len(span.Events()) != 0 || strings.Contains(span.Status().Description, "4111") {
		t.Errorf("the span tells a value: %+v", span.Events())
	}
}

func TestTheSendersTraceGoesOn(t *testing.T) {
	t.Parallel()
	const trace, parent = "4bf92f3577b34da6a3ce929d0e0e4736", "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
	recorder, provider := tracing()
	log := &record{}
	p := newProcessor(t, pipeline.Options{Log: log, TracerProvider: provider})
	e := fanfare.Event{Type: fanfare.ProcessingProgress, TraceParent: parent, Payload: document(fanfare.StatusProcessing, 40)}
	ctx, caller := provider.Tracer("test").Start(t.Context(), "caller")
	defer caller.End()
	for _, ctx := range []context.Context{t.Context(), ctx} {
		if _, err := p.Emit(ctx, e); err != nil {
			t.Fatal(err)
		}
	}
	alone, linked := recorder.Ended()[0], recorder.Ended()[1]
	if alone.SpanContext().TraceID().String() != trace || len(alone.Links()) != 0 {
		t.Errorf("without a caller's span it is in the trace %s", alone.SpanContext().TraceID())
	}
	if len(linked.Links()) != 1 || linked.Links()[0].SpanContext.TraceID().String() != trace {
		t.Errorf("beside a caller's span the sender's is linked as %v", linked.Links())
	}
	for _, stored := range log.events {
		if stored.TraceParent != parent {
			t.Errorf("the event has the traceparent %q", stored.TraceParent)
		}
	}
}
