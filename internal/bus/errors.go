package bus

import (
	"errors"
	"fmt"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"github.com/fanfare-hub/fanfare"
)

// translate turns a NATS error into one that a caller outside the process may
// see. What NATS cannot do now is unavailable; what it never will is our fault.
func translate(operation string, err error) error {
	if err == nil {
		return nil
	}
	if known := (*fanfare.Error)(nil); errors.As(err, &known) {
		return err
	}
	if errors.Is(err, nats.ErrMaxPayload) || errors.Is(err, jetstream.ErrStreamMessageExceedsMaximum) {
		return &fanfare.Error{Code: fanfare.CodeTooLarge, Message: "the value is too large to be stored", Err: wrap(operation, err)}
	}
	if api := (*jetstream.APIError)(nil); errors.As(err, &api) && api.Code < 500 {
		return &fanfare.Error{Code: fanfare.CodeInternal, Message: "the store refused the request", Err: wrap(operation, err)}
	}
	return unavailable(operation, err)
}

func unavailable(operation string, err error) error {
	return &fanfare.Error{
		Code:    fanfare.CodeUnavailable,
		Message: "the store does not answer now; try again",
		Err:     wrap(operation, err),
	}
}

// startError is for the operator: it names the directory.
func startError(dir string, err error) error {
	if known := (*fanfare.Error)(nil); errors.As(err, &known) {
		return err
	}
	return &fanfare.Error{
		Code:    fanfare.CodeUnavailable,
		Message: fmt.Sprintf("the event store in %q cannot be opened: %v", dir, err),
		Err:     wrap("start the bus", err),
	}
}

func wrap(operation string, err error) error { return fmt.Errorf("%s: %w", operation, err) }
