package feed

import (
	"context"
	"fmt"

	"go.opentelemetry.io/otel/metric"
	"go.opentelemetry.io/otel/metric/noop"
)

// scope names the instruments' origin.
const scope = "github.com/fanfare-hub/fanfare/internal/feed"

// meters count what does not go the straight way.
type meters struct {
	holes      metric.Int64Counter
	gaps       metric.Int64Counter
	duplicates metric.Int64Counter
	replays    metric.Int64Counter
	overflows  metric.Int64Counter
}

func newMeters(provider metric.MeterProvider, topics func() int64) (*meters, error) {
	if provider == nil {
		provider = noop.NewMeterProvider()
	}
	m, meter := &meters{}, provider.Meter(scope)
	for _, c := range []struct {
		counter          *metric.Int64Counter
		name, unit, what string
	}{
		{&m.holes, "fanfare.feed.holes", "{hole}", "Live events that were lost, and read from the log."},
		{&m.gaps, "fanfare.feed.gaps", "{gap}", "Places where followers were told that events may be missing."},
		{&m.duplicates, "fanfare.feed.duplicates", "{event}", "Live events that had been told already."},
		{&m.replays, "fanfare.feed.replays", "{replay}", "Subscriptions that read from the log."},
		{&m.overflows, "fanfare.feed.overflows", "{overflow}", "Times a connection was too slow for a topic and was sent back to the log."},
	} {
		var err error
		if *c.counter, err = meter.Int64Counter(c.name, metric.WithUnit(c.unit), metric.WithDescription(c.what)); err != nil {
			return nil, fmt.Errorf("make %s: %w", c.name, err)
		}
	}
	_, err := meter.Int64ObservableUpDownCounter("fanfare.feed.topics", metric.WithUnit("{topic}"),
		metric.WithDescription("Topics that are followed on this node."),
		metric.WithInt64Callback(func(_ context.Context, o metric.Int64Observer) error {
			o.Observe(topics())
			return nil
		}))
	if err != nil {
		return nil, fmt.Errorf("make fanfare.feed.topics: %w", err)
	}
	return m, nil
}
