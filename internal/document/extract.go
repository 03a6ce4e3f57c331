package document

import (
	"context"
	"errors"
	"io"
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
	Characters  int       `json:"characters"`  // code points, page breaks not counted
	Findings    []Finding `json:"findings"`    // by framework, then rule
}

// Extract runs argv as a child process that extracts and scans one document. It
// blocks until the child has ended.
//
// progress may be nil. It is called from the calling goroutine with the position
// in the input (bytes, or pages of a PDF); done never falls.
//
// A document that cannot be processed gives a [*Failure]. When ctx ends the
// child is killed: a passed deadline is a Failure with [CodeTimeout], any other
// end is the error of ctx.
func Extract(ctx context.Context, argv []string, params ExtractParams, progress func(done, total int64)) (Result, error) {
	return Result{}, errors.ErrUnsupported
}

// ExtractWorker is the child process of [Extract].
func ExtractWorker(stdin io.Reader, stdout io.Writer) error {
	return errors.ErrUnsupported
}
