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

	"github.com/fanfare-hub/fanfare"
	"github.com/fanfare-hub/fanfare/internal/pipeline"
)

func progress(id string, percentage int) fanfare.Event {
	return fanfare.Event{ID: id, Type: fanfare.ProcessingProgress, Payload: document(fanfare.StatusProcessing, percentage)}
}

func completed(id string) fanfare.Event {
	return fanfare.Event{ID: id, Type: fanfare.ProcessingCompleted, Payload: document(fanfare.StatusCompleted, 100)}
}

// ids are those that the log was given, in its order.
func (r *record) ids() []string {
	var ids []string
	for _, e := range r.events {
		ids = append(ids, e.ID)
	}
	return ids
}

func TestEmitAllStoresInOrderAndNamesTheFirstCopies(t *testing.T) {
	t.Parallel()
	log := &record{}
	receipts, err := newProcessor(t, pipeline.Options{Log: log}).EmitAll(t.Context(),
		[]fanfare.Event{progress("a", 40), completed("b"), progress("c", 40)})
	if err != nil {
		t.Fatal(err)
	}
	if want := []string{"a", "b", fanfare.DeriveID("b", "service:hub"), "c"}; !reflect.DeepEqual(log.ids(), want) {
		t.Errorf("stored are %v, want %v", log.ids(), want)
	}
	own := fanfare.DocumentTopic(documentID)
	want := []fanfare.Receipt{
		{ID: "a", Topic: own, Seq: 1, Durability: "disk"},
		{ID: "b", Topic: own, Seq: 2, Durability: "disk"},
		{ID: "c", Topic: own, Seq: 4, Durability: "disk"},
	}
	if !reflect.DeepEqual(receipts, want) {
		t.Errorf("receipts are\n%+v, want\n%+v", receipts, want)
	}
	if e := log.events[0]; e.Service != "hub" || e.Priority != 6 || e.Time.IsZero() {
		t.Errorf("%+v is not filled in", e)
	}
}

func TestEmitAllOfNothing(t *testing.T) {
	t.Parallel()
	receipts, err := newProcessor(t, pipeline.Options{Log: &record{fail: errors.New("asked")}}).EmitAll(t.Context(), nil)
	if err != nil || len(receipts) != 0 {
		t.Errorf("got %v, %v", receipts, err)
	}
}

func TestEmitAllRefusesTheWholeBatch(t *testing.T) {
	t.Parallel()
	large := document(fanfare.StatusProcessing, 1)
	large.Message = strings.Repeat("m", fanfare.MaxEventBytes)
	elsewhere := progress("x", 1)
	elsewhere.Subject = fanfare.ServiceTopic("hub")
	for name, test := range map[string]struct {
		bad  fanfare.Event
		want fanfare.Code
	}{
		"values":    {progress("x", 101), fanfare.CodeInvalidArgument},
		"subject":   {elsewhere, fanfare.CodeInvalidTopic},
		"size":      {fanfare.Event{ID: "x", Type: fanfare.ProcessingProgress, Payload: large}, fanfare.CodeTooLarge},
		"no topics": {fanfare.Event{ID: "x", Type: fanfare.ProcessingProgress, Payload: fanfare.DocumentPayload{Status: fanfare.StatusProcessing}}, fanfare.CodeInvalidArgument},
	} {
		log := &record{}
		_, err := newProcessor(t, pipeline.Options{Log: log}).EmitAll(t.Context(), []fanfare.Event{progress("a", 1), completed("b"), test.bad, progress("c", 1)})
		e, ok := errors.AsType[*fanfare.BatchError](err)
		if fanfare.CodeOf(err) != test.want || !ok || e.Index != 2 || len(log.events) != 0 {
			t.Errorf("%s: %v with %d stored, want %s of event 2 and none", name, err, len(log.events), test.want)
		}
	}
}

func TestEmitAllSaysWhyTheLogFailed(t *testing.T) {
	t.Parallel()
	boom := errors.New("boom")
	for name, test := range map[string]struct {
		fail error
		want fanfare.Code
		says string
	}{
		"without a code": {boom, fanfare.CodeUnavailable, "same batch again"},
		"unavailable":    {fanfare.Errorf(fanfare.CodeUnavailable, "away: %w", boom), fanfare.CodeUnavailable, "same batch again"},
		"another code":   {fanfare.Errorf(fanfare.CodeInvalidTopic, "no topic"), fanfare.CodeInvalidTopic, "no topic"},
	} {
		_, err := newProcessor(t, pipeline.Options{Log: &record{fail: test.fail}}).EmitAll(t.Context(), []fanfare.Event{completed("a")})
		e, ok := errors.AsType[*fanfare.Error](err)
		if !ok || e.Code != test.want || !strings.Contains(e.Message, test.says) || strings.Contains(e.Message, "boom") {
			t.Errorf("%s: %v, want %s with %q", name, err, test.want, test.says)
		}
	}
}

// hangingUp is a log whose caller goes while it stores.
type hangingUp struct {
	record

	hangUp context.CancelFunc
}

func (h *hangingUp) AppendAll(ctx context.Context, entries []fanfare.Entry) ([]fanfare.Receipt, error) {
	h.hangUp()
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	return h.record.AppendAll(ctx, entries)
}

func TestEmitAllStoresTheRestThoughTheCallerHangsUp(t *testing.T) {
	t.Parallel()
	ctx, hangUp := context.WithCancel(t.Context())
	log := &hangingUp{hangUp: hangUp}
	p := newProcessor(t, pipeline.Options{Log: log})
	if _, err := p.EmitAll(ctx, []fanfare.Event{progress("a", 1), completed("b")}); err != nil || len(log.events) != 3 {
		t.Errorf("stored are %v, %v", log.ids(), err)
	}
	if _, err := p.EmitAll(ctx, []fanfare.Event{progress("c", 1)}); fanfare.CodeOf(err) != fanfare.CodeUnavailable || len(log.events) != 3 {
		t.Errorf("who has gone before stores %v, %v", log.ids(), err)
	}
}

func TestBatchesAreCounted(t *testing.T) {
	t.Parallel()
	reader := metric.NewManualReader()
	recorder, provider := tracing()
	log := &record{}
	p := newProcessor(t, pipeline.Options{Log: log, MeterProvider: metric.NewMeterProvider(metric.WithReader(reader)), TracerProvider: provider})
	traced := progress("t", 1)
	traced.TraceParent = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
	for _, events := range [][]fanfare.Event{{progress("a", 1), completed("b")}, {traced, traced, progress("c", 101)}} {
		p.EmitAll(t.Context(), events)
	}
	log.duplicates = true
	p.EmitAll(t.Context(), []fanfare.Event{progress("a", 1)})
	for name, want := range map[string]map[attribute.Distinct]int64{
		"aspire.realtime.events.total":   {labels("ProcessingProgress", "hub", 6): 1, labels("ProcessingCompleted", "hub", 5): 1},
		"aspire.realtime.events.refused": {of(attribute.String("code", "invalid_argument")): 3},
	} {
		if got := counts(t, reader, name); !reflect.DeepEqual(got, want) {
			t.Errorf("%s is %v, want %v", name, got, want)
		}
	}
	good, bad := recorder.Ended()[0], recorder.Ended()[1]
	if good.Name() != "AspireRealtime.ProcessBatch" || good.Status().Code != codes.Unset || bad.Status().Description != "invalid_argument" {
		t.Errorf("the spans are %s %v and %v", good.Name(), good.Status(), bad.Status())
	}
	if len(good.Links()) != 0 || len(bad.Links()) != 1 {
		t.Errorf("the spans have %d and %d links", len(good.Links()), len(bad.Links()))
	}
}
