package client

import (
	"context"
	"log/slog"

	"github.com/fanfare-hub/fanfare/signalr/hubproto"
)

// maxVain is how many transports in a row may be lost before anything new has
// come on them: a server that only lets the client in is no use to it.
const maxVain = 10

// resume puts a new transport in the place of a lost one, and says whether it
// could. It tries once, at once, without negotiation and
// handshake (SR-09, SR-22).
func (c *connection) resume(ctx context.Context) bool {
	if !c.resumable() {
		return false
	}
	c.vain++
	c.carry(nil)
	c.buffer, c.seen = nil, 0 // half a message comes again as a whole
	t, err := c.redial(ctx)
	if err != nil {
		c.client.options.Logger.WarnContext(ctx, "connection not resumed", slog.Any("error", err))
		return false
	}
	// Nobody may write before the replay. It has a goroutine of its own,
	// because the server, too, may write before it reads.
	select {
	case c.writing <- struct{}{}:
	case <-c.ended:
		t.Close()
		return false
	}
	if c.isClosing() || !c.carry(t) {
		<-c.writing
		t.Close()
		return false
	}
	begin, frames := c.ledger.resume()
	replay := func() {
		defer func() { <-c.writing }()
		c.replay(t, begin, frames)
	}
	c.client.workers.start(replay, func() { <-c.writing })
	c.client.stats.resumed.Add(1)
	return true
}

// resumable says whether the server may still keep what belongs to the
// transport: it does until one side has sent a Close message (SR-16). A Close
// frame alone need not mean that: a server closes a WebSocket like this when it
// takes another one for it (SR-17), or when it goes away.
func (c *connection) resumable() bool {
	return c.ledger != nil && !c.isClosing() && c.vain < maxVain
}

func (c *connection) redial(ctx context.Context) (transport, error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	done := make(chan struct{})
	defer close(done)
	c.client.workers.start(func() {
		select {
		case <-c.ended:
			cancel()
		case <-done:
		}
	}, cancel)
	return c.client.openTransport(ctx, WebSockets, c.link.at)
}

// replay is for the holder of the right to write.
func (c *connection) replay(t transport, begin []hubproto.Message, frames [][]byte) {
	var run []byte
	for _, message := range begin {
		run = c.client.codec.Append(run, message)
	}
	for _, frame := range frames {
		if len(run)+len(frame) > receiveChunk && len(run) > 0 {
			if !c.resend(t, run) {
				return
			}
			run = nil
		}
		run = append(run, frame...)
	}
	c.resend(t, run)
}

// resend writes a part of the replay. If it fails, the reader finds the
// transport closed.
func (c *connection) resend(t transport, run []byte) bool {
	if err := t.Send(run, c.client.options.ServerTimeout); err != nil {
		t.Close()
		return false
	}
	return true
}
