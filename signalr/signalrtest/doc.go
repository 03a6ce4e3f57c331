// Package signalrtest connects hubs and clients in memory, for tests: no ports,
// and time stands still in a bubble of testing/synctest.
//
//	func TestChat(t *testing.T) {
//		hub := newChatHub() // as in production
//		server := signalrtest.Serve(t, hub, nil)
//		ann, bob := server.Connect(t, nil), server.Connect(t, nil)
//		...
//	}
//
// Everything else is real: the server, the HTTP in front of it, the WebSockets
// and the client. What a socket in memory cannot show is a write that does not
// wait: the server writes to it as it does to TLS, through a writer on demand.
//
// # Bubbles
//
// In synctest.Test all of it, from NewHub on, belongs into the bubble, whose t
// must be the one that is passed. Timeouts then take no time, and synctest.Wait
// waits until every message has arrived. Without a bubble it works as well.
//
// # Ownership
//
// Serve and Connect register with t what ends them: clients first, then the
// server, which must take its leave within [Patience]. A test that leaves
// something running fails.
package signalrtest
