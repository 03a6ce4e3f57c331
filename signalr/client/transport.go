package client

import "time"

// transport carries bytes between the two ends. What comes in is one stream,
// however it is cut; what goes out are whole messages.
type transport interface {
	// Receive appends the next bytes to buf; it writes nothing before len(buf).
	// It fails with [os.ErrDeadlineExceeded] if none come within timeout, and
	// with [io.EOF] at the other side's orderly end.
	Receive(buf []byte, timeout time.Duration) ([]byte, error)
	// Send writes one or more whole messages; one call at a time.
	Send(data []byte, timeout time.Duration) error
	// Finish says that nothing more will be sent. Receive goes on until the
	// other side has finished as well.
	Finish() error
	// Close cuts the connection and ends a Receive or Send under way. It may be
	// called more than once.
	Close() error
}
