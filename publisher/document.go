package publisher

import (
	"context"

	"github.com/fanfare-hub/fanfare"
)

// Document reports the work on one document, from its start to its end. The
// percentage never falls. It is not safe for concurrent use.
type Document struct {
	publisher  *Publisher
	id         string
	percentage int
}

// Document begins to report on the document with this GUID. Nothing is sent yet.
// The error is CodeInvalidArgument.
func (p *Publisher) Document(id string) (*Document, error) {
	guid, err := fanfare.ParseGUID(id)
	if err != nil {
		return nil, err
	}
	return &Document{publisher: p, id: guid}, nil
}

// Started tells that the work has begun.
func (d *Document) Started(ctx context.Context) error {
	return d.tell(ctx, fanfare.DocumentPayload{Status: fanfare.StatusStarted})
}

// Processing tells how far the work has come, in per cent, and in words if there
// are any. A percentage below the last one is told as that once more, one above
// 100 as 100.
func (d *Document) Processing(ctx context.Context, percentage int, message string) error {
	d.percentage = max(d.percentage, min(percentage, 100))
	return d.tell(ctx, fanfare.DocumentPayload{Status: fanfare.StatusProcessing, Message: message})
}

// Completed tells that the work is done.
func (d *Document) Completed(ctx context.Context) error {
	d.percentage = 100
	return d.tell(ctx, fanfare.DocumentPayload{Status: fanfare.StatusCompleted})
}

// Failed tells that the work has ended without success, and why: a code for
// programs, such as "damaged", and a sentence for people. Work that was called
// off has the code "cancelled"; ctx must then not be the one that has ended.
func (d *Document) Failed(ctx context.Context, code, message string) error {
	return d.tell(ctx, fanfare.DocumentPayload{
		Status: fanfare.StatusFailed, Error: &fanfare.Failure{Code: code, Message: message},
	})
}

func (d *Document) tell(ctx context.Context, payload fanfare.DocumentPayload) error {
	payload.DocumentID, payload.Percentage = d.id, d.percentage
	return d.publisher.update(ctx, payload)
}
