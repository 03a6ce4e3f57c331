package signalr

import (
	"context"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/propagation"
	"go.opentelemetry.io/otel/trace"

	"github.com/fanfare-hub/fanfare/signalr/hubproto"
)

// tracerName is ASP.NET Core's (OBS-05).
const tracerName = "Microsoft.AspNetCore.SignalR.Server"

// tracing makes the spans of a server (OBS-05); nil without a provider, and
// then nothing of it costs anything.
type tracing struct{ tracer trace.Tracer }

func newTracing(provider trace.TracerProvider) *tracing {
	if provider == nil {
		return nil
	}
	return &tracing{provider.Tracer(tracerName)}
}

// adopt takes the parent of a call's span from the headers of its message.
func (t *tracing) adopt(v *invocation, m *hubproto.Invocation) {
	if t != nil && len(m.Headers) > 0 {
		v.ctx = propagation.TraceContext{}.Extract(v.ctx, propagation.MapCarrier(m.Headers))
	}
}

// begin starts the span of a call, whose context carries it from now on. There
// is none for a method that does not exist: the name is the client's.
func (t *tracing) begin(v *invocation) trace.Span {
	if t == nil || v.method == nil {
		return nil
	}
	var span trace.Span
	v.ctx, span = t.start(v.ctx, v.conn, v.method.name, trace.SpanKindServer)
	return span
}

// end ends the span of a call; err is what it failed by, if that is known.
func (t *tracing) end(span trace.Span, answer *hubproto.Completion, err error) {
	if span == nil {
		return
	}
	if err != nil || answer != nil && answer.HasError {
		fail(span, err)
	}
	span.End()
}

// event starts the span of OnConnected or OnDisconnected; done ends it.
func (t *tracing) event(ctx context.Context, c *connection, name string) (_ context.Context, done func(error)) {
	if t == nil {
		return ctx, func(error) {}
	}
	ctx, span := t.start(ctx, c, name, trace.SpanKindInternal)
	return ctx, func(err error) {
		if err != nil {
			fail(span, err)
		}
		span.End()
	}
}

// start starts a span, linked to the request that the connection came by.
func (t *tracing) start(ctx context.Context, c *connection, method string, kind trace.SpanKind) (context.Context, trace.Span) {
	options := []trace.SpanStartOption{
		trace.WithSpanKind(kind),
		trace.WithAttributes(
			attribute.String("rpc.system", "signalr"),
			attribute.String("rpc.service", c.hub.options.Name),
			attribute.String("rpc.method", method),
		),
	}
	if request := c.request.Load().span(); request.IsValid() {
		options = append(options, trace.WithLinks(trace.Link{SpanContext: request}))
	}
	return t.tracer.Start(ctx, c.hub.options.Name+"/"+method, options...) //nolint:spancheck // whoever called start ends it
}

// fail marks a span as failed. The text of an error may be about a client's
// data, so that only its kind is told.
func fail(span trace.Span, err error) {
	kind := "_OTHER"
	if err != nil {
		kind = errorName(err)
	}
	span.SetAttributes(attribute.String("error.type", kind))
	span.SetStatus(codes.Error, "")
}
