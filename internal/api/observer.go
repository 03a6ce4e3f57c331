package api

import (
	"context"
	"errors"
	"log/slog"

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

// newObserver makes the instruments. One that the provider refuses counts
// nothing, which is no reason not to serve.
func newObserver(meters metric.MeterProvider, logger *slog.Logger) *observer {
	if meters == nil {
		meters = noop.NewMeterProvider()
	}
	meter := meters.Meter(scope)
	refused, refusedErr := meter.Int64Counter(metricRefused, metric.WithUnit("{request}"),
		metric.WithDescription("Requests that were answered with a problem."))
	streams, streamsErr := meter.Int64UpDownCounter(metricStreams, metric.WithUnit("{stream}"),
		metric.WithDescription("Event streams that are open."))
	if err := errors.Join(refusedErr, streamsErr); err != nil {
		logger.Error("instruments are missing", slog.Any("error", err))
	}
	return &observer{refused: refused, streams: streams}
}

func (o *observer) problem(ctx context.Context, code fanfare.Code) {
	o.refused.Add(ctx, 1, metric.WithAttributes(attribute.String("code", string(code))))
}
