package signalr

import (
	"context"
	"time"

	"github.com/fanfare-hub/fanfare/signalr/internal/ws"
)

const (
	// handoverTick is how often some connections are handed over.
	handoverTick = 50 * time.Millisecond
	// handoverShare is the part of the time until the context's deadline in
	// which all are handed over; the rest is for their ends.
	handoverShare = 0.75
	// handoverRate is for how many in a second there is time without a deadline.
	handoverRate = 1000
)

// handOver ends the connections a few at a time, so that the servers which
// their clients go to are not stormed (see ServerOptions.Handover). It returns
// when it is through, or ctx has ended.
func handOver(ctx context.Context, open []*connection) {
	window := time.Duration(len(open)) * time.Second / handoverRate
	if deadline, ok := ctx.Deadline(); ok {
		window = time.Duration(handoverShare * float64(time.Until(deadline)))
	}
	began, over := time.Now(), 0
	ticker := time.NewTicker(handoverTick)
	defer ticker.Stop()
	for {
		for due := due(len(open), time.Since(began), window); over < due; over++ {
			open[over].end(open[over].handedOver())
		}
		if over == len(open) {
			return
		}
		select {
		case <-ticker.C:
		case <-ctx.Done():
			return
		}
	}
}

// due is how many of n connections are to be over when so much of the window
// has gone.
func due(n int, gone, window time.Duration) int {
	if gone >= window {
		return n
	}
	return int(float64(n) * float64(gone) / float64(window))
}

// handedOver: the client is to go on with another server. A Close message would
// end stateful reconnect, and with it what the client could go on with; the code
// alone says that the service restarts. The other transports have no code.
func (c *connection) handedOver() ending {
	if c.transport.kind() != WebSockets {
		return c.elsewhere(EndedByShutdown)
	}
	return ending{last: ws.AppendClose(nil, ws.CodeRestart, ""), reason: EndedByShutdown}
}
