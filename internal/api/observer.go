package api

import (
	"context"
	"fmt"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"
	"go.opentelemetry.io/otel/metric/noop"

	"github.com/fanfare-hub/fanfare"
)

const (
	// scope names the instruments' origin.
	scope = "github.com/fanfare-hub/fanfare/internal/api"

	metricRefused = "aspire.realtime.api.refused"
	metricStreams = "aspire.realtime.api.streams"
)

// observer counts what the API refuses, and its event streams.
type observer struct {
	refused metric.Int64Counter
	streams metric.Int64UpDownCounter
}

func newObserver(meters metric.MeterProvider) (*observer, error) {
	if meters == nil {
		meters = noop.NewMeterProvider()
	}
	meter := meters.Meter(scope)
	refused, err := meter.Int64Counter(metricRefused, metric.WithUnit("{request}"),
		metric.WithDescription("Requests that were answered with a problem."))
	if err != nil {
		return nil, fmt.Errorf("make %s: %w", metricRefused, err)
	}
	streams, err := meter.Int64UpDownCounter(metricStreams, metric.WithUnit("{stream}"),
		metric.WithDescription("Event streams that are open."))
	if err != nil {
		return nil, fmt.Errorf("make %s: %w", metricStreams, err)
	}
	return &observer{refused: refused, streams: streams}, nil
}

func (o *observer) problem(ctx context.Context, code fanfare.Code) {
	o.refused.Add(ctx, 1, metric.WithAttributes(attribute.String("code", string(code))))
}
