// Package signalr is a server for SignalR clients: hubs of Go functions, sent
// to and called by the stock clients of every language. A [Server] is an
// [http.Handler]; its wire is that of ASP.NET Core SignalR.
//
//	const message = signalr.Call2[string, string]("ReceiveMessage")
//
//	hub := signalr.NewHub(&signalr.HubOptions{Name: "chat"})
//	hub.OnConnected(func(ctx context.Context, c *signalr.Caller) error { return c.Join("lobby") })
//	hub.Handle("Send", func(ctx context.Context, c *signalr.Caller, room, text string) error {
//		return message.To(ctx, hub.Group(room), c.UserID(), text)
//	})
//	server := signalr.NewServer(nil)
//	server.MapHub("/chat", hub, nil)
//
// The transports are WebSockets, Server-Sent Events and long polling. All that
// is promised here holds on each of them. [Server.MapConnection] serves
// connections without a hub protocol on the same.
//
// # Encodings
//
// Clients speak JSON or MessagePack, side by side on one hub; each chooses when
// it connects. A message is encoded once for each encoding that somebody uses,
// whatever the number of receivers. Package hubproto says how Go values look in
// both.
//
// # Order
//
// What one goroutine sends to one connection arrives in that order, whatever
// the targets. Once [Caller.Join] has returned, what is sent to the group
// reaches the connection. What a method sends to its caller arrives before the
// method's own result. A [Delivery] may say otherwise, for what waits in the
// queue of a slow client; within a key the order is kept even then. The invocations of one connection run in order, one at
// a time unless [HubOptions] allows more. There is no order between
// connections.
//
// # Blocking
//
// A send never waits for a client. It returns when the message is encoded and
// in the server's inbox; only when that is full (a sender is faster than the
// processor) does it wait, as long as its context lets it. What a client's
// socket does not take is queued for that client alone, in bounds: one that
// takes nothing for the send timeout, or falls behind by more than the queue
// limit, is cut and counted in [Stats].
//
// # Slow clients
//
// With a [Delivery] a message may be left out for a client that is slow, and
// whoever sends it learns of that: an argument that is [Conflatable] tells the
// client how many older ones it stands for, and [Hub.NextOverflow] tells the
// application what a connection lacks, by the Position that each message had.
// What has begun to be sent is never left out, nor what stateful reconnect has
// numbered. [Caller.AwaitRoom] paces who sends much to one client. What the
// operating system has taken counts as begun: [EndpointOptions.UnsentLimit] has
// it take little.
//
// # Stateful reconnect
//
// Where [EndpointOptions.AllowStatefulReconnects] lets it, a client whose
// WebSocket is lost goes on with the same connection on another one: nothing
// that was sent either way is missing or comes twice, its groups, streams and
// calls have not ended, and OnConnected does not run again. What waits for the
// client's acknowledgement is kept up to [HubOptions.StatefulReconnectBufferSize];
// what is sent beyond that waits in its queue, and a client that never
// acknowledges is cut when that is full. It has
// [ServerOptions.DisconnectTimeout] to come back.
//
// # Streams and results
//
// A method that returns an iter.Seq2[T, error] streams to its caller, one with
// such a parameter is streamed to; see [Hub.Handle]. The items of a stream wait
// for room in their client's queue, of which all streams together take a
// quarter at most: a slow client slows its streams, and nothing else. Calls
// with streams run beside the others, without order between them, each in the
// goroutine of its invocation. [Ask] calls a client's method and waits for the
// result. How many of each a connection may have is bounded in [HubOptions];
// what is refused for it is counted in [Stats].
//
// # Who may connect
//
// [EndpointOptions] of each path say who may: Authenticate is asked about every
// request ([BearerToken] finds what clients send), CheckOrigin about every
// WebSocket, SameUser keeps others from a connection. A credential that runs out
// ends its connection with CloseOnExpiry, and may be renewed with EnableRefresh.
// CORS is the application's, in front of the server.
//
// # Bounds
//
// Everything that a client can make the server keep has a bound, and a counter
// in [Stats] for what is refused: connections of the server, bytes of a message,
// of its names and headers, calls, streams and results of a connection, bytes
// that wait for a client or from it. What was posted before a transport has
// attached is kept for 1,024 connections at a time, 64 KiB for each. A connection
// that was only negotiated takes nothing: all about it stands in its token. How
// long a request's head and body may take is the HTTP server's: set its
// ReadHeaderTimeout, and its ReadTimeout and WriteTimeout if you like, which end
// neither streams nor polls.
//
// # Without net/http
//
// Most of what a new connection costs is net/http's. [Server.Front] puts a
// listener in front of an http.Server that answers negotiations and opens
// WebSockets by itself where the request is the plainest, and leaves all else to
// it. What the application has put around the server's handler, but CORS, does
// not see those requests.
//
// # Shutdown
//
// [Server.Shutdown] must be called besides that of the HTTP server, which knows
// nothing of WebSockets. It says goodbye to all clients at once, so that they
// come back elsewhere; with [ServerOptions.Handover] it hands them over one
// after the other.
//
// # Telemetry
//
// [ServerOptions.Meter] and [ServerOptions.Tracer] take OpenTelemetry providers;
// instruments and spans have the names of ASP.NET Core's. Logs name a connection
// by its PublicID, and have neither tokens nor what messages say; an error that
// the application returns is logged as it is, at debug level.
//
// Package signalrtest serves hubs in memory, for tests. Ids in comments, such as
// INV-01, are behaviours of ASP.NET Core SignalR; docs/conformance.md in the
// repository lists them with their tests.
//
// # Goroutines
//
// Each connection has one reading goroutine; on Server-Sent Events it is the
// handler of the request. Each invocation runs in one of its own, of which some
// are kept for the next. With [ServerOptions.Epoll], WebSockets whose clients
// have nothing to say share one goroutine that watches them. All
// writing is done by a shard, which owns the membership of its connections; a
// connection whose socket is full, and a stream of events while there is
// something to write, has a writer of its own until it has caught up.
// [Server.Shutdown] ends and awaits all of them.
package signalr
