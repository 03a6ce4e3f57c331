package client

import (
	"time"

	"github.com/fanfare-hub/fanfare/signalr/hubproto"
)

// Transports is a set of transports.
type Transports = hubproto.Transports

// The transports that there are.
const (
	WebSockets       = hubproto.WebSockets
	ServerSentEvents = hubproto.ServerSentEvents
	LongPolling      = hubproto.LongPolling
)

// receiveChunk is what a transport over HTTP reads at once, in bytes.
const receiveChunk = 16 << 10

// transport carries bytes between the two ends. What comes in is one stream,
// however it is cut; what goes out are whole messages.
type transport interface {
	// Receive appends the next bytes to buf; it writes nothing before len(buf).
	// It fails with [os.ErrDeadlineExceeded] if none come within timeout, and
	// with [io.EOF] at the other side's orderly end. A transport that needs no
	// pings has a time of its own.
	Receive(buf []byte, timeout time.Duration) ([]byte, error)
	// Send writes one or more whole messages; one call at a time.
	Send(data []byte, timeout time.Duration) error
	// Finish says that nothing more will be sent. Receive goes on until the
	// other side has finished as well.
	Finish() error
	// Close cuts the connection and ends a Receive or Send under way. It may be
	// called more than once.
	Close() error
	// NeedsPings says whether nothing but messages shows that the two ends are
	// there (LP-15).
	NeedsPings() bool
}

// releaser is a transport of which something is left at the server when it was
// closed. Release takes it away, within releaseTimeout.
type releaser interface{ Release() }

// release ends a transport that nobody receives from any more.
func release(t transport) {
	t.Close()
	if r, ok := t.(releaser); ok {
		r.Release()
	}
}
