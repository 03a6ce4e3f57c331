package pipeline

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"go.opentelemetry.io/otel/metric"
	"go.opentelemetry.io/otel/trace"

	"github.com/fanfare-hub/fanfare"
)

// finishTimeout bounds how long the rest of what is stored in part is still
// tried to be stored after the caller has gone.
const finishTimeout = 10 * time.Second

// Log stores events. Append returns when the event is as durable as the receipt
// says, AppendAll when all of them are; it keeps the order of those of a topic.
// After an error other than CodeUnavailable nothing is stored.
type Log interface {
	Append(ctx context.Context, e fanfare.Event, topic fanfare.Topic) (fanfare.Receipt, error)
	AppendAll(ctx context.Context, entries []fanfare.Entry) ([]fanfare.Receipt, error)
}

// Sink hands events to the callback subscribers of their topic. It never blocks
// on a client.
type Sink interface {
	Deliver(ctx context.Context, callback fanfare.Callback, e fanfare.Envelope) error
}

// Options configure a [Processor].
type Options struct {
	Log            Log                  // required
	Sink           Sink                 // nil: nobody is told by callback
	Service        string               // the service of events that come without one; required
	Version        string               // its version; may be empty
	Instance       string               // service_instance of what this process broadcasts
	TracerProvider trace.TracerProvider // nil: no spans
	MeterProvider  metric.MeterProvider // nil: nothing is counted
	Logger         *slog.Logger         // nil discards
}

// Processor takes events in and hands stored ones out.
type Processor struct {
	log      Log
	sink     Sink
	service  string
	version  string
	instance string
	observer *observer
	logger   *slog.Logger
}

// New returns a Processor. The error says which option is missing or which
// instrument the meter provider refused.
func New(opts Options) (*Processor, error) {
	if opts.Log == nil {
		return nil, errors.New("pipeline: a log is required")
	}
	if opts.Service == "" {
		return nil, errors.New("pipeline: a service name is required")
	}
	observer, err := newObserver(opts.TracerProvider, opts.MeterProvider)
	if err != nil {
		return nil, fmt.Errorf("pipeline: %w", err)
	}
	p := &Processor{
		log: opts.Log, sink: opts.Sink, service: opts.Service, version: opts.Version, instance: opts.Instance,
		observer: observer, logger: opts.Logger,
	}
	if p.logger == nil {
		p.logger = slog.New(slog.DiscardHandler)
	}
	return p, nil
}

// Emit stores an event. What it lacks of ID, Time, Service, ServiceVersion,
// Priority and TraceParent is filled in first. The receipt is that of its first
// topic. The error carries a fanfare code: CodeUnavailable if the log failed,
// and then the same event may be emitted again with the ID it had.
func (p *Processor) Emit(ctx context.Context, e fanfare.Event) (fanfare.Receipt, error) {
	given := e.TraceParent
	e = p.enrich(ctx, e)
	ctx, span := p.observer.start(ctx, e, given)
	defer span.End()
	receipts, err := p.store(ctx, e)
	if err != nil {
		p.observer.fail(ctx, span, 1, err)
		return fanfare.Receipt{}, err
	}
	p.observer.stored(ctx, e, receipts)
	return receipts[0], nil
}

// store appends each copy, once it is known that all of them can be stored.
func (p *Processor) store(ctx context.Context, e fanfare.Event) ([]fanfare.Receipt, error) {
	copies, err := copiesOf(e)
	if err == nil && len(copies) > 1 {
		err = checkSizes(copies)
	}
	if err != nil {
		return nil, err
	}
	own := copies[0].Topic
	first, err := p.log.Append(ctx, copies[0].Event, own)
	if err != nil {
		return nil, refused(own, err)
	}
	receipts := []fanfare.Receipt{first}
	for _, second := range copies[1:] {
		receipt, err := p.appendSecond(ctx, second)
		if err != nil {
			return nil, fanfare.Errorf(fanfare.CodeUnavailable, "the event is stored on %s, but not on %s: send it again: %w", own, second.Topic, err)
		}
		receipts = append(receipts, receipt)
	}
	return receipts, nil
}

// copiesOf returns the event as it is stored on each of its topics, its own
// first, if it may be stored.
func copiesOf(e fanfare.Event) ([]fanfare.Entry, error) {
	if err := e.Validate(); err != nil {
		return nil, err
	}
	topics, err := e.Topics()
	if err != nil {
		return nil, err
	}
	copies := make([]fanfare.Entry, 0, len(topics))
	for _, topic := range topics {
		copies = append(copies, fanfare.Entry{Event: e.On(topic), Topic: topic})
	}
	return copies, nil
}

// checkSizes is for several that are stored together: the log would refuse one
// that is too large only after it had stored others.
func checkSizes(entries []fanfare.Entry) error {
	for _, entry := range entries {
		if _, err := fanfare.EncodeCloudEvent(entry.Event); err != nil {
			return err
		}
	}
	return nil
}

// appendSecond goes on although the caller may have hung up: half of the event
// is stored, and nobody else would store the other half.
func (p *Processor) appendSecond(ctx context.Context, second fanfare.Entry) (fanfare.Receipt, error) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), finishTimeout)
	defer cancel()
	return p.log.Append(ctx, second.Event, second.Topic)
}

// refused keeps the log's own code, and calls it unavailable if it gave none.
func refused(topic fanfare.Topic, err error) error {
	if _, coded := errors.AsType[*fanfare.Error](err); coded {
		return fmt.Errorf("append to %s: %w", topic, err)
	}
	return fanfare.Errorf(fanfare.CodeUnavailable, "the event could not be stored: %w", err)
}

// Deliver hands an event that the log has stored to the sink, by the callback
// that the routing table gives. An event without one goes nowhere, nor does an
// envelope without an event.
func (p *Processor) Deliver(ctx context.Context, e fanfare.Envelope) {
	if e.GapOnly() || p.sink == nil {
		return
	}
	callback := fanfare.CallbackFor(e.Event.Type, e.Topic)
	if callback == fanfare.CallbackNone {
		return
	}
	if err := p.sink.Deliver(ctx, callback, e); err != nil {
		p.observer.undeliverable(ctx, e.Event)
		p.logger.LogAttrs(ctx, slog.LevelWarn, "deliver event",
			slog.String("callback", string(callback)), slog.String("id", e.Event.ID),
			slog.Uint64("seq", e.Seq), slog.Any("error", err))
	}
}
