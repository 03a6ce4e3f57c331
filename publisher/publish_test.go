package publisher_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"

	"go.opentelemetry.io/otel/trace"

	"github.com/fanfare-hub/fanfare"
	"github.com/fanfare-hub/fanfare/publisher"
	"github.com/fanfare-hub/fanfare/publisher/publishertest"
)

// TestPublishCompletes: what an event lacks is filled in, what it has is kept.
func TestPublishCompletes(t *testing.T) {
	t.Parallel()
	hub := &publishertest.Hub{}
	p := newPublisher(t, atBase(hub))
	receipt, err := p.Publish(t.Context(), progress(40))
	if err != nil {
		t.Fatal(err)
	}
	other := progress(41)
	other.ID, other.Service = "mine", "somebody-else"
	if _, err := p.Publish(t.Context(), other); err != nil {
		t.Fatal(err)
	}
	events := hub.Events()
	if len(events) != 2 {
		t.Fatalf("the hub has %+v", events)
	}
	first, second := events[0], events[1]
	if first.ID == "" || first.Time.IsZero() || first.Service != "ocr" || first.ServiceVersion != "1.2" || first.TraceParent != "" {
		t.Errorf("stored %+v", first)
	}
	if want := fanfare.DocumentTopic(guid); receipt.ID != first.ID || receipt.Topic != want || receipt.Seq != 1 || receipt.Cursor == "" {
		t.Errorf("receipt %+v", receipt)
	}
	if second.ID != "mine" || second.Service != "somebody-else" || second.ServiceVersion != "" {
		t.Errorf("stored %+v", second)
	}
}

// TestRequest: the path below the hub's own, the form, token and trace.
func TestRequest(t *testing.T) {
	t.Parallel()
	var got *http.Request
	hub := &publishertest.Hub{Before: func(_ http.ResponseWriter, r *http.Request) bool { got = r; return true }}
	span := trace.NewSpanContext(trace.SpanContextConfig{TraceID: trace.TraceID{1}, SpanID: trace.SpanID{2}, TraceFlags: trace.FlagsSampled})
	ctx := trace.ContextWithSpanContext(t.Context(), span)
	if _, err := newPublisher(t, atBase(hub)).Publish(ctx, progress(40)); err != nil {
		t.Fatal(err)
	}
	const parent = "00-01000000000000000000000000000000-0200000000000000-01"
	for name, want := range map[string]string{
		"Authorization": "Bearer secret",
		"Content-Type":  "application/cloudevents+json",
		"Traceparent":   parent,
	} {
		if got.Header.Get(name) != want {
			t.Errorf("%s is %q, want %q", name, got.Header.Get(name), want)
		}
	}
	if e := hub.Events()[0]; e.TraceParent != parent {
		t.Errorf("stored with traceparent %q, want %q", e.TraceParent, parent)
	}
}

// TestBatches: events go in order, in as few batches as the limits allow.
func TestBatches(t *testing.T) {
	t.Parallel()
	large := strings.Repeat("x", 190<<10)
	for name, test := range map[string]struct {
		events, requests int
		message          string
	}{
		"none":               {0, 0, ""},
		"one":                {1, 1, ""},
		"as many as go":      {500, 1, ""},
		"one more":           {501, 2, ""},
		"many":               {1700, 4, ""},
		"large ones, by MiB": {50, 3, large}, // 21 of them are 4 MiB
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			requests := 0
			hub := &publishertest.Hub{Before: func(http.ResponseWriter, *http.Request) bool { requests++; return true }}
			var events []fanfare.Event
			for i := range test.events {
				e := progress(i % 100)
				payload := e.Payload.(fanfare.DocumentPayload)
				payload.Message, payload.Attempt = test.message, i+1
				e.Payload = payload
				events = append(events, e)
			}
			receipts, err := newPublisher(t, atBase(hub)).PublishAll(t.Context(), events)
			if err != nil {
				t.Fatal(err)
			}
			stored := hub.Events()
			if requests != test.requests || len(receipts) != len(events) || len(stored) != len(events) {
				t.Fatalf("%d requests, %d receipts, %d stored, want %d, %d, %[5]d", requests, len(receipts), len(stored), test.requests, len(events))
			}
			for i, e := range stored {
				if e.Payload.(fanfare.DocumentPayload).Attempt != i+1 || receipts[i].ID != e.ID {
					t.Fatalf("event %d is %+v with receipt %+v", i, e, receipts[i])
				}
			}
		})
	}
}

// TestInvalidIsNotSent: it is refused here, with the index of the event.
func TestInvalidIsNotSent(t *testing.T) {
	t.Parallel()
	asked := false
	hub := &publishertest.Hub{Before: func(http.ResponseWriter, *http.Request) bool { asked = true; return true }}
	p := newPublisher(t, atBase(hub))
	large := progress(1)
	large.Payload = fanfare.DocumentPayload{DocumentID: guid, Status: fanfare.StatusProcessing, Message: strings.Repeat("x", fanfare.MaxEventBytes)}
	for name, test := range map[string]struct {
		bad  fanfare.Event
		code fanfare.Code
	}{
		"out of range":  {progress(101), fanfare.CodeInvalidArgument},
		"too large":     {large, fanfare.CodeTooLarge},
		"no payload":    {fanfare.Event{Type: fanfare.ComplianceAlert}, fanfare.CodeInvalidArgument},
		"wrong subject": {fanfare.Event{Type: fanfare.ServiceScaled, Payload: fanfare.ScaledPayload{}, Subject: fanfare.UserTopic("u")}, fanfare.CodeInvalidTopic},
	} {
		if _, err := p.Publish(t.Context(), test.bad); fanfare.CodeOf(err) != test.code {
			t.Errorf("%s: %v, want %s", name, err, test.code)
		}
		receipts, err := p.PublishAll(t.Context(), []fanfare.Event{progress(1), progress(2), test.bad, progress(3)})
		var batch *fanfare.BatchError
		if !errors.As(err, &batch) || batch.Index != 2 || fanfare.CodeOf(err) != test.code || len(receipts) != 0 {
			t.Errorf("%s in a batch: %v, %v, want index 2 and %s", name, receipts, err, test.code)
		}
	}
	if asked {
		t.Error("the hub was asked")
	}
}

// TestIndexOfALaterBatch: an index that the hub names counts within the call,
// and the receipts are those of the batches before.
func TestIndexOfALaterBatch(t *testing.T) {
	t.Parallel()
	requests := 0
	hub := &publishertest.Hub{Before: func(_ http.ResponseWriter, r *http.Request) bool {
		if requests++; requests == 2 {
			// The hub gets another event than was sent: it may know rules that the client does not.
			body, _ := io.ReadAll(r.Body)
			at := bytes.LastIndex(body, []byte(`"percentage":7`))
			body = append(body[:at], append([]byte(`"percentage":777`), body[at+len(`"percentage":7`):]...)...)
			r.Body = io.NopCloser(bytes.NewReader(body))
		}
		return true
	}}
	events := make([]fanfare.Event, 700)
	for i := range events {
		events[i] = progress(1)
	}
	events[642] = progress(7)
	receipts, err := newPublisher(t, atBase(hub)).PublishAll(t.Context(), events)
	var batch *fanfare.BatchError
	if !errors.As(err, &batch) || batch.Index != 642 || len(receipts) != 500 || len(hub.Events()) != 500 {
		t.Errorf("%d receipts, %d stored, %v; want 500, 500, event 642", len(receipts), len(hub.Events()), err)
	}
}

// TestOptionsRefused names what is wrong.
func TestOptionsRefused(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		options publisher.Options
		want    string
	}{
		"nothing":      {publisher.Options{}, "URL"},
		"no scheme":    {publisher.Options{URL: "127.0.0.1:8080", Service: "ocr"}, "URL"},
		"other scheme": {publisher.Options{URL: "ws://127.0.0.1:8080", Service: "ocr"}, "URL"},
		"a query":      {publisher.Options{URL: "http://127.0.0.1/?a=b", Service: "ocr"}, "URL"},
		"no service":   {publisher.Options{URL: "http://127.0.0.1:8080"}, "Service"},
		"bad service":  {publisher.Options{URL: "http://127.0.0.1:8080", Service: "o c r"}, "Service"},
	} {
		_, err := publisher.New(test.options)
		if fanfare.CodeOf(err) != fanfare.CodeInvalidArgument || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: %v, want %q in it", name, err, test.want)
		}
	}
}

// TestAnswerIsNoReceipt: what says that all is well and is no hub, such as a
// login page.
func TestAnswerIsNoReceipt(t *testing.T) {
	t.Parallel()
	for _, answer := range []string{"<html>", `{}`, `[]`, `{"topic":"service:ocr","seq":"x"}`} {
		p := newPublisher(t, direct{http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, answer) })})
		if _, err := p.Publish(t.Context(), progress(1)); fanfare.CodeOf(err) != fanfare.CodeInternal {
			t.Errorf("%s: %v", answer, err)
		}
		if receipts, err := p.PublishAll(t.Context(), []fanfare.Event{progress(1)}); fanfare.CodeOf(err) != fanfare.CodeInternal {
			t.Errorf("%s to a batch: %v, %v", answer, receipts, err)
		}
	}
}

// TestBroadcasts: named and told as the .NET services do.
func TestBroadcasts(t *testing.T) {
	t.Parallel()
	hub := &publishertest.Hub{}
	p := newPublisher(t, atBase(hub))
	ctx := t.Context()
	err := errors.Join(
		p.BroadcastProcessingUpdate(ctx, strings.ToUpper(guid), fanfare.StatusProcessing, 40),
		p.BroadcastComplianceAlert(ctx, "GDPR", "1 match of email", 3, "ann"),
		p.BroadcastComplianceAlert(ctx, "GDPR", "1 match of email", 3, ""),
	)
	if err != nil {
		t.Fatal(err)
	}
	events := hub.Events()
	want := fanfare.DocumentPayload{DocumentID: guid, Status: fanfare.StatusProcessing, Percentage: 40, ServiceInstance: "ocr-1"}
	if got := events[0].Payload.(fanfare.DocumentPayload); got.DocumentID != want.DocumentID || got.Percentage != 40 || got.ServiceInstance != want.ServiceInstance {
		t.Errorf("got %+v, want %+v", got, want)
	}
	if a := events[1].Payload.(fanfare.AlertPayload); events[1].TargetUser != "ann" || a.Framework != "GDPR" || a.Severity != 3 {
		t.Errorf("got %+v", events[1])
	}
	if topics, _ := events[2].Topics(); topics[0] != fanfare.ServiceTopic("ocr") {
		t.Errorf("an alert for nobody goes to %v", topics)
	}
	for name, err := range map[string]error{
		"no GUID":   p.BroadcastProcessingUpdate(ctx, "report.pdf", fanfare.StatusProcessing, 40),
		"no status": p.BroadcastProcessingUpdate(ctx, guid, "done", 40),
		"severity":  p.BroadcastComplianceAlert(ctx, "GDPR", "message", 11, ""),
	} {
		if fanfare.CodeOf(err) != fanfare.CodeInvalidArgument {
			t.Errorf("%s: %v", name, err)
		}
	}
	if got := len(hub.Events()); got != 3 {
		t.Errorf("the hub has %d events, want 3", got)
	}
}

// TestDocument: the percentage never falls, and a failure keeps it.
func TestDocument(t *testing.T) {
	t.Parallel()
	hub := &publishertest.Hub{}
	p := newPublisher(t, atBase(hub))
	report := func(tell func(context.Context, *publisher.Document) error) {
		d, err := p.Document(guid)
		if err != nil {
			t.Fatal(err)
		}
		if err := tell(t.Context(), d); err != nil {
			t.Fatal(err)
		}
	}
	report(func(ctx context.Context, d *publisher.Document) error {
		return errors.Join(d.Started(ctx), d.Processing(ctx, 40, "page 4"), d.Processing(ctx, 20, ""), d.Processing(ctx, 140, ""), d.Completed(ctx))
	})
	report(func(ctx context.Context, d *publisher.Document) error {
		return errors.Join(d.Started(ctx), d.Processing(ctx, 60, ""), d.Failed(ctx, "damaged", "page 5 cannot be read"))
	})
	type step struct {
		kind       fanfare.Type
		status     fanfare.Status
		percentage int
	}
	want := []step{
		{fanfare.ProcessingStarted, "started", 0},
		{fanfare.ProcessingProgress, "processing", 40},
		{fanfare.ProcessingProgress, "processing", 40},
		{fanfare.ProcessingProgress, "processing", 100},
		{fanfare.ProcessingCompleted, "completed", 100},
		{fanfare.ProcessingStarted, "started", 0},
		{fanfare.ProcessingProgress, "processing", 60},
		{fanfare.ProcessingFailed, "failed", 60},
	}
	events := hub.Events()
	if len(events) != len(want) {
		t.Fatalf("%d events, want %d", len(events), len(want))
	}
	for i, e := range events {
		payload := e.Payload.(fanfare.DocumentPayload)
		if got := (step{e.Type, payload.Status, payload.Percentage}); got != want[i] || payload.ServiceInstance != "ocr-1" {
			t.Errorf("step %d is %+v, want %+v", i, got, want[i])
		}
	}
	if failed := events[7].Payload.(fanfare.DocumentPayload).Error; failed == nil || failed.Code != "damaged" {
		t.Errorf("failed with %+v", failed)
	}
	if _, err := p.Document("report.pdf"); fanfare.CodeOf(err) != fanfare.CodeInvalidArgument {
		t.Errorf("a document without a GUID: %v", err)
	}
}
