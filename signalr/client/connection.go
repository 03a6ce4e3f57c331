package client

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"sync"

	"github.com/fanfare-hub/fanfare/signalr/hubproto"
)

// connection is what follows a handshake, until its end.
//
//	transport ─► read ─► the client's queue ─► On's functions
//	                ├──► calls ─► Invoke
//	                └──► streams ─► Stream
//	Invoke, Send, uploads, answers, keepAlive ─► send ─► transport
//
// With stateful reconnect the reader puts another transport in the place of a
// lost one, and the rest of the connection does not notice.
type connection struct {
	// Set by newConnection.
	client  *Client
	link    *link
	ledger  *ledger       // nil without stateful reconnect
	writing chan struct{} // holds one: the right to write
	closing chan struct{} // closed when nothing more will be sent
	ended   chan struct{} // closed when the connection is over
	acking  chan struct{} // holds one signal that an Ack will be due

	batching bool    // what waits goes out together
	batches  batches // where it waits then

	calls               calls
	pressure            pressure
	closeOnce, failOnce sync.Once

	// Owned by the reader.
	buffer []byte // what is not a whole message yet
	seen   int    // how much of buffer holds no end of a message
	vain   int    // transports in a row that brought nothing new

	mu        sync.Mutex // guards the fields below
	transport transport  // nil while another one is being opened
	resolved  bool
	dismissed bool  // the server does not want the client back (CLI-11)
	broken    error // why nothing more can be sent
	cause     error
}

// newConnection takes over a transport on which the handshake is done; unread
// is what came behind it.
func (c *Client) newConnection(l *link, unread []byte) *connection {
	conn := &connection{
		client:    c,
		link:      l,
		transport: l.transport,
		writing:   make(chan struct{}, 1),
		closing:   make(chan struct{}),
		ended:     make(chan struct{}),
		acking:    make(chan struct{}, 1),
		buffer:    unread,
	}
	_, conn.batching = l.transport.(batcher)
	if l.stateful {
		conn.ledger = newLedger(c.options.StatefulReconnectBufferSize)
	}
	return conn
}

// run reads until the connection ends, and returns why it did. What was read
// is in the queue then. ctx is the handlers'.
func (c *connection) run(ctx context.Context) error {
	var wg sync.WaitGroup
	wg.Go(func() { c.keepAlive(ctx) })
	c.fail(c.read(ctx))
	release(c.link.transport)
	wg.Wait()
	return c.reason()
}

// read takes in what the server sends until the connection ends.
func (c *connection) read(ctx context.Context) error {
	for {
		if err := c.takeAll(ctx); err != nil {
			return fmt.Errorf("read: %w", err)
		}
		t := c.carrier()
		if t == nil {
			return ErrClosed
		}
		more, err := t.Receive(c.buffer, c.client.options.ServerTimeout)
		c.buffer = more
		if err != nil && !c.resume(ctx) {
			return c.lost(err)
		}
	}
}

// lost explains the error of a transport.
func (c *connection) lost(err error) error {
	switch {
	case errors.Is(err, io.EOF):
		return &CloseError{}
	case errors.Is(err, os.ErrDeadlineExceeded):
		return fmt.Errorf("%w (%v)", ErrServerTimeout, c.client.options.ServerTimeout)
	default:
		return fmt.Errorf("read: %w", err)
	}
}

// carrier is the transport to use now, nil if there is none.
func (c *connection) carrier() transport {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.transport
}

// stop sends the goodbye and begins the closing handshake (CLI-02).
func (c *connection) stop(ctx context.Context) {
	c.resolve(nil)
	if err := c.send(ctx, &hubproto.Close{}); err != nil {
		c.fail(err)
	}
	c.finish()
}

// finish lets the transport close in order. keepAlive sees to it that this
// does not take for ever.
func (c *connection) finish() {
	c.closeOnce.Do(func() {
		close(c.closing)
		t := c.carrier()
		if t == nil {
			c.fail(ErrClosed)
			return
		}
		if err := t.Finish(); err != nil {
			c.fail(fmt.Errorf("close: %w", err))
		}
	})
}

// breakOff ends sending because it has failed. What the server has sent is still
// read, for some time: it may say why, and whether it wants the client back.
func (c *connection) breakOff(cause error) {
	c.mu.Lock()
	c.broken = cause
	c.mu.Unlock()
	c.closeOnce.Do(func() { close(c.closing) })
}

// fail ends the connection.
func (c *connection) fail(cause error) {
	c.resolve(cause)
	c.failOnce.Do(func() {
		close(c.ended)
		c.carry(nil)
	})
}

// carry puts a transport in the place of the one before, which is closed. It
// fails when the connection is over.
func (c *connection) carry(t transport) bool {
	c.mu.Lock()
	before := c.transport
	over := c.isEnded()
	if over {
		c.transport = nil
	} else {
		c.transport = t
	}
	c.mu.Unlock()
	if before != nil {
		before.Close()
	}
	return !over
}

func (c *connection) isEnded() bool {
	select {
	case <-c.ended:
		return true
	default:
		return false
	}
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

// resolve decides why the connection ends. Who is first is right: what fails
// afterwards does so because of it.
func (c *connection) resolve(cause error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.resolved {
		return
	}
	if _, said := errors.AsType[*CloseError](cause); c.broken != nil && !said {
		cause = c.broken
	}
	c.resolved, c.cause = true, cause
}

func (c *connection) reason() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.resolved {
		return c.broken
	}
	return c.cause
}

// dismiss notes that the server does not want the client back.
func (c *connection) dismiss() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.dismissed = true
}

func (c *connection) isDismissed() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.dismissed
}
