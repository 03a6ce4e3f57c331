package client

import (
	"context"
	"fmt"
	"strconv"
	"sync"

	"github.com/fanfare-hub/fanfare/signalr/hubproto"
)

// Invoke calls a method of the hub and waits until it has completed. What it
// returns is stored in the value that result points to; a nil result, or a
// method without one, stores nothing. The method's failure is a [*HubError];
// a lost connection is [ErrClosed]. If ctx ends first the call goes on at the
// server, and its answer is ignored.
func (c *Client) Invoke(ctx context.Context, result any, method string, args ...any) error {
	if err := c.invoke(ctx, result, method, args); err != nil {
		return fmt.Errorf("invoke %s: %w", method, err)
	}
	return nil
}

func (c *Client) invoke(ctx context.Context, result any, method string, args []any) error {
	conn, err := c.current()
	if err != nil {
		return err
	}
	message, err := c.invocation(method, args)
	if err != nil {
		return err
	}
	id, answer := conn.calls.add()
	defer conn.calls.remove(id)
	message.InvocationID = id
	if err := conn.send(ctx, message); err != nil {
		return err
	}
	completion, err := conn.await(ctx, answer)
	if err != nil {
		return err
	}
	return c.store(result, completion)
}

// Send calls a method of the hub and returns when the call is written. Nobody
// tells whether the method succeeds, or exists.
func (c *Client) Send(ctx context.Context, method string, args ...any) error {
	conn, err := c.current()
	if err != nil {
		return fmt.Errorf("send %s: %w", method, err)
	}
	message, err := c.invocation(method, args)
	if err != nil {
		return fmt.Errorf("send %s: %w", method, err)
	}
	if err := conn.send(ctx, message); err != nil {
		return fmt.Errorf("send %s: %w", method, err)
	}
	return nil
}

func (c *Client) invocation(method string, args []any) (*hubproto.Invocation, error) {
	encoded := make([]hubproto.Raw, len(args))
	for i, arg := range args {
		raw, err := c.codec.Marshal(arg)
		if err != nil {
			return nil, fmt.Errorf("encode argument %d: %w", i+1, err)
		}
		encoded[i] = raw
	}
	return &hubproto.Invocation{Target: method, Arguments: encoded}, nil
}

func (c *Client) store(result any, completion *hubproto.Completion) error {
	if completion.HasError {
		return &HubError{Message: completion.Error}
	}
	if result == nil || !completion.HasResult {
		return nil
	}
	if err := c.codec.Unmarshal(completion.Result, result); err != nil {
		return fmt.Errorf("decode result: %w", err)
	}
	return nil
}

// calls are the invocations that wait for their completion.
type calls struct {
	mu      sync.Mutex // guards the fields below
	last    uint64
	waiting map[string]chan<- *hubproto.Completion
}

// add makes a new id and the channel on which its one completion will come.
func (c *calls) add() (id string, answer <-chan *hubproto.Completion) {
	// Room for one, so that the reader never waits for a caller.
	ch := make(chan *hubproto.Completion, 1)
	c.mu.Lock()
	defer c.mu.Unlock()
	c.last++
	id = strconv.FormatUint(c.last, 10)
	if c.waiting == nil {
		c.waiting = make(map[string]chan<- *hubproto.Completion)
	}
	c.waiting[id] = ch
	return id, ch
}

func (c *calls) remove(id string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	delete(c.waiting, id)
}

// complete hands a completion to its caller; false if nobody waits for it
// (CLI-03).
func (c *calls) complete(completion *hubproto.Completion) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	ch, ok := c.waiting[completion.InvocationID]
	if ok {
		delete(c.waiting, completion.InvocationID)
		ch <- completion
	}
	return ok
}
