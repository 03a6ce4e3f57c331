package client

import (
	"context"
	"fmt"
	"time"

	"github.com/fanfare-hub/fanfare/signalr/hubproto"
)

// send writes one message when it is its turn. ctx bounds the wait for the
// turn only: half a message would spoil the connection.
func (c *connection) send(ctx context.Context, message hubproto.Message) error {
	switch {
	case c.isClosing():
		return closedBy(c.reason())
	case ctx.Err() != nil:
		return context.Cause(ctx)
	}
	select {
	case c.writing <- struct{}{}:
	case <-ctx.Done():
		return context.Cause(ctx)
	case <-c.ended:
		return closedBy(c.reason())
	}
	defer func() { <-c.writing }()
	return c.write(message)
}

// write is for the holder of the right to write.
func (c *connection) write(message hubproto.Message) error {
	frame := c.codec.Append(nil, message)
	if err := c.transport.Send(frame, c.options.ServerTimeout); err != nil {
		if !c.isClosing() { // else it was only too late
			c.fail(fmt.Errorf("write: %w", err))
		}
		return closedBy(c.reason())
	}
	c.stats.sent.Add(1)
	return nil
}

func (c *connection) isClosing() bool {
	select {
	case <-c.closing:
		return true
	case <-c.ended:
		return true
	default:
		return false
	}
}

// await waits for the answer of a call that was sent.
func (c *connection) await(ctx context.Context, answer <-chan *hubproto.Completion) (*hubproto.Completion, error) {
	select {
	case completion := <-answer:
		return completion, nil
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	case <-c.ended:
	}
	select {
	case completion := <-answer: // it came just before the end
		return completion, nil
	default:
		return nil, closedBy(c.reason())
	}
}

// keepAlive pings the server until the connection ends. The first ping goes
// out at once: it is what makes the server watch for the others (PING-05,
// CLI-08).
func (c *connection) keepAlive() {
	ticker := time.NewTicker(c.options.KeepAliveInterval)
	defer ticker.Stop()
	for {
		c.ping()
		select {
		case <-ticker.C:
		case <-c.ended:
			return
		case <-c.closing:
			c.awaitClose()
			return
		}
	}
}

// ping does nothing while somebody writes: the server hears from us then.
func (c *connection) ping() {
	select {
	case c.writing <- struct{}{}:
		_ = c.write(&hubproto.Ping{}) // if it fails it has ended the connection
		<-c.writing
	default:
	}
}

// awaitClose cuts a connection whose server does not take part in the closing
// handshake.
func (c *connection) awaitClose() {
	timer := time.NewTimer(closeTimeout)
	defer timer.Stop()
	select {
	case <-timer.C:
		c.fail(errCloseTimeout)
	case <-c.ended:
	}
}
