package client

import (
	"context"
	"fmt"
	"slices"
	"time"
)

// ReconnectPolicy says how long to wait before the next attempt to connect, or
// false to give up. It is asked from one goroutine at a time.
type ReconnectPolicy func(Retry) (delay time.Duration, again bool)

// Retry is what a [ReconnectPolicy] decides by.
type Retry struct {
	// Attempt is how many attempts have failed since the connection was lost: 0
	// for the first one.
	Attempt int
	// Elapsed is the time since the connection was lost.
	Elapsed time.Duration
	// Err is why the last attempt failed, or for the first one why the
	// connection was lost.
	Err error
}

// ReconnectAfter is the policy to try once after each of the delays; without
// any they are those of the official clients: 0, 2, 10 and 30 s.
func ReconnectAfter(delays ...time.Duration) ReconnectPolicy {
	if len(delays) == 0 {
		delays = []time.Duration{0, 2 * time.Second, 10 * time.Second, 30 * time.Second}
	}
	delays = slices.Clone(delays)
	return func(r Retry) (time.Duration, bool) {
		if r.Attempt >= len(delays) {
			return 0, false
		}
		return delays[r.Attempt], true
	}
}

// keepConnected runs one connection after the other, and returns why the last
// one ended.
func (c *Client) keepConnected(ctx context.Context, conn *connection) error {
	for {
		loss := conn.run(ctx)
		attempts, again := c.lose(ctx, conn)
		if !again {
			return loss
		}
		next, err := c.reconnect(attempts, loss)
		if next == nil {
			return err
		}
		conn = next
	}
}

// lose begins to reconnect if that is wanted. The context ends when Stop is
// called.
func (c *Client) lose(ctx context.Context, conn *connection) (attempts context.Context, again bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.stopping || c.options.Reconnect == nil || conn.isDismissed() {
		return nil, false
	}
	attempts, c.abort = context.WithCancel(ctx)
	c.state, c.conn = StateReconnecting, nil
	return attempts, true
}

// reconnect tries until it has a connection, or the policy gives up or ctx
// ends. Without a connection the error is what ends the client.
func (c *Client) reconnect(ctx context.Context, loss error) (*connection, error) {
	defer c.abort()
	c.queue.push(func() { c.options.OnReconnecting(loss) })
	begun, last := time.Now(), loss
	for attempt := 0; ; attempt++ {
		delay, again := c.options.Reconnect(Retry{Attempt: attempt, Elapsed: time.Since(begun), Err: last})
		if !again {
			return nil, gaveUp(loss, last, attempt)
		}
		if !pause(ctx, delay) {
			return nil, nil //nolint:nilnil // Stop is no error
		}
		conn, err := c.connect(ctx)
		if err == nil && c.adopt(conn) {
			return conn, nil
		}
		if err == nil {
			release(conn.link.transport)
		}
		if ctx.Err() != nil {
			return nil, nil //nolint:nilnil // Stop is no error
		}
		last = err
	}
}

// adopt makes a connection the client's, unless Stop was called meanwhile.
func (c *Client) adopt(conn *connection) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.stopping {
		return false
	}
	c.state, c.conn = StateConnected, conn
	c.stats.reconnected.Add(1)
	c.queue.push(func() { c.options.OnReconnected(conn.link.id) })
	return true
}

func gaveUp(loss, last error, attempts int) error {
	if attempts == 0 {
		return loss
	}
	return fmt.Errorf("%w; no new connection after %d attempts: %w", loss, attempts, last)
}

// pause waits, and says whether ctx has not ended.
func pause(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return ctx.Err() == nil
	case <-ctx.Done():
		return false
	}
}
