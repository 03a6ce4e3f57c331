package document

// The codes of a [Failure], closed and append-only.
const (
	CodeUnsupportedType  = "unsupported_type"
	CodeDamaged          = "damaged"
	CodePasswordRequired = "password_required"
	CodeLimitExceeded    = "limit_exceeded"
	CodeTimeout          = "timeout"
	CodeCancelled        = "cancelled"
	CodeInternal         = "internal"
)

// Failure says why a document could not be processed. It is final: trying the
// same bytes again gives the same answer, except for CodeTimeout, CodeCancelled
// and CodeInternal.
type Failure struct { //nolint:errname // the word of the contract, beside fanfare.Failure
	Code    string `json:"code"`
	Message string `json:"message"` // one sentence for a person; holds nothing of the document's text

	// Detail is for the log only: how the child ended and the tail of its
	// stderr, at most 4 KiB. A child never sends it.
	Detail string `json:"-"`
}

// Error gives code and message, never the detail.
func (f *Failure) Error() string { return f.Code + ": " + f.Message }
