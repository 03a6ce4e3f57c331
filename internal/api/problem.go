package api

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"math"
	"net/http"
	"slices"
	"strconv"
	"time"

	"github.com/fanfare-hub/fanfare"
)

// problem is the body of every answer that is an error (RFC 9457).
type problem struct {
	Type   string       `json:"type"` // /errors/<code>
	Title  string       `json:"title"`
	Status int          `json:"status"`
	Detail string       `json:"detail"`
	Code   fanfare.Code `json:"code"`
	Index  *int         `json:"index,omitempty"` // of the event of a batch that it is about, from 0
}

// methodError is a method that a path does not have. It is the one error whose
// status is not that of its code: the codes are closed, and 405 has none.
type methodError struct {
	method string
	allow  string // as in the Allow header
}

// Error implements [error].
func (e *methodError) Error() string {
	return fmt.Sprintf("%s is not possible here; use %s", e.method, e.allow)
}

// laterError is an error that goes away by itself.
type laterError struct {
	after time.Duration
	err   error
}

// Error implements [error].
func (e *laterError) Error() string { return e.err.Error() }

// Unwrap returns the error.
func (e *laterError) Unwrap() error { return e.err }

// retryAfter returns after how many seconds it is worth to try again, 0 where
// that is not known to help.
func retryAfter(err error, code fanfare.Code) int {
	if later, ok := errors.AsType[*laterError](err); ok {
		return max(1, int(math.Ceil(later.after.Seconds())))
	}
	if code == fanfare.CodeUnavailable {
		return 1
	}
	return 0
}

// describe turns any error into what the client may know of it.
func describe(err error) problem {
	if e, ok := errors.AsType[*methodError](err); ok {
		p := describeCode(fanfare.CodeInvalidArgument, e.Error())
		p.Status, p.Title = http.StatusMethodNotAllowed, "Method not allowed"
		return p
	}
	if e, ok := errors.AsType[*fanfare.Error](err); ok {
		p := describeCode(e.Code, e.Message)
		if bad, ok := errors.AsType[*fanfare.BatchError](err); ok {
			p.Index = &bad.Index
		}
		return p
	}
	return describeCode(fanfare.CodeInternal, "the request could not be answered; the server's log says why")
}

func describeCode(code fanfare.Code, detail string) problem {
	return problem{Type: "/errors/" + string(code), Title: code.Title(), Status: code.HTTPStatus(), Detail: detail, Code: code}
}

// handle is the one place where an error becomes an answer.
func (a *API) handle(serve handlerFunc) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		err := serve(w, r)
		if err == nil {
			return
		}
		p := describe(err)
		a.logProblem(r, p, err)
		a.observer.problem(r.Context(), p.Code)
		if e, ok := errors.AsType[*methodError](err); ok {
			w.Header().Set("Allow", e.allow)
		}
		if seconds := retryAfter(err, p.Code); seconds > 0 {
			w.Header().Set("Retry-After", strconv.Itoa(seconds))
		}
		if err := writeJSON(w, p.Status, "application/problem+json", p); err != nil {
			a.logger.DebugContext(r.Context(), "problem not delivered", slog.Any("error", err))
		}
	})
}

// logProblem writes the server's own failures as errors and what clients did
// wrong for who looks for it.
func (a *API) logProblem(r *http.Request, p problem, err error) {
	level := slog.LevelDebug
	if p.Status >= http.StatusInternalServerError && r.Context().Err() == nil {
		level = slog.LevelError
	}
	a.logger.LogAttrs(r.Context(), level, "request refused", slog.String("method", r.Method),
		slog.String("path", r.URL.Path), slog.Int("status", p.Status), slog.Any("error", err))
}

// writeJSON answers with a whole JSON document. The error is one of encoding,
// with nothing written: a client that is gone is not our concern.
func writeJSON(w http.ResponseWriter, status int, mediaType string, value any) error {
	var body bytes.Buffer
	encoder := json.NewEncoder(&body)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(value); err != nil {
		return fmt.Errorf("encode answer: %w", err)
	}
	header := w.Header()
	header.Set("Content-Type", mediaType)
	header.Set("Content-Length", strconv.Itoa(body.Len()))
	header.Set("Cache-Control", "no-store")
	header.Set("X-Content-Type-Options", "nosniff")
	w.WriteHeader(status)
	deliver(w, body.Bytes())
	return nil
}

// A client that takes none of a chunk for this long is given up: its answer
// would be held for as long as it likes.
const (
	answerChunk = 64 << 10
	answerIdle  = 30 * time.Second
)

// deliver writes a body; the deadline begins anew with each chunk taken.
func deliver(w http.ResponseWriter, body []byte) {
	control := http.NewResponseController(w)
	for chunk := range slices.Chunk(body, answerChunk) {
		_ = control.SetWriteDeadline(time.Now().Add(answerIdle)) // what has no deadline has no client either
		if _, err := w.Write(chunk); err != nil {
			return
		}
	}
	_ = control.Flush()
	_ = control.SetWriteDeadline(time.Time{}) // the connection may become a hub's
}
