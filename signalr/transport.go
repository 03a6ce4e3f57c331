package signalr

import (
	"time"

	"github.com/fanfare-hub/fanfare/signalr/hubproto"
	"github.com/fanfare-hub/fanfare/signalr/internal/ws"
)

// Transports is a set of transports.
type Transports = hubproto.Transports

// The transports that there are. Clients try them in this order (NEG-09).
const (
	WebSockets       = hubproto.WebSockets
	ServerSentEvents = hubproto.ServerSentEvents
	LongPolling      = hubproto.LongPolling
)

// Transport is the one that the connection has (CONN-15).
func (c *Caller) Transport() Transports { return c.c.transport.kind() }

// transport carries the bytes of one connection. Inside the server everything
// that is sent is WebSocket frames, the form in which most receivers take it
// as it is; other transports take them apart.
type transport interface {
	source
	kind() Transports
	// abandoned says whether the client has not shown itself for longer than
	// it may. It is for the shard.
	abandoned() bool
	// finish ends the transport: when the last frames are with the client if
	// there are any, at once otherwise. flushed is closed when nothing is
	// written any more. It is for the connection's goroutine.
	finish(flushed <-chan struct{}, last bool)
	// cut drops the transport without a word, from any goroutine.
	cut()
}

// source is where a connection's goroutine reads.
type source interface {
	// deadline bounds reading from now on; 0 is no bound.
	deadline(timeout time.Duration)
	// wait returns when bytes have arrived, or with os.ErrDeadlineExceeded.
	wait() error
	// receive appends what has arrived.
	receive(buf []byte) ([]byte, error)
	// interrupt ends a read that waits. It may be called from any goroutine.
	interrupt()
}

// sink is where a connection's shard writes, or the writer that it starts for
// what the client does not take at once.
type sink interface {
	// wire appends the bytes to write for whole frames. They depend on nothing
	// but the frames.
	wire(dst, frames []byte) []byte
	// immediate says whether tryWrite can take anything at all.
	immediate() bool
	// tryWrite takes as many bytes as it can without waiting. An error says
	// that the transport is lost.
	tryWrite(bytes []byte) (n int, err error)
	// write waits until bytes are taken, for timeout at most.
	write(bytes []byte, timeout time.Duration) (n int, err error)
	// cut makes every write fail from now on.
	cut()
}

// pulled is a sink that takes what is queued by itself.
type pulled interface {
	// arrived says that there is something to take.
	arrived()
}

// payloads calls visit for the payload of each data frame; the others mean
// something only on a WebSocket.
func payloads(frames []byte, visit func([]byte)) {
	for len(frames) > 0 {
		op, payload, rest := ws.NextFrame(frames)
		if op == ws.Text || op == ws.Binary {
			visit(payload)
		}
		frames = rest
	}
}
