package fanfare

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

// Error is an error that a caller outside the process may see: a code and a
// sentence that helps. Err, if any, is for the log only.
type Error struct {
	Code    Code
	Message string
	Err     error
}
