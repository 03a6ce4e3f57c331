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

// handle runs the handlers, one call after the other, until the queue is
// closed and empty.
func (c *connection) handle(ctx context.Context) {
	for call := range c.queue {
		if ctx.Err() != nil {
			c.stats.discarded.Add(1)
			continue
		}
		c.dispatch(ctx, call)
	}
}

func (c *connection) dispatch(ctx context.Context, call *hubproto.Invocation) {
	h := c.handlers.find(call.Target)
	if h == nil {
		c.stats.unknownMethods.Add(1)
		c.options.Logger.WarnContext(ctx, "call dropped: no handler", slog.String("method", call.Target))
		c.refuse(ctx, call, textNoResult)
		return
	}
	args, err := h.decode(c.codec, call.Arguments)
	if err != nil {
		c.stats.mismatches.Add(1)
		c.options.Logger.WarnContext(ctx, "call dropped: arguments do not fit the handler",
			slog.String("method", call.Target), slog.Any("error", err))
		c.refuse(ctx, call, textBadArguments)
		return
	}
	c.execute(ctx, call, h, args)
}

func (c *connection) execute(ctx context.Context, call *hubproto.Invocation, h *handler, args []reflect.Value) {
	result, err := h.call(ctx, args)
	c.stats.handled.Add(1)
	switch {
	case err != nil:
		c.stats.handlerErrors.Add(1)
		c.options.Logger.WarnContext(ctx, "handler failed", slog.String("method", call.Target), slog.Any("error", err))
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
	raw, err := c.codec.Marshal(result)
	if err != nil {
		c.options.Logger.WarnContext(ctx, "result cannot be encoded", slog.String("method", call.Target), slog.Any("error", err))
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
		c.options.Logger.WarnContext(ctx, "answer not sent", slog.String("method", call.Target), slog.Any("error", err))
	}
}
