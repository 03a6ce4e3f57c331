package fanfare

// Status is where a document's processing stands.
type Status string

// The statuses, in the order that a document passes them.
const (
	StatusQueued     Status = "queued"
	StatusStarted    Status = "started"
	StatusProcessing Status = "processing"
	StatusCompleted  Status = "completed"
	StatusFailed     Status = "failed"
)

// Rank orders the statuses within an attempt: queued is 1, completed and failed
// are both 4. An unknown status is 0.
func (s Status) Rank() int {
	switch s {
	case StatusQueued:
		return 1
	case StatusStarted:
		return 2
	case StatusProcessing:
		return 3
	case StatusCompleted, StatusFailed:
		return 4
	}
	return 0
}

// Terminal reports whether nothing follows s within its attempt.
func (s Status) Terminal() bool { return s == StatusCompleted || s == StatusFailed }

// Position returns how far the document has come: attempt, then rank, then
// percentage. What a subscriber sees never goes back behind it. It is above 0
// for every valid payload.
func (p DocumentPayload) Position() uint64 {
	attempt, percentage := max(p.Attempt, 0), min(max(p.Percentage, 0), 100)
	return uint64(attempt)<<16 | uint64(p.Status.Rank())<<8 | uint64(percentage) //nolint:gosec // none is negative
}

// EventType returns the type of the event by which a service tells that a
// document has come to this status. The error of an unknown status is
// CodeInvalidArgument.
func (s Status) EventType() (Type, error) {
	switch s {
	case StatusQueued:
		return DocumentUploaded, nil
	case StatusStarted:
		return ProcessingStarted, nil
	case StatusProcessing:
		return ProcessingProgress, nil
	case StatusCompleted:
		return ProcessingCompleted, nil
	case StatusFailed:
		return ProcessingFailed, nil
	}
	return 0, Errorf(CodeInvalidArgument,
		"status is %s: allowed are queued, started, processing, completed and failed", quote(string(s)))
}
