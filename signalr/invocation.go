package signalr

import (
	"context"
	"fmt"
	"log/slog"
	"reflect"
	"sync/atomic"
	"time"

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

	ctx     context.Context    //nolint:containedctx // the call's own life
	cancel  context.CancelFunc // of ctx, if its client can end it: only a stream
	uploads []*upload
	failure error       // what it failed by, for its span
	slot    atomic.Bool // it holds one of conn.slots
}

// invoke checks a call as far as it must happen in order and starts it. Calls
// with streams run at once (INV-20). Any other waits while as many run as may,
// which holds up all that the client sends behind it (INV-19). A call that
// cannot run waits too, so that its answer does not overtake that of the call
// before it (INV-18).
func (c *connection) invoke(m *hubproto.Invocation) {
	call := c.prepare(m)
	c.server.tracing.adopt(call, m)
	if !call.free() {
		if !c.takeSlot() {
			return
		}
		call.slot.Store(true)
	}
	c.calls.Add(1)
	c.server.crew.Run(call.run)
}

// takeSlot waits until one more call may run; it does not if the connection
// ends before.
func (c *connection) takeSlot() bool {
	if c.slots == nil {
		c.slots = make(chan struct{}, c.hub.options.MaximumParallelInvocations)
	}
	select {
	case c.slots <- struct{}{}:
		return true
	default:
	}
	select {
	case c.slots <- struct{}{}:
		return true
	case <-c.ctx.Done():
		return false
	}
}

// free says whether a call needs no slot. One that a policy would look at only
// for it to be refused afterwards does: no limit of streams bounds their number.
func (v *invocation) free() bool {
	if v.unbound != "" {
		return v.stream || v.streams > 0
	}
	if !v.stream && len(v.method.uploads) == 0 {
		return false
	}
	return v.cancel != nil || len(v.uploads) > 0 || len(v.method.authorize) == 0
}

// prepare finds the method and binds the arguments, which alias the record and
// so cannot wait. Streams are known from now on (UP-04).
func (c *connection) prepare(m *hubproto.Invocation) *invocation {
	call := &invocation{
		conn: c, method: c.hub.method(m.Target), id: m.InvocationID,
		stream: m.Stream, streams: len(m.StreamIDs), ctx: c.ctx,
	}
	if call.method == nil {
		call.unbound = explain(unable(m.Target), HubError("Method does not exist."), false)
		return call
	}
	args, err := call.method.bind(c.encoding.Load().codec, m)
	if err != nil {
		call.unbound = explain(unable(call.method.name), err, c.hub.options.DetailedErrors)
		return call
	}
	call.args = args
	if fits := call.stream == call.method.streams && call.streams == len(call.method.uploads); fits && (call.stream || call.streams > 0) {
		call.unbound = c.streams.add(call, m.StreamIDs)
	}
	return call
}

func unable(method string) string {
	return fmt.Sprintf("Failed to invoke '%s' due to an error on the server.", method)
}

func unexpected(method string) string {
	return fmt.Sprintf("An unexpected error occurred invoking '%s' on the server.", method)
}

// run ends with exactly one Completion if there is an id (INV-17).
func (v *invocation) run() {
	defer v.conn.calls.Done()
	defer v.release()
	span := v.conn.server.tracing.begin(v)
	end := v.execute()
	v.conn.server.tracing.end(span, end, v.failure)
	v.conn.streams.remove(v) // before the client learns that it may use the ids again
	v.conn.complete(end)
}

// slowCall is how long the calls that stand before what ends a connection may
// still take to answer.
const slowCall = time.Second

// awaitCalls waits for the calls that run, if they are not slow: what came
// before a message that cannot be read is answered before the end (SIZE-03).
// No call can begin any more.
func (c *connection) awaitCalls() {
	timer := time.NewTimer(slowCall)
	defer timer.Stop()
	for range cap(c.slots) {
		select {
		case c.slots <- struct{}{}:
		case <-timer.C:
			return
		case <-c.ctx.Done():
			return
		}
	}
}

// release lets the next call run. Only the first one counts.
func (v *invocation) release() {
	if v.slot.CompareAndSwap(true, false) {
		<-v.conn.slots
	}
}

// execute runs the method, and its stream to the end. It returns the answer;
// nil if the connection ends instead.
func (v *invocation) execute() *hubproto.Completion {
	c := v.conn
	if refusal := v.refuse(); refusal != "" {
		return v.failed(refusal)
	}
	result, err := v.call()
	switch {
	case err == nil && v.method.streams:
		return v.pump(result)
	case err == nil:
		return v.succeeded(result)
	case v.canceled(err):
		return &hubproto.Completion{InvocationID: v.id}
	}
	v.failure = err
	c.hub.options.Logger.DebugContext(v.ctx, "hub method returned an error",
		slog.String("method", v.method.name), slog.String("connection", c.caller.PublicID()), slog.Any("error", err))
	return v.failed(explain(unexpected(v.method.name), err, c.hub.options.DetailedErrors))
}

// refuse says why a call does not run, by the checks in their order; an empty
// text lets it pass (INV-06 to INV-12).
func (v *invocation) refuse() string {
	switch {
	case v.unbound != "":
		return v.unbound
	case v.authorize() != nil:
		return fmt.Sprintf("Failed to invoke '%s' because user is unauthorized", v.method.name)
	case v.stream && !v.method.streams:
		return fmt.Sprintf("The client attempted to invoke the non-streaming '%s' method with a streaming invocation.", v.method.name)
	case !v.stream && v.method.streams:
		return fmt.Sprintf("The client attempted to invoke the streaming '%s' method with a non-streaming invocation.", v.method.name)
	case v.streams != len(v.method.uploads):
		return explain(unexpected(v.method.name), HubError(fmt.Sprintf(
			"Client sent %d stream(s), Hub method expects %d.", v.streams, len(v.method.uploads))), false)
	default:
		return ""
	}
}

func (v *invocation) authorize() (err error) {
	defer v.conn.hub.catch(v.ctx, v.method.name, &err)
	return v.method.allow(v.ctx, &v.conn.caller, v.args)
}

// call runs the method inside the filters.
func (v *invocation) call() (result any, err error) {
	defer v.conn.hub.catch(v.ctx, v.method.name, &err)
	uploads := make([]reflect.Value, len(v.uploads))
	for i, u := range v.uploads {
		uploads[i] = u.sequence(v)
	}
	filtered := len(v.conn.hub.filters) > 0
	ctx := v.ctx
	if v.method.context || filtered {
		ctx = context.WithValue(ctx, callKey{}, v)
	}
	if !filtered {
		return v.method.call(ctx, &v.conn.caller, v.args, uploads)
	}
	return v.conn.hub.filterInvocation(ctx, v, func(ctx context.Context) (any, error) {
		return v.method.call(ctx, &v.conn.caller, v.args, uploads)
	})
}

// failed answers a call with an error.
func (v *invocation) failed(text string) *hubproto.Completion {
	return &hubproto.Completion{InvocationID: v.id, Error: text, HasError: true}
}

// succeeded answers a call with its result. One that cannot be encoded ends
// the connection (INV-25).
func (v *invocation) succeeded(result any) *hubproto.Completion {
	if v.id == "" {
		return nil
	}
	raw, err := v.conn.encoding.Load().codec.Marshal(result)
	if err != nil {
		v.failure = err
		v.conn.end(v.conn.failed(err))
		return nil
	}
	return &hubproto.Completion{InvocationID: v.id, Result: raw, HasResult: true}
}

func (c *connection) complete(m *hubproto.Completion) {
	if m == nil || m.InvocationID == "" {
		return
	}
	// An error says that the connection has ended: there is nobody to tell.
	_ = c.post(task{kind: taskOwn, conn: c, bytes: c.encoding.Load().frame(nil, m)})
}
