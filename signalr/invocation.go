package signalr

import (
	"context"
	"fmt"
	"log/slog"
	"reflect"

	"github.com/fanfare-hub/fanfare/signalr/hubproto"
)

// invocation is one call of a method on its way through the server.
type invocation struct {
	conn    *connection
	method  *method
	id      string // empty: nobody waits for an answer
	args    []reflect.Value
	stream  bool   // the client expects a stream
	streams int    // the client announces that many
	unbound string // why it cannot run; empty if it can
}

// invoke checks a call as far as it must happen in order and starts it. It
// waits while as many calls run as may, which holds up all that the client
// sends behind it (INV-19). A call that cannot run waits too, so that its
// answer does not overtake that of the call before it (INV-18).
func (c *connection) invoke(m *hubproto.Invocation) {
	call := c.prepare(m)
	select {
	case c.slots <- struct{}{}:
		c.server.goroutines.Go(func() {
			defer func() { <-c.slots }()
			call.run()
		})
	case <-c.ctx.Done():
	}
}

// prepare finds the method and binds the arguments, which alias the record and
// so cannot wait.
func (c *connection) prepare(m *hubproto.Invocation) *invocation {
	call := &invocation{
		conn: c, method: c.hub.method(m.Target), id: m.InvocationID,
		stream: m.Stream, streams: len(m.StreamIDs),
	}
	if call.method == nil {
		call.unbound = explain(unable(m.Target), HubError("Method does not exist."), false)
		return call
	}
	args, err := call.method.bind(c.encoding.Load().codec, m)
	if err != nil {
		call.unbound = explain(unable(call.method.name), err, c.hub.options.DetailedErrors)
	}
	call.args = args
	return call
}

func unable(method string) string {
	return fmt.Sprintf("Failed to invoke '%s' due to an error on the server.", method)
}

// run ends with exactly one Completion if there is an id (INV-17).
func (v *invocation) run() {
	c, ctx := v.conn, v.conn.ctx
	if refusal := v.refuse(ctx); refusal != "" {
		c.fail(v.id, refusal)
		return
	}
	result, err := v.call(ctx)
	if err != nil {
		c.hub.options.Logger.DebugContext(ctx, "hub method returned an error",
			slog.String("method", v.method.name), slog.String("connection", c.id), slog.Any("error", err))
		text := fmt.Sprintf("An unexpected error occurred invoking '%s' on the server.", v.method.name)
		c.fail(v.id, explain(text, err, c.hub.options.DetailedErrors))
		return
	}
	c.succeed(v.id, result)
}

// refuse says why a call does not run, by the checks in their order; an empty
// text lets it pass (INV-06 to INV-12).
func (v *invocation) refuse(ctx context.Context) string {
	switch {
	case v.unbound != "":
		return v.unbound
	case v.authorize(ctx) != nil:
		return fmt.Sprintf("Failed to invoke '%s' because user is unauthorized", v.method.name)
	case v.stream:
		return fmt.Sprintf("The client attempted to invoke the non-streaming '%s' method with a streaming invocation.", v.method.name)
	case v.streams > 0:
		text := fmt.Sprintf("An unexpected error occurred invoking '%s' on the server.", v.method.name)
		return explain(text, HubError(fmt.Sprintf("Client sent %d stream(s), Hub method expects 0.", v.streams)), false)
	default:
		return ""
	}
}

func (v *invocation) authorize(ctx context.Context) (err error) {
	defer v.conn.hub.catch(ctx, v.method.name, &err)
	return v.method.allow(ctx, &v.conn.caller, v.args)
}

func (v *invocation) call(ctx context.Context) (result any, err error) {
	defer v.conn.hub.catch(ctx, v.method.name, &err)
	return v.method.call(ctx, &v.conn.caller, v.args)
}

// fail answers a call with an error.
func (c *connection) fail(id, text string) {
	c.complete(&hubproto.Completion{InvocationID: id, Error: text, HasError: true})
}

// succeed answers a call with its result. One that cannot be encoded ends the
// connection (INV-25).
func (c *connection) succeed(id string, result any) {
	if id == "" {
		return
	}
	raw, err := c.encoding.Load().codec.Marshal(result)
	if err != nil {
		c.end(c.failed(err))
		return
	}
	c.complete(&hubproto.Completion{InvocationID: id, Result: raw, HasResult: true})
}

func (c *connection) complete(m *hubproto.Completion) {
	if m.InvocationID == "" {
		return
	}
	// An error says that the connection has ended: there is nobody to tell.
	_ = c.post(task{kind: taskOwn, conn: c, bytes: c.encoding.Load().frame(nil, m)})
}
