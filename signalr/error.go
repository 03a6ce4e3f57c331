package signalr

import (
	"errors"
	"reflect"
)

// HubError is an error whose text is meant for clients: they see it as
// "HubException: text", with detailed errors off too (INV-13). A method may
// return it wrapped; the client sees only what it says itself.
type HubError string

// Error returns the text.
func (e HubError) Error() string { return string(e) }

// ErrorName is the name under which .NET clients know the error.
func (HubError) ErrorName() string { return "HubException" }

// ErrForbidden is for Authenticate: the user is known, and refused (403).
var ErrForbidden = errors.New("forbidden")

// ErrServerClosed is returned by a send after Shutdown.
var ErrServerClosed = errors.New("signalr: server closed")

// ErrConnectionEnded is returned by what a Caller is asked to do after the
// connection's end, of which OnDisconnected is part.
var ErrConnectionEnded = errors.New("signalr: connection has ended")

// namedError is an error of this package with the name of its .NET exception.
type namedError struct {
	name string
	text string
}

func (e *namedError) Error() string     { return e.text }
func (e *namedError) ErrorName() string { return e.name }

const (
	nameInvalidData  = "InvalidDataException"
	nameCanceled     = "OperationCanceledException"
	nameHubException = "HubException"
)

// explain adds to a text what a client may know of err (INV-16): a HubError
// always, everything else with detailed errors on.
func explain(text string, err error, detailed bool) string {
	var meant HubError
	switch {
	case errors.As(err, &meant):
		return text + " " + nameHubException + ": " + string(meant)
	case detailed && err != nil:
		return text + " " + errorName(err) + ": " + err.Error()
	default:
		return text
	}
}

// errorName is what stands for the name of a .NET exception (INV-14).
func errorName(err error) string {
	var named interface{ ErrorName() string }
	if errors.As(err, &named) {
		return named.ErrorName()
	}
	t := reflect.TypeOf(err)
	for t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	return t.Name()
}
