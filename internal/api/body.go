package api

import (
	"errors"
	"io"
	"net/http"
	"os"
	"time"

	"github.com/fanfare-hub/fanfare"
)

// uploadBody reads a request's body with a limit of bytes and a deadline that
// moves on with each byte: a client that stalls would otherwise hold a
// connection and a half-written file for ever.
type uploadBody struct {
	body io.Reader
	idle time.Duration
	conn *http.ResponseController
}

// body is the request's body with the API's limits.
func (a *api) body(w http.ResponseWriter, r *http.Request) *uploadBody {
	return &uploadBody{
		body: http.MaxBytesReader(w, r.Body, a.maxUpload),
		idle: a.uploadIdle,
		conn: http.NewResponseController(w),
	}
}

// Read implements [io.Reader]; its own errors are a [*fanfare.Error]. After an
// error the deadline stays: the connection is not used again.
func (b *uploadBody) Read(p []byte) (int, error) {
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

// setDeadline does without where the connection has none, as in tests.
func (b *uploadBody) setDeadline(at time.Time) error {
	if err := b.conn.SetReadDeadline(at); err != nil && !errors.Is(err, http.ErrNotSupported) {
		return err
	}
	return nil
}

// explain puts the ends of a body that are our doing into words.
func (b *uploadBody) explain(err error) error {
	if tooLarge, ok := errors.AsType[*http.MaxBytesError](err); ok {
		return fanfare.Errorf(fanfare.CodeTooLarge, "a document may have at most %d bytes", tooLarge.Limit)
	}
	if errors.Is(err, os.ErrDeadlineExceeded) {
		return fanfare.Errorf(fanfare.CodeInvalidArgument, "no byte of the document arrived for %s; send the whole document again", b.idle)
	}
	return err
}
