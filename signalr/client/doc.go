// Package client is a SignalR client: it calls the methods of a hub and runs
// handlers for what the hub calls.
//
//	c := client.New("https://example.com/chat", nil)
//	c.On("ReceiveMessage", func(user, text string) { … })
//	if err := c.Start(ctx); err != nil { … }
//	err := c.Invoke(ctx, &count, "Count", "lobby")
//	for line, err := range client.Stream[string](ctx, c, "Tail", "lobby") { … }
//
// A [Client] connects once. When its connection has ended, for whatever
// reason, Done is closed, Err says why, and the client cannot be started
// again; only a Start that failed may be repeated.
//
// # Order
//
// What the hub calls is handled in the order in which it was sent: handlers
// run on one goroutine, each call completely before the next. Everything that was
// read before the end of the connection is still handled; Done is closed
// after the last handler. Calls made by one goroutine are sent in its order.
//
// # Blocking
//
// Between the socket and the handlers there is a queue of
// [Options.HandlerQueue] calls. When it is full the client stops reading, and
// so slows the server down; nothing is dropped. While it does not read it sees
// no answers either: a handler that waits for an Invoke can be stuck if the
// server sends more than the queue holds meanwhile, so long work that talks to
// the hub belongs on a goroutine of its own. Time that the client itself does
// not read is not counted as the server's silence.
//
// The items of a [Stream] wait for its loop, up to [Options.StreamBuffer] bytes;
// then the client stops reading likewise, but not while an Invoke or
// another loop waits.
//
// Invoke and Send are safe for concurrent use. They wait for their turn to
// write as long as their context allows; a write that has begun is not broken
// off, but bounded by [Options.ServerTimeout], after which the connection is
// given up.
//
// # What is not handled
//
// A call that no handler can take (unknown name, wrong number or type of
// arguments) is dropped, counted in [Stats] and logged. A panic in a handler
// is the program's own and is not recovered.
//
// # Ownership
//
// A started client has three goroutines (reader, handlers, keep-alive), and one
// for each stream that it sends, which end before Done is closed. Stop ends them and waits. Handlers must not wait
// for Stop or Done, which wait for them.
package client
