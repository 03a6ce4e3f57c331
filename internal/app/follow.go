package app

import (
	"context"

	"github.com/fanfare-hub/fanfare"
	apphub "github.com/fanfare-hub/fanfare/internal/app/hub"
	"github.com/fanfare-hub/fanfare/internal/pipeline"
)

// sink is where the feed hands events: the processor, which knows the callback
// of each, and the hub for those who get envelopes.
type sink struct {
	processor *pipeline.Processor
	callbacks *apphub.Callbacks
}

// Callback implements [feed.Sink].
func (s sink) Callback(ctx context.Context, e fanfare.Envelope) { s.processor.Deliver(ctx, e) }

// Event implements [feed.Sink].
func (s sink) Event(ctx context.Context, e fanfare.Envelope) { s.callbacks.Event(ctx, e) }
