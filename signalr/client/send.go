package client

import (
	"context"
	"errors"
	"fmt"
	"net"

	"github.com/fanfare-hub/fanfare/signalr/hubproto"
)

// send writes one message when it is its turn. ctx bounds the wait for the
// turn only: half a message would spoil the connection.
func (c *connection) send(ctx context.Context, message hubproto.Message) error {
	if c.batching {
		return c.sendBatched(ctx, message)
	}
	for {
		if err := c.takeTurn(ctx); err != nil {
			return err
		}
		room := c.ledger.wait(message)
		if room == nil {
			defer func() { <-c.writing }()
			return c.write(message)
		}
		<-c.writing // for pings and Acks, which need no room
		if err := c.awaitRoom(ctx, room); err != nil {
			return err
		}
	}
}

func (c *connection) takeTurn(ctx context.Context) error {
	switch {
	case c.isClosing():
		return closedBy(c.reason())
	case ctx.Err() != nil:
		return context.Cause(ctx)
	}
	select {
	case c.writing <- struct{}{}:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	case <-c.ended:
		return closedBy(c.reason())
	}
}

// awaitRoom waits for an Ack of the server, which the reader must bring.
func (c *connection) awaitRoom(ctx context.Context, room <-chan struct{}) error {
	defer c.pressure.enter(ctx)()
	select {
	case <-room:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	case <-c.closing:
		return closedBy(c.reason())
	case <-c.ended:
		return closedBy(c.reason())
	}
}

// write is for the holder of the right to write.
func (c *connection) write(message hubproto.Message) error {
	frame := c.client.codec.Append(nil, message)
	return c.writeFrames(frame, 1, c.ledger.keep(message, frame))
}

// writeFrames writes so many whole messages; if they are kept they go out again
// with the replay.
func (c *connection) writeFrames(frames []byte, messages uint64, kept bool) error {
	t := c.carrier()
	if t == nil && kept {
		return nil
	}
	if t == nil {
		return closedBy(c.reason())
	}
	if err := t.Send(frames, c.client.options.ServerTimeout); err != nil {
		return c.unsent(t, kept, err)
	}
	c.client.stats.sent.Add(messages)
	return nil
}

// unsent deals with a message that could not be written.
func (c *connection) unsent(t transport, kept bool, err error) error {
	switch {
	case c.ledger != nil && !c.isClosing():
		t.Close() // the reader finds out, and opens another one
		if kept {
			return nil
		}
		return fmt.Errorf("write: %w", err)
	case cutHere(err): // whoever did that knows why
	case !c.isClosing(): // else it was only too late
		c.breakOff(fmt.Errorf("write: %w", err))
	}
	return closedBy(c.reason())
}

// cutHere says whether a transport failed because this side has closed it.
func cutHere(err error) bool {
	return errors.Is(err, context.Canceled) || errors.Is(err, net.ErrClosed)
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
