package signalr

import (
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"
)

// meterName is ASP.NET Core's, so that dashboards made for it work (OBS-04).
const meterName = "Microsoft.AspNetCore.Http.Connections"

// metrics are the server's instruments (OBS-01, OBS-02); nil without a
// provider.
type metrics struct {
	duration metric.Float64Histogram
	active   metric.Int64UpDownCounter
}

// newMetrics makes the instruments. One that cannot be made does nothing, as
// OpenTelemetry has it; the first error says why.
func newMetrics(provider metric.MeterProvider) (*metrics, error) {
	if provider == nil {
		return nil, nil //nolint:nilnil // nobody measures
	}
	meter := provider.Meter(meterName)
	duration, err := meter.Float64Histogram("signalr.server.connection.duration",
		metric.WithUnit("s"), metric.WithDescription("The duration of connections on the server."),
		metric.WithExplicitBucketBoundaries(0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 30, 60, 120, 300))
	active, failed := meter.Int64UpDownCounter("signalr.server.active_connections",
		metric.WithUnit("{connection}"), metric.WithDescription("Number of connections that are currently active on the server."))
	if err == nil {
		err = failed
	}
	return &metrics{duration: duration, active: active}, err
}

// opened counts a connection whose first transport request is accepted.
func (m *metrics) opened(c *connection) {
	if m != nil {
		m.active.Add(c.ctx, 1, metric.WithAttributes(transportOf(c)))
	}
}

// closed counts its removal.
func (m *metrics) closed(c *connection, lived time.Duration) {
	if m == nil {
		return
	}
	transport := transportOf(c)
	status := attribute.String("signalr.connection.status", c.ended.reason.status())
	m.active.Add(c.server.base, -1, metric.WithAttributes(transport))
	m.duration.Record(c.server.base, lived.Seconds(), metric.WithAttributes(status, transport))
}

func transportOf(c *connection) attribute.KeyValue {
	name := "web_sockets"
	switch c.transport.kind() {
	case ServerSentEvents:
		name = "server_sent_events"
	case LongPolling:
		name = "long_polling"
	default:
	}
	return attribute.String("signalr.transport", name)
}

// status is the reason as the metric has it (OBS-03).
func (r EndReason) status() string {
	switch r {
	case EndedByShutdown:
		return "app_shutdown"
	case EndedAway:
		return "timeout"
	default: // a protocol error and a silent client too
		return "normal_closure"
	}
}
