package client

import (
	"context"
	"fmt"

	"github.com/fanfare-hub/fanfare/signalr/hubproto"
)

// Invoke calls a method of the hub and waits until it has completed. What it
// returns is stored in the value that result points to; a nil result, or a
// method without one, stores nothing. The method's failure is a [*HubError];
// a lost connection is [ErrClosed]. If ctx ends first the call goes on at the
// server, and its answer is ignored: a CancelInvocation is for streams, and up
// to ASP.NET Core 10 no client sends it for another call and no server heeds it
// (STR-07). What is to be cancelled at the hub is a [Stream].
//
// An argument that is an iter.Seq2[T, error] or a channel is a stream: its
// items are sent one by one, as the method's next stream (UP-01), in a
// goroutine of the connection. The sequence's first error, or the end of ctx,
// ends it with an error at the hub. When the call is over the rest is not sent,
// but a sequence is asked for one more item, and a Stop waits for it.
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
	message, uploads, err := conn.invocation(ctx, method, args)
	if err != nil {
		return err
	}
	id, answer := conn.calls.add()
	defer conn.calls.remove(id)
	message.InvocationID = id
	if err := conn.send(ctx, message); err != nil {
		return err
	}
	defer conn.upload(ctx, uploads)()
	defer conn.pressure.enter(ctx)()
	completion, err := conn.await(ctx, answer)
	if err != nil {
		return err
	}
	return c.store(result, completion)
}

// Send calls a method of the hub and returns when the call is written. Nobody
// tells whether the method succeeds, or exists. Arguments may be streams, as
// for [Client.Invoke]: they go on being sent afterwards, until they or ctx end.
func (c *Client) Send(ctx context.Context, method string, args ...any) error {
	conn, err := c.current()
	if err != nil {
		return fmt.Errorf("send %s: %w", method, err)
	}
	message, uploads, err := conn.invocation(ctx, method, args)
	if err != nil {
		return fmt.Errorf("send %s: %w", method, err)
	}
	if err := conn.send(ctx, message); err != nil {
		return fmt.Errorf("send %s: %w", method, err)
	}
	conn.upload(ctx, uploads) // they stop by themselves
	return nil
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
