package client

import (
	"bytes"
	"context"

	"github.com/fanfare-hub/fanfare/signalr/hubproto"
)

// keepBuffer is the largest read buffer that is kept, in bytes; after a long
// message a new one is made.
const keepBuffer = 256 << 10

// recordEnd is behind every message in JSON.
const recordEnd = 0x1e

// takeAll handles every whole message that has arrived.
func (c *connection) takeAll(ctx context.Context) error {
	if !c.mayHoldMessage() {
		return nil
	}
	unread := c.buffer
	for len(unread) > 0 {
		record, rest, err := c.client.codec.Next(unread, c.client.options.MaximumMessageSize)
		if err != nil {
			return err
		}
		if record == nil {
			break
		}
		unread = rest
		if err := c.takeRecord(ctx, record); err != nil {
			return err
		}
	}
	c.keep(unread)
	return nil
}

// mayHoldMessage spares a long message in many pieces from being looked through
// from its beginning for each.
func (c *connection) mayHoldMessage() bool {
	if c.client.codec.Binary() || len(c.buffer) > c.client.options.MaximumMessageSize {
		return true
	}
	if bytes.IndexByte(c.buffer[c.seen:], recordEnd) >= 0 {
		return true
	}
	c.seen = len(c.buffer)
	return false
}

// keep moves what is not a whole message to the beginning of the buffer.
func (c *connection) keep(unread []byte) {
	if len(unread) == 0 && cap(c.buffer) > keepBuffer {
		c.buffer = nil
	}
	c.buffer = append(c.buffer[:0], unread...)
	c.seen = len(c.buffer)
}

// takeRecord handles one message. It is copied, so that it does not hold the
// buffer while it waits for its handler, and the buffer can be used again.
func (c *connection) takeRecord(ctx context.Context, record []byte) error {
	message, err := c.client.codec.Parse(bytes.Clone(record))
	if err != nil {
		return err
	}
	c.client.stats.received.Add(1)
	if message == nil { // of an unknown type (JSON-05)
		c.client.stats.ignored.Add(1)
		return nil
	}
	fresh, err := c.ledger.take(message)
	if err != nil {
		return err
	}
	if fresh {
		c.vain = 0
		c.take(ctx, message, len(record))
	}
	return nil
}

// take handles a message that is new.
func (c *connection) take(ctx context.Context, message hubproto.Message, size int) {
	if c.ledger != nil && numbered(message) {
		signal(c.acking)
	}
	switch m := message.(type) {
	case *hubproto.Invocation:
		c.receiveCall(ctx, m, size)
	case *hubproto.StreamItem:
		c.deliver(m)
	case *hubproto.Completion:
		if !c.calls.complete(m) {
			c.client.stats.ignored.Add(1)
		}
	case *hubproto.Ping:
	case *hubproto.Close:
		if !m.AllowReconnect {
			c.dismiss()
		}
		c.resolve(&CloseError{Message: m.Error, AllowReconnect: m.AllowReconnect})
		c.finish()
	default:
		c.client.stats.ignored.Add(1)
	}
}

// receiveCall hands a call to the handlers.
func (c *connection) receiveCall(ctx context.Context, call *hubproto.Invocation, size int) {
	j := job{conn: c, call: call, bytes: size + callOverhead}
	if call.InvocationID != "" {
		c.ask(ctx, j)
		return
	}
	if !c.enqueue(ctx, j) {
		c.client.stats.discarded.Add(1)
	}
}

// enqueue waits for room in the queue, which is what slows the server down.
// While somebody waits for what comes behind, only the bound on the bytes
// holds: a handler may be among them. It fails when ctx ends.
func (c *connection) enqueue(ctx context.Context, j job) bool {
	limit, pressed := c.client.options.HandlerQueue, c.pressure.anybody()
	for {
		room := c.client.queue.offer(j, limit)
		if room == nil {
			return true
		}
		select {
		case <-room:
		case <-pressed:
			limit, pressed = noLimit, nil
		case <-ctx.Done():
			return false
		}
	}
}

// signal leaves a signal in a channel that holds one.
func signal(ch chan<- struct{}) {
	select {
	case ch <- struct{}{}:
	default:
	}
}
