package signalr

import (
	"context"
	"testing"

	"github.com/fanfare-hub/fanfare/signalr/hubproto"
)

// OBS-05: without a tracer and a meter nothing of them costs an allocation.
func TestNoTelemetryCostsNothing(t *testing.T) { //nolint:paralleltest // it counts allocations
	ctx := context.Background()
	v := &invocation{ctx: ctx, method: &method{name: "Method"}}
	m := &hubproto.Invocation{Headers: map[string]string{"traceparent": "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"}}
	answer, c := &hubproto.Completion{HasError: true}, &connection{}
	tracing := newTracing(nil)
	metrics, err := newMetrics(nil)
	if err != nil {
		t.Fatal(err)
	}
	if n := testing.AllocsPerRun(100, func() {
		tracing.adopt(v, m)
		tracing.end(tracing.begin(v), answer, nil)
		_, done := tracing.event(ctx, c, "OnConnected")
		done(nil)
		metrics.opened(c)
		metrics.closed(c, 0)
	}); n > 0 {
		t.Errorf("%v allocations", n)
	}
	if v.ctx != ctx {
		t.Error("the context was changed")
	}
}
