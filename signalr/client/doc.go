// Package client is a SignalR client: it calls the methods of a hub and runs
// handlers for what the hub calls.
//
//	c := client.New("https://example.com/chat", &client.Options{Reconnect: client.ReconnectAfter()})
//	c.On("ReceiveMessage", func(user, text string) { … })
//	if err := c.Start(ctx); err != nil { … }
//	err := c.Invoke(ctx, &count, "Count", "lobby")
//	for line, err := range client.Stream[string](ctx, c, "Tail", "lobby") { … }
//
// It connects by WebSockets, Server-Sent Events or long polling, whichever works
// first, and speaks JSON or MessagePack. A [Client] is started once; only a
// Start that failed may be repeated. When it has come to its end, Done is closed
// and Err says why.
//
// # Order
//
// What the hub calls is handled in the order in which it was sent: handlers
// run on one goroutine, each call completely before the next. Everything that was
// read before the end of the connection is still handled; Done is closed
// after the last handler. Calls made by one goroutine are sent in its order.
//
// A call that the hub wants answered (a client result) keeps its place in this
// order, with one exception. The handler before it may be waiting for the hub,
// and the hub for the answer: so while a handler waits in an Invoke or a Stream
// to which it gave its own context, or after a second behind any handler, the
// call is handled beside the others.
//
// # Reconnection
//
// With [Options.Reconnect] a lost connection's place is taken by another one.
// It is another client to the hub: its ID is new, it is in no group, and nothing
// that was sent meanwhile comes again. Calls and streams under way fail with
// [ErrClosed], and whether the hub has carried them out is not known; calls
// made in between fail at once with [ErrReconnecting]. Handlers stay registered.
// OnReconnecting and OnReconnected run between the handlers, after the last call
// of the one connection and before the first of the next, which makes the
// latter the place to join groups again. A server that says Close without
// allowing a reconnection is not visited again.
//
// With [Options.StatefulReconnect], and a server that takes part, the
// connection itself outlives its WebSocket. Calls, streams, groups and ID stay,
// calls made meanwhile wait, and every message, either way, arrives once and in
// order; nobody is told. That holds as long as the server keeps the connection,
// 15 s as a rule, and the client tries it once, at once. If that fails, the
// connection is lost, and the paragraph above applies.
//
// # Blocking
//
// Between the socket and the handlers there is a queue of
// [Options.HandlerQueue] calls. When it is full the client stops reading, and
// so slows the server down; nothing is dropped. While an Invoke, a stream's loop
// or a call that needs the server's acknowledgement waits, which a handler may
// have made, the client reads on until 16 MiB of calls are queued. Time that the
// client itself does not read is not counted as the server's silence.
//
// The items of a [Stream] wait for its loop, up to [Options.StreamBuffer] bytes;
// then the client stops reading likewise, but while an Invoke or another loop
// waits only beyond 16 MiB. A stream that stays so full for
// [Options.ServerTimeout] ends with [ErrStreamOverflow], and is cancelled at the
// hub.
//
// Invoke and Send are safe for concurrent use. They wait for their turn to
// write as long as their context allows; a write that has begun is not broken
// off, but bounded by [Options.ServerTimeout], after which the transport is
// given up; what the server has sent until then is still handled, for up to 5 s.
// Over Server-Sent Events and long polling a message is a request, which takes
// a round trip; what others send meanwhile goes out together with the next one,
// 64 KiB at a time.
//
// # Limits
//
// A message of the server has at most [Options.MaximumMessageSize] bytes, the
// answer to a negotiation 1 MiB, that to the handshake 64 KiB, the text of a
// refusal 4 KiB. Redirects of a negotiation end at 100, polls without an answer
// at three of 100 s, WebSockets in a row on which stateful reconnect brings
// nothing new at ten. Opening a transport has [Options.HandshakeTimeout], and so
// has the handshake.
//
// # What is not handled
//
// A call that no handler can take (unknown name, wrong number or type of
// arguments) is dropped, counted in [Stats] and logged; if the hub wants an
// answer it gets an error. A panic in a handler is the program's own and is not
// recovered.
//
// # Ownership
//
// A started client has three goroutines (reader, handlers, keep-alive), one for
// each stream that it sends and for each call that it is to answer, and one while
// stateful reconnect opens a WebSocket or sends again. They end before Done is
// closed; Stop ends them and waits. Handlers must not wait for Stop or Done,
// which wait for them. Values that handlers get are theirs; arguments of calls
// are encoded before the call is queued.
//
// What [Options.HTTPClient] keeps open, as idle TCP connections, is its owner's.
package client
