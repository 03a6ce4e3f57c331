package signalr

import (
	"context"
	"reflect"
	"slices"
)

// Filter surrounds what a hub does for its clients (INV-26). A nil field lets
// pass. Those of [ServerOptions] are outside those of [HubOptions]; in each the
// first is the outermost.
//
// A filter calls next once to go on, with its own context or one made from it,
// or not at all. What it returns counts: it may change a result, and turn an
// error into success or the other way round. A panic is an error (INV-14).
type Filter struct {
	// Invoke surrounds each call of a method that has passed its policies. The
	// result of a method that streams is its sequence, before any item is
	// pulled; a filter may return another one.
	Invoke func(ctx context.Context, call *Invocation, next func(context.Context) (any, error)) (any, error)
	// Connected surrounds OnConnected, also where the hub has none. Without an
	// error the client is connected.
	Connected func(ctx context.Context, c *Caller, next func(context.Context) error) error
	// Disconnected surrounds OnDisconnected, also where the hub has none.
	Disconnected func(ctx context.Context, c *Caller, reason error, next func(context.Context) error) error
}

// Invocation is what a filter sees of a call. It must not be changed.
type Invocation struct {
	Caller *Caller
	Method string // as it was registered
	Args   []any  // as the method gets them; without its streams from the client
}

// filterInvocation runs a method inside the filters.
func (h *Hub) filterInvocation(ctx context.Context, v *invocation, method func(context.Context) (any, error)) (any, error) {
	call := &Invocation{Caller: &v.conn.caller, Method: v.method.name, Args: valuesOf(v.args)}
	for _, filter := range slices.Backward(h.filters) {
		if around := filter.Invoke; around != nil {
			next := method
			method = func(ctx context.Context) (any, error) { return around(ctx, call, next) }
		}
	}
	return method(ctx)
}

// filterEvent runs OnConnected or OnDisconnected inside the filters. choose
// picks one filter's part in it; nil is none.
func (h *Hub) filterEvent(
	ctx context.Context, event func(context.Context) error,
	choose func(*Filter) func(context.Context, func(context.Context) error) error,
) error {
	for _, filter := range slices.Backward(h.filters) {
		if around := choose(&filter); around != nil {
			next := event
			event = func(ctx context.Context) error { return around(ctx, next) }
		}
	}
	return event(ctx)
}

func valuesOf(args []reflect.Value) []any {
	values := make([]any, len(args))
	for i, arg := range args {
		values[i] = arg.Interface()
	}
	return values
}
