package signalr_test

import (
	"context"
	"errors"
	"iter"
	"net/http"
	"strings"
	"testing"

	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"
	api "go.opentelemetry.io/otel/trace"

	"github.com/fanfare-hub/fanfare/signalr"
)

// traced is a hub whose spans are kept, behind an HTTP server that traces too.
func traced(t *testing.T) (*bundle, *tracetest.InMemoryExporter) {
	t.Helper()
	spans := tracetest.NewInMemoryExporter()
	provider := trace.NewTracerProvider(trace.WithSyncer(spans))
	b := setup(t, options{
		server: &signalr.ServerOptions{Tracer: provider},
		hub:    &signalr.HubOptions{Name: "chat"},
		prepare: func(h *signalr.Hub) {
			h.Handle("Inner", func(ctx context.Context) string { return api.SpanContextFromContext(ctx).TraceID().String() })
			h.Handle("Fails", func() error { return errors.New("secret text") })
			h.Handle("Stream", func() iter.Seq2[int, error] {
				return func(yield func(int, error) bool) { yield(0, signalr.HubError("secret text")) }
			})
		},
	})
	plain := b.http.Config.Handler
	b.http.Config.Handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		ctx, span := provider.Tracer("http").Start(r.Context(), "request")
		defer span.End()
		plain.ServeHTTP(w, r.WithContext(ctx))
	})
	return b, spans
}

// OBS-05: a span of each call and event, whose parent is the client's and which
// is linked to the request; of a failure only the kind is told.
func TestTracing(t *testing.T) {
	t.Parallel()
	b, spans := traced(t)
	c := b.connect(t)
	const parent = "0af7651916cd43dd8448eb211c80319c"
	c.send(`{"type":1,"invocationId":"1","target":"inner","arguments":[],"headers":{"traceparent":"00-` + parent + `-b7ad6b7169203331-01"}}`)
	c.want(`{"type":3,"invocationId":"1","result":"` + parent + `"}`)
	c.send(`{"type":1,"invocationId":"2","target":"Fails","arguments":[]}`)
	c.want(`{"type":3,"invocationId":"2","error":"An unexpected error occurred invoking 'Fails' on the server."}`)
	c.send(`{"type":4,"invocationId":"3","target":"Stream","arguments":[]}`)
	c.want(`{"type":3,"invocationId":"3","error":"An error occurred on the server while streaming results. HubException: secret text"}`)
	c.send(`{"type":1,"invocationId":"4","target":"Nothing of the kind","arguments":[]}`)
	c.want(`{"type":3,"invocationId":"4","error":"Failed to invoke 'Nothing of the kind' due to an error on the server. HubException: Method does not exist."}`)
	c.send(`{"type":7}`)
	c.want(`{"type":7}`)
	c.wantClosed()
	b.waitOpen(t, 0)
	got := map[string]tracetest.SpanStub{}
	for _, span := range spans.GetSpans() {
		if span.InstrumentationScope.Name == "Microsoft.AspNetCore.SignalR.Server" {
			got[span.Name] = span
		}
	}
	for name, want := range map[string]struct {
		kind   api.SpanKind
		failed string
	}{
		"chat/OnConnected": {api.SpanKindInternal, ""}, "chat/OnDisconnected": {api.SpanKindInternal, ""},
		"chat/Inner": {api.SpanKindServer, ""}, "chat/Fails": {api.SpanKindServer, "errorString"},
		"chat/Stream": {api.SpanKindServer, "HubException"},
	} {
		span, found := got[name]
		if !found || span.SpanKind != want.kind || len(span.Links) != 1 || !span.Links[0].SpanContext.IsValid() {
			t.Errorf("%s: %+v", name, span)
		}
		attributes := map[string]string{}
		for _, a := range span.Attributes {
			attributes[string(a.Key)] = a.Value.AsString()
		}
		if attributes["rpc.system"] != "signalr" || attributes["rpc.service"] != "chat" || attributes["rpc.method"] != strings.TrimPrefix(name, "chat/") {
			t.Errorf("%s: %v", name, attributes)
		}
		if attributes["error.type"] != want.failed || (span.Status.Code == codes.Error) != (want.failed != "") || span.Status.Description != "" {
			t.Errorf("%s: %v %+v", name, attributes, span.Status)
		}
	}
	if len(got) != 5 {
		t.Errorf("%d spans: %v", len(got), got)
	}
	if inner := got["chat/Inner"]; inner.Parent.SpanID().String() != "b7ad6b7169203331" || !inner.Parent.IsRemote() {
		t.Errorf("parent %+v", inner.Parent)
	}
}
