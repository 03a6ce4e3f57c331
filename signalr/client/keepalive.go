package client

import (
	"context"
	"time"

	"github.com/fanfare-hub/fanfare/signalr/hubproto"
)

// ackDelay is how long the receipt of messages stays unacknowledged (SR-05).
const ackDelay = time.Second

// keepAlive sends what nobody asks for until the connection ends: pings and,
// with stateful reconnect, Acks. The first ping goes out at once: it is what
// makes the server watch for the others (PING-05, CLI-08).
func (c *connection) keepAlive(ctx context.Context) {
	var pings <-chan time.Time // never, where the transport needs none
	if c.link.transport.NeedsPings() {
		ticker := time.NewTicker(c.client.options.KeepAliveInterval)
		defer ticker.Stop()
		pings = ticker.C
		c.ping()
	}
	var acks <-chan time.Time
	acking := c.acking
	for {
		select {
		case <-pings:
			c.ping()
		case <-acking:
			acks, acking = time.After(ackDelay), nil
		case <-acks:
			acks, acking = c.acknowledge(ctx)
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
		_ = c.write(&hubproto.Ping{}) // if it fails it has ended the transport
		<-c.writing
	default:
	}
}

// acknowledge sends an Ack, unless the handlers are behind: what is not
// acknowledged is what slows the server down where the reader must not. It
// returns the timer or the signal to wait for.
func (c *connection) acknowledge(ctx context.Context) (timer <-chan time.Time, acking chan struct{}) {
	if c.client.queue.longer(c.client.options.HandlerQueue) {
		return time.After(ackDelay), nil
	}
	if ack := c.ledger.due(); ack != nil {
		_ = c.send(ctx, ack) // if it fails the transport is lost, and Sequence says the same
	}
	return nil, c.acking
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
