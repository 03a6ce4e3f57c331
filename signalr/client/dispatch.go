package client

import (
	"context"
	"log/slog"
	"reflect"

	"github.com/fanfare-hub/fanfare/signalr/hubproto"
)

// The .NET client's answers to a server that asks for a result (CLI-09).
const (
	textNoResult     = "Client didn't provide a result."
	textBadArguments = "Client failed to parse argument(s)."
)

// handle does the jobs, one after the other, until the queue is closed and
// empty.
func (c *Client) handle(ctx context.Context) {
	for {
		j, ok := c.queue.next()
		switch {
		case !ok:
			return
		case j.call == nil:
			j.do()
		default:
			j.conn.dispatch(ctx, j.call)
		}
	}
}

func (c *connection) dispatch(ctx context.Context, call *hubproto.Invocation) {
	if ctx.Err() != nil {
		c.client.stats.discarded.Add(1)
		return
	}
	h := c.client.handlers.find(call.Target)
	if h == nil {
		c.client.stats.unknownMethods.Add(1)
		c.client.options.Logger.WarnContext(ctx, "call dropped: no handler", slog.String("method", call.Target))
		c.refuse(ctx, call, textNoResult)
		return
	}
	args, err := h.decode(c.client.codec, call)
	if err != nil {
		c.client.stats.mismatches.Add(1)
		c.client.options.Logger.WarnContext(ctx, "call dropped: arguments do not fit the handler",
			slog.String("method", call.Target), slog.Any("error", err))
		c.refuse(ctx, call, textBadArguments)
		return
	}
	c.execute(ctx, call, h, args)
}

func (c *connection) execute(ctx context.Context, call *hubproto.Invocation, h *handler, args []reflect.Value) {
	result, err := h.call(ctx, args)
	c.client.stats.handled.Add(1)
	switch {
	case err != nil:
		c.client.stats.handlerErrors.Add(1)
		c.client.options.Logger.WarnContext(ctx, "handler failed", slog.String("method", call.Target), slog.Any("error", err))
		c.refuse(ctx, call, err.Error())
	case h.withResult:
		c.answer(ctx, call, result)
	default:
		c.refuse(ctx, call, textNoResult)
	}
}

// answer sends a result to a server that asked for one (CR-01).
func (c *connection) answer(ctx context.Context, call *hubproto.Invocation, result any) {
	if call.InvocationID == "" {
		return
	}
	raw, err := c.client.codec.Marshal(result)
	if err != nil {
		c.client.options.Logger.WarnContext(ctx, "result cannot be encoded", slog.String("method", call.Target), slog.Any("error", err))
		c.refuse(ctx, call, textNoResult)
		return
	}
	c.reply(ctx, call, &hubproto.Completion{InvocationID: call.InvocationID, Result: raw, HasResult: true})
}

// refuse tells a server that asked for a result why there is none.
func (c *connection) refuse(ctx context.Context, call *hubproto.Invocation, text string) {
	if call.InvocationID == "" {
		return
	}
	c.reply(ctx, call, &hubproto.Completion{InvocationID: call.InvocationID, Error: text, HasError: true})
}

func (c *connection) reply(ctx context.Context, call *hubproto.Invocation, completion *hubproto.Completion) {
	if err := c.send(ctx, completion); err != nil {
		c.client.options.Logger.WarnContext(ctx, "answer not sent", slog.String("method", call.Target), slog.Any("error", err))
	}
}
