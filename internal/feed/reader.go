package feed

import (
	"context"

	"github.com/fanfare-hub/fanfare"
)

// Reader is one who follows a topic at its own pace. It is for one goroutine.
type Reader struct {
	receipt Receipt
}

// Read begins to follow a topic; the caller closes the Reader.
func (f *Feed) Read(_ context.Context, _ fanfare.Topic, _ Start) (*Reader, error) {
	return nil, errNotRunning
}

// Receipt says where the Reader began.
func (r *Reader) Receipt() Receipt { return r.receipt }

// Next waits for the next envelope.
func (r *Reader) Next(_ context.Context) (fanfare.Envelope, error) {
	return fanfare.Envelope{}, errNotRunning
}

// Close ends it. It may be called twice, and while Next waits.
func (r *Reader) Close() {}

// History returns at most limit envelopes, and the cursor after the last of
// them; it follows nothing.
func (f *Feed) History(_ context.Context, _ fanfare.Topic, _ Start, _ int) (items []fanfare.Envelope, next string, err error) {
	return nil, "", errNotRunning
}
