package client

import (
	"context"
	"fmt"
	"sync"

	"github.com/fanfare-hub/fanfare/signalr/hubproto"
)

// Client is one client of a hub: a connection, or one after the other where
// it reconnects. Its methods are safe for concurrent use.
type Client struct {
	// Set by New.
	url      string
	options  Options
	codec    hubproto.Codec
	handlers handlers
	stats    counters
	queue    *queue
	done     chan struct{}

	workers workers
	running sync.WaitGroup

	mu       sync.Mutex // guards the fields below
	state    State
	stopping bool               // Stop was called
	abort    context.CancelFunc // ends the attempt to connect under way
	cancel   context.CancelFunc // of the handlers' context; set from StateConnected on
	conn     *connection        // set in StateConnected, and kept in StateClosed if it was the last
	err      error
}

// New makes a client of the hub at url, which is http, https, ws or wss. Nil
// options are the defaults. Nothing is connected until Start.
func New(url string, options *Options) *Client {
	c := &Client{url: url, options: options.withDefaults(), queue: newQueue(), done: make(chan struct{})}
	c.codec = c.options.Protocol
	return c
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
		if conn != nil {
			release(conn.link.transport)
		}
		return fmt.Errorf("start: %w", err)
	}
	return nil
}

func (c *Client) begin(abort context.CancelFunc) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.state != StateDisconnected {
		return ErrStarted
	}
	c.state, c.abort = StateConnecting, abort
	return nil
}

// settle ends StateConnecting with what connect has brought.
func (c *Client) settle(ctx context.Context, conn *connection, err error) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.stopping {
		c.state = StateClosed
		close(c.done)
		return ErrClosed
	}
	if err != nil {
		c.state = StateDisconnected
		return err
	}
	handlersCtx, cancel := context.WithCancel(context.WithValue(context.WithoutCancel(ctx), handlerKey{}, true))
	c.state, c.conn, c.cancel = StateConnected, conn, cancel
	c.running.Go(func() {
		defer cancel()
		c.live(handlersCtx, conn)
	})
	return nil
}

// live is the client from its first connection to its end. ctx is the
// handlers'.
func (c *Client) live(ctx context.Context, conn *connection) {
	var handling sync.WaitGroup
	handling.Go(func() { c.handle(ctx) })
	err := c.keepConnected(ctx, conn)
	c.queue.close()
	handling.Wait()
	c.workers.await()
	c.end(err)
}

func (c *Client) end(err error) {
	c.mu.Lock()
	c.state, c.err = StateClosed, err
	c.mu.Unlock()
	c.options.OnClose(err)
	close(c.done)
}

// Stop says goodbye to the server and waits until all that was received is
// handled and every goroutine of the client has ended. If ctx ends before, the
// connection is cut, the handlers' context is cancelled, the calls still
// queued are discarded, and the context's error is returned.
func (c *Client) Stop(ctx context.Context) error {
	if conn := c.beginStop(); conn != nil {
		conn.stop(ctx)
	}
	select {
	case <-c.done:
		c.running.Wait()
		return nil
	case <-ctx.Done():
		c.cut()
		return fmt.Errorf("stop: %w", context.Cause(ctx))
	}
}

// beginStop ends what is not running yet, and returns what is.
func (c *Client) beginStop() *connection {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.stopping = true
	switch c.state {
	case StateDisconnected:
		c.state = StateClosed
		close(c.done)
	case StateConnecting, StateReconnecting:
		c.abort()
	case StateConnected:
		return c.conn
	case StateClosed:
	}
	return nil
}

// cut ends the connection and the handlers without ceremony.
func (c *Client) cut() {
	c.mu.Lock()
	conn, cancel := c.conn, c.cancel
	c.mu.Unlock()
	if conn != nil {
		conn.fail(ErrClosed)
	}
	if cancel != nil {
		cancel()
	}
}

// Done is closed when the client is at its end, and the last handler has
// returned. A connection whose place another takes is no end.
func (c *Client) Done() <-chan struct{} { return c.done }

// Err says why the client has come to its end: nil while it has not, and nil
// after Stop. If the server ended it, it is a [*CloseError].
func (c *Client) Err() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.err
}

// State is where the client stands. A transport that stateful reconnect
// replaces does not change it.
func (c *Client) State() State {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.state
}

// ConnectionID is the server's name for the present connection. It is empty
// without one and without negotiation; another connection has another.
func (c *Client) ConnectionID() string {
	if conn, err := c.current(); err == nil {
		return conn.link.id
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
	case c.state == StateReconnecting:
		return nil, ErrReconnecting
	case c.state == StateClosed:
		return nil, closedBy(c.err)
	default:
		return nil, ErrNotStarted
	}
}
