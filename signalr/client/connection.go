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
//	transport ─► read ─► queue ─► handle ─► On's functions
//	                └──► calls ─► Invoke
//	                └──► streams ─► Stream
//	Invoke, Send, uploads, handle, keepAlive ─► send ─► transport
type connection struct {
	// Set by newConnection.
	id        string
	transport transport
	codec     hubproto.Codec
	options   *Options
	handlers  *handlers
	stats     *counters
	queue     chan *hubproto.Invocation // closed by run, after the reader
	writing   chan struct{}             // holds one: the right to write
	closing   chan struct{}             // closed when nothing more will be sent
	ended     chan struct{}             // closed when the transport is

	cancel context.CancelFunc // of the handlers' context; set before run

	calls               calls
	uploads             sync.WaitGroup // started by start, awaited by run
	closeOnce, failOnce sync.Once

	unread []byte // owned by the reader: what is not a whole message yet

	mu       sync.Mutex // guards the fields below
	resolved bool
	over     bool // no upload can start any more
	cause    error
}

// newConnection takes over a transport on which the handshake is done; unread
// is what came behind it.
func (c *Client) newConnection(id string, t transport, unread []byte) *connection {
	return &connection{
		id:        id,
		transport: t,
		codec:     c.codec,
		options:   &c.options,
		handlers:  &c.handlers,
		stats:     &c.stats,
		queue:     make(chan *hubproto.Invocation, c.options.HandlerQueue),
		writing:   make(chan struct{}, 1),
		closing:   make(chan struct{}),
		ended:     make(chan struct{}),
		unread:    unread,
	}
}

// run reads until the connection ends, and returns why it did when everything
// else has ended too. ctx is the handlers'.
func (c *connection) run(ctx context.Context) error {
	defer c.cancel()
	var wg sync.WaitGroup
	wg.Go(func() { c.handle(ctx) })
	wg.Go(c.keepAlive)
	c.fail(c.read(ctx))
	close(c.queue)
	wg.Wait()
	c.awaitUploads()
	return c.reason()
}

// read takes in what the server sends until the transport ends.
func (c *connection) read(ctx context.Context) error {
	for {
		if err := c.takeAll(ctx); err != nil {
			return fmt.Errorf("read: %w", err)
		}
		// What was parsed lies before unread in the same memory and stays.
		more, err := c.transport.Receive(c.unread, c.options.ServerTimeout)
		if err != nil {
			return c.lost(err)
		}
		c.unread = more
	}
}

// lost explains the error of a transport.
func (c *connection) lost(err error) error {
	switch {
	case errors.Is(err, io.EOF):
		return &CloseError{}
	case errors.Is(err, os.ErrDeadlineExceeded):
		return fmt.Errorf("%w (%v)", ErrServerTimeout, c.options.ServerTimeout)
	default:
		return fmt.Errorf("read: %w", err)
	}
}

// takeAll handles every whole message that has arrived.
func (c *connection) takeAll(ctx context.Context) error {
	for len(c.unread) > 0 {
		record, rest, err := c.codec.Next(c.unread, c.options.MaximumMessageSize)
		if err != nil {
			return err
		}
		if record == nil {
			return nil
		}
		c.unread = rest
		message, err := c.codec.Parse(record)
		if err != nil {
			return err
		}
		c.stats.received.Add(1)
		c.take(ctx, message)
	}
	return nil
}

// take handles one message; nil is one of an unknown type (JSON-05).
func (c *connection) take(ctx context.Context, message hubproto.Message) {
	switch m := message.(type) {
	case *hubproto.Invocation:
		c.enqueue(ctx, m)
	case *hubproto.StreamItem:
		c.deliver(m)
	case *hubproto.Completion:
		if !c.calls.complete(m) {
			c.stats.ignored.Add(1)
		}
	case *hubproto.Ping:
	case *hubproto.Close:
		c.resolve(&CloseError{Message: m.Error, AllowReconnect: m.AllowReconnect})
		c.finish()
	default:
		c.stats.ignored.Add(1)
	}
}

// enqueue waits for room in the queue, which is what slows the server down.
func (c *connection) enqueue(ctx context.Context, call *hubproto.Invocation) {
	select {
	case c.queue <- call:
	case <-ctx.Done():
		c.stats.discarded.Add(1)
	}
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
		if err := c.transport.Finish(); err != nil {
			c.fail(fmt.Errorf("close: %w", err))
		}
	})
}

// cut ends the connection and its handlers without ceremony.
func (c *connection) cut() {
	c.fail(ErrClosed)
	c.cancel()
}

// fail ends the connection.
func (c *connection) fail(cause error) {
	c.resolve(cause)
	c.failOnce.Do(func() {
		close(c.ended)
		c.transport.Close()
	})
}

// resolve decides why the connection ends. Who is first is right: what fails
// afterwards does so because of it.
func (c *connection) resolve(cause error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.resolved {
		c.resolved, c.cause = true, cause
	}
}

func (c *connection) reason() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.cause
}
