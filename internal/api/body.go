package api

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"time"

	"github.com/fanfare-hub/fanfare"
)

// requestBody reads a request's body with a limit of bytes and a deadline that
// moves on with each byte: a client that stalls would otherwise hold a
// connection and half of what it sends for ever.
type requestBody struct {
	bodyParams

	body io.Reader
	idle time.Duration
	conn *http.ResponseController
}

// bodyParams say what a body is, for the limit and the errors.
type bodyParams struct {
	what  string // as in "document"
	limit int64  // bytes
}

// body is the request's body with these limits.
func (a *API) body(w http.ResponseWriter, r *http.Request, params bodyParams) *requestBody {
	return &requestBody{
		bodyParams: params,
		body:       http.MaxBytesReader(w, r.Body, params.limit),
		idle:       a.uploadIdle,
		conn:       http.NewResponseController(w),
	}
}

// Read implements [io.Reader]; its own errors are a [*fanfare.Error]. After an
// error the deadline stays: the connection is not used again.
func (b *requestBody) Read(p []byte) (int, error) {
	if err := b.setDeadline(time.Now().Add(b.idle)); err != nil {
		return 0, err
	}
	n, err := b.body.Read(p)
	if err == io.EOF {
		// Left in place the deadline would end the next request, or cancel
		// this one.
		if err := b.setDeadline(time.Time{}); err != nil {
			return n, err
		}
		return n, io.EOF
	}
	return n, b.explain(err)
}

// all reads the whole body; what is cut off is the client's error.
func (b *requestBody) all() ([]byte, error) {
	data, err := io.ReadAll(b)
	if _, coded := errors.AsType[*fanfare.Error](err); err == nil || coded {
		return data, err
	}
	return nil, fanfare.Errorf(fanfare.CodeInvalidArgument, "the %s was cut off: send it again: %w", b.what, err)
}

// setDeadline does without where the connection has none, as in tests.
func (b *requestBody) setDeadline(at time.Time) error {
	if err := b.conn.SetReadDeadline(at); err != nil && !errors.Is(err, http.ErrNotSupported) {
		return fmt.Errorf("set the deadline of the body: %w", err)
	}
	return nil
}

// explain puts the ends of a body that are our doing into words.
func (b *requestBody) explain(err error) error {
	if tooLarge, ok := errors.AsType[*http.MaxBytesError](err); ok {
		return fanfare.Errorf(fanfare.CodeTooLarge, "the body of a %s may have at most %d bytes", b.what, tooLarge.Limit)
	}
	if errors.Is(err, os.ErrDeadlineExceeded) {
		return fanfare.Errorf(fanfare.CodeInvalidArgument, "no byte of the %s arrived for %s; send the whole %s again", b.what, b.idle, b.what)
	}
	return err
}
