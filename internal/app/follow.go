package app

import (
	"context"

	"github.com/fanfare-hub/fanfare"
	"github.com/fanfare-hub/fanfare/internal/api"
	apphub "github.com/fanfare-hub/fanfare/internal/app/hub"
	"github.com/fanfare-hub/fanfare/internal/feed"
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

// topics is the feed as the API asks it.
type topics struct{ feed *feed.Feed }

// History implements [api.Feed].
func (t topics) History(ctx context.Context, topic fanfare.Topic, at api.Position, limit int) ([]fanfare.Envelope, string, error) {
	start, err := feed.ParseStart(topic, at.Cursor, at.From, feed.FromBeginning)
	if err != nil {
		return nil, "", err
	}
	return t.feed.History(ctx, topic, start, limit)
}

// Follow implements [api.Feed].
func (t topics) Follow(ctx context.Context, topic fanfare.Topic, at api.Position) (api.Reader, error) {
	start, err := feed.ParseStart(topic, at.Cursor, at.From, feed.FromSnapshot)
	if err != nil {
		return nil, err
	}
	return t.feed.Read(ctx, topic, start)
}
