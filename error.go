package fanfare

import (
	"errors"
	"fmt"
	"net/http"
	"strings"
)

// Code is one of a closed set of error codes; it may grow, never change.
type Code string

// The codes, with the HTTP status that each is answered with.
const (
	CodeInvalidArgument  Code = "invalid_argument"  // 400
	CodeInvalidTopic     Code = "invalid_topic"     // 400
	CodeInvalidCursor    Code = "invalid_cursor"    // 400
	CodeUnauthenticated  Code = "unauthenticated"   // 401
	CodeForbidden        Code = "forbidden"         // 403
	CodeNotFound         Code = "not_found"         // 404
	CodeConflict         Code = "conflict"          // 409
	CodeTooLarge         Code = "too_large"         // 413
	CodeUnsupportedMedia Code = "unsupported_media" // 415
	CodeRateLimited      Code = "rate_limited"      // 429
	CodeInternal         Code = "internal"          // 500
	CodeUnavailable      Code = "unavailable"       // 503
)

// HTTPStatus returns the status that the code is answered with, 500 for an
// unknown one.
func (c Code) HTTPStatus() int {
	status, _ := c.describe()
	return status
}

// Title returns the code in words, as the title of a problem document.
func (c Code) Title() string {
	_, title := c.describe()
	return title
}

func (c Code) describe() (status int, title string) {
	switch c {
	case CodeInvalidArgument:
		return http.StatusBadRequest, "Invalid argument"
	case CodeInvalidTopic:
		return http.StatusBadRequest, "Invalid topic"
	case CodeInvalidCursor:
		return http.StatusBadRequest, "Invalid cursor"
	case CodeUnauthenticated:
		return http.StatusUnauthorized, "Not authenticated"
	case CodeForbidden:
		return http.StatusForbidden, "Forbidden"
	case CodeNotFound:
		return http.StatusNotFound, "Not found"
	case CodeConflict:
		return http.StatusConflict, "Conflict"
	case CodeTooLarge:
		return http.StatusRequestEntityTooLarge, "Too large"
	case CodeUnsupportedMedia:
		return http.StatusUnsupportedMediaType, "Unsupported media type"
	case CodeRateLimited:
		return http.StatusTooManyRequests, "Too many requests"
	case CodeUnavailable:
		return http.StatusServiceUnavailable, "Unavailable"
	case CodeInternal:
	}
	return http.StatusInternalServerError, "Internal error"
}

// Error is an error that a caller outside the process may see: a code and a
// sentence that helps. Err, if any, is for the log only.
type Error struct {
	Code    Code
	Message string
	Err     error
}

// Error returns everything, the cause included: text for a log. What a caller
// outside may see is Code and Message.
func (e *Error) Error() string {
	if e.Err == nil {
		return string(e.Code) + ": " + e.Message
	}
	return string(e.Code) + ": " + e.Message + ": " + e.Err.Error()
}

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Err }

// Errorf returns an [*Error]. A cause at the end of the format, as in
// Errorf(CodeUnavailable, "store event: %w", err), becomes its Err and stays
// out of its Message.
func Errorf(code Code, format string, args ...any) error {
	text := fmt.Errorf(format, args...)
	e := &Error{Code: code, Message: text.Error(), Err: errors.Unwrap(text)}
	if e.Err != nil {
		e.Message = strings.TrimSuffix(e.Message, ": "+e.Err.Error())
	}
	return e
}

// CodeOf returns the code of the outermost [*Error] in err's chain,
// CodeInternal if there is none, and "" for nil.
func CodeOf(err error) Code {
	if err == nil {
		return ""
	}
	if e, ok := errors.AsType[*Error](err); ok {
		return e.Code
	}
	return CodeInternal
}
