package document

import (
	"context"
	"errors"
	"fmt"
)

// ExtractParams names the document to extract.
type ExtractParams struct {
	Path string // the blob on disk
	Name string // the name it was uploaded under; only tells CSV from plain text
}

// Result is what one pass over a document gives.
type Result struct {
	MediaType   string    `json:"mediaType"` // application/pdf, text/plain or text/csv
	Pages       int       `json:"pages"`
	FailedPages int       `json:"failedPages"` // pages of a PDF that could not be read, counted in Pages too
	Words       int       `json:"words"`       // runs of anything but white space
	Characters  int       `json:"characters"`  // code points; breaks between pages are not counted
	Findings    []Finding `json:"findings"`    // by framework, then rule
}

// Extract runs argv as a child process that extracts and scans one document. It
// blocks until the child has ended.
//
// progress may be nil. It is called from the calling goroutine with the position
// in the input (bytes, or pages of a PDF); done never falls and is at most
// total. A slow progress slows the child.
//
// A document that cannot be processed gives a [*Failure]. When ctx ends the
// child is killed: a passed deadline is a Failure with [CodeTimeout], any other
// end is an error that wraps the one of ctx.
func Extract(ctx context.Context, argv []string, params ExtractParams, progress func(done, total int64)) (Result, error) {
	c, err := startChild(ctx, argv)
	if err != nil {
		return Result{}, err
	}
	result, err := c.ask(params, progress)
	exit := c.end(!errors.Is(err, errNoAnswer))
	var failure *Failure
	switch {
	case err == nil || errors.As(err, &failure):
		return result, err
	case errors.Is(ctx.Err(), context.DeadlineExceeded):
		return Result{}, &Failure{Code: CodeTimeout, Message: "processing took longer than allowed and was stopped", Detail: c.detail(err, exit)}
	case ctx.Err() != nil:
		return Result{}, fmt.Errorf("extract: %w", ctx.Err())
	default:
		return Result{}, c.broken(err, exit)
	}
}

// ask sends the request and reads until the answer.
func (c *child) ask(params ExtractParams, progress func(done, total int64)) (Result, error) {
	if err := writeMessage(c.stdin, extractRequest(params)); err != nil {
		return Result{}, fmt.Errorf("%w: %w", errNoAnswer, err)
	}
	var last int64
	for {
		msg, err := c.out.next()
		switch {
		case err != nil:
			return Result{}, err
		case msg.Result != nil:
			return *msg.Result, nil
		case msg.Failure != nil:
			return Result{}, msg.Failure
		}
		if p := msg.Progress; progress != nil && p.Done >= last && p.Done <= p.Total {
			last = p.Done
			progress(p.Done, p.Total)
		}
	}
}
