package publisher

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/fanfare-hub/fanfare"
)

// errSilent ends a try that has taken too long.
var errSilent = errors.New("no answer in time")

// unreached is a try that has met no hub, or lost its answer.
func unreached(ctx context.Context, err error) *failure {
	if cause := context.Cause(ctx); cause != nil {
		err = cause
	}
	return &failure{err: fanfare.Errorf(fanfare.CodeUnavailable, "the hub cannot be reached: %w", err), again: true}
}

// unreadable is an answer that is no receipt although it says that all is well.
// What answers so is no hub: it would do it again.
func unreadable(err error) error {
	return fanfare.Errorf(fanfare.CodeInternal, "the answer of the hub cannot be read: %w", err)
}

// refused is an answer other than 2xx.
func refused(response *http.Response, body []byte) *failure {
	failed := &failure{err: problem(response.StatusCode, body)}
	switch response.StatusCode {
	case http.StatusTooManyRequests, http.StatusBadGateway, http.StatusServiceUnavailable, http.StatusGatewayTimeout:
		failed.again = true
		failed.after = retryAfter(response.Header.Get("Retry-After"), time.Now())
	}
	return failed
}

// problem is the error that a problem document tells of, or the status if the
// answer is none: then it comes from something in between.
func problem(status int, body []byte) error {
	var p struct {
		Code   fanfare.Code `json:"code"`
		Detail string       `json:"detail"`
		Index  *int         `json:"index"`
	}
	if json.Unmarshal(body, &p) != nil || p.Code == "" || p.Detail == "" {
		return fanfare.Errorf(codeOf(status), "the answer is %d %s", status, http.StatusText(status))
	}
	err := &fanfare.Error{Code: p.Code, Message: p.Detail}
	if p.Index != nil {
		return &fanfare.BatchError{Index: *p.Index, Err: err}
	}
	return err
}

// codeOf is the code for a status that came without one.
func codeOf(status int) fanfare.Code {
	for _, code := range []fanfare.Code{
		fanfare.CodeUnauthenticated, fanfare.CodeForbidden, fanfare.CodeNotFound, fanfare.CodeConflict,
		fanfare.CodeTooLarge, fanfare.CodeUnsupportedMedia, fanfare.CodeRateLimited, fanfare.CodeUnavailable,
	} {
		if code.HTTPStatus() == status {
			return code
		}
	}
	switch {
	case status == http.StatusBadGateway, status == http.StatusGatewayTimeout:
		return fanfare.CodeUnavailable
	case status/100 == 4:
		return fanfare.CodeInvalidArgument
	}
	return fanfare.CodeInternal
}

// retryAfter reads the header: seconds or a date. What is neither is no wish.
func retryAfter(value string, now time.Time) time.Duration {
	value = strings.TrimSpace(value)
	if seconds, err := strconv.Atoi(value); err == nil {
		return time.Duration(min(max(seconds, 0), int(24*time.Hour/time.Second))) * time.Second
	}
	if at, err := http.ParseTime(value); err == nil {
		return max(at.Sub(now), 0)
	}
	return 0
}

// gaveUp is the last failure of several, with what was tried.
func gaveUp(err error, tries int, spent time.Duration) error {
	if tries == 1 {
		return err
	}
	last, ok := errors.AsType[*fanfare.Error](err)
	if !ok {
		return err
	}
	return &fanfare.Error{
		Code:    last.Code,
		Message: fmt.Sprintf("%s; gave up after %d tries in %s", last.Message, tries, spent.Round(100*time.Millisecond)),
		Err:     last.Err,
	}
}

// sentence is what an error tells its reader.
func sentence(err error) string {
	if e, ok := errors.AsType[*fanfare.Error](err); ok {
		return e.Message
	}
	return err.Error()
}
