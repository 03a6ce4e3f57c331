package client

import (
	"context"
	"fmt"
	"sync"

	"github.com/fanfare-hub/fanfare/signalr/hubproto"
)

// state is where a client stands in its life.
type state int

const (
	stateIdle state = iota
	stateStarting
	stateRunning
	stateEnded
)

// Client is one connection to a hub. Its methods are safe for concurrent use.
type Client struct {
	// Set by New.
	url      string
	options  Options
	codec    hubproto.Codec
	handlers handlers
	stats    counters
	done     chan struct{}

	running sync.WaitGroup

	mu       sync.Mutex // guards the fields below
	state    state
	stopping bool               // Stop was called
	abort    context.CancelFunc // ends the Start under way
	conn     *connection        // set from stateRunning on
	err      error
}

// New makes a client of the hub at url, which is http, https, ws or wss. Nil
// options are the defaults. Nothing is connected until Start.
func New(url string, options *Options) *Client {
	return &Client{
		url:     url,
		options: options.withDefaults(),
		codec:   hubproto.NewJSON(nil),
		done:    make(chan struct{}),
	}
}

// On registers fn for the hub's calls of name, which is matched without regard
// to case. fn is a function; its parameters, after an optional
// [context.Context], are the arguments of the call. It may return a value, an
// error, or both in this order: the value answers a server that asks for one.
// The context has the values of Start's, and ends with the connection's last
// handler, or when Stop can wait no longer.
//
// On may be called at any time, but a call that arrives before it is dropped.
// It panics if fn is not such a function or the name is taken, since either is
// a mistake in the program.
func (c *Client) On(name string, fn any) {
	if err := c.handlers.add(name, fn); err != nil {
		panic(fmt.Sprintf("signalr client: on %q: %v", name, err)) //nolint:forbidigo // the caller passed what no server could ever call
	}
}

// Start connects: it negotiates, opens the transport and shakes hands. ctx
// bounds this only, not the connection's life. A Start that fails leaves
// nothing behind and may be repeated.
func (c *Client) Start(ctx context.Context) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	if err := c.begin(cancel); err != nil {
		return fmt.Errorf("start: %w", err)
	}
	conn, err := c.connect(ctx)
	if err := c.settle(ctx, conn, err); err != nil {
		return fmt.Errorf("start: %w", err)
	}
	return nil
}

func (c *Client) begin(abort context.CancelFunc) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.state != stateIdle {
		return ErrStarted
	}
	c.state, c.abort = stateStarting, abort
	return nil
}

// settle ends stateStarting with what connect has brought.
func (c *Client) settle(ctx context.Context, conn *connection, err error) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.stopping {
		if conn != nil {
			conn.transport.Close()
		}
		c.state = stateEnded
		close(c.done)
		return ErrClosed
	}
	if err != nil {
		c.state = stateIdle
		return err
	}
	handlersCtx, cancel := context.WithCancel(context.WithoutCancel(ctx))
	conn.cancel = cancel
	c.state, c.conn = stateRunning, conn
	c.running.Go(func() { c.end(conn.run(handlersCtx)) })
	return nil
}

func (c *Client) end(err error) {
	c.mu.Lock()
	c.state, c.err = stateEnded, err
	c.mu.Unlock()
	c.options.OnClose(err)
	close(c.done)
}

// Stop says goodbye to the server and waits until all that was received is
// handled and every goroutine of the client has ended. If ctx ends before, the
// connection is cut, the handlers' context is cancelled, the calls still
// queued are discarded, and the context's error is returned.
func (c *Client) Stop(ctx context.Context) error {
	conn := c.beginStop()
	if conn != nil {
		conn.stop(ctx)
	}
	select {
	case <-c.done:
		c.running.Wait()
		return nil
	case <-ctx.Done():
		if conn != nil {
			conn.cut()
		}
		return fmt.Errorf("stop: %w", context.Cause(ctx))
	}
}

// beginStop ends what is not running yet, and returns what is.
func (c *Client) beginStop() *connection {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.stopping = true
	switch c.state {
	case stateIdle:
		c.state = stateEnded
		close(c.done)
	case stateStarting:
		c.abort()
	case stateRunning:
		return c.conn
	case stateEnded:
	}
	return nil
}

// Done is closed when the connection has ended and the last handler has
// returned.
func (c *Client) Done() <-chan struct{} { return c.done }

// Err says why the connection ended: nil while it has not, and nil after Stop.
// If the server ended it, it is a [*CloseError].
func (c *Client) Err() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.err
}

// ConnectionID is the server's name for this connection. It is empty before
// Start and without negotiation.
func (c *Client) ConnectionID() string {
	if conn, err := c.current(); err == nil {
		return conn.id
	}
	return ""
}

// Stats is a snapshot of the client's counters.
func (c *Client) Stats() Stats { return c.stats.snapshot() }

// current is the connection to call on.
func (c *Client) current() (*connection, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	switch {
	case c.conn != nil:
		return c.conn, nil
	case c.state == stateEnded:
		return nil, ErrClosed
	default:
		return nil, ErrNotStarted
	}
}
