// Package front stands between a listener and an http.Server. It answers by
// itself the two requests that open a SignalR connection, in their plainest
// form, and hands every other connection on, with the bytes that it has read
// still to be read: net/http takes it as it came, for good.
//
// Plain is a whole head of at most 4 KiB that begins with POST or GET and
// HTTP/1.1 and a path that the [Site] knows, of lower and upper case letters,
// digits and "/-._~" only; whose headers are each there once, on one line and
// of printable ASCII; which has a Host, no body, and no Origin but that of the
// same host; and which, if it is a GET, asks for a WebSocket and for nothing
// else. What is understood of such a head is what net/http understands of it:
// in every doubt it is net/http that decides, also whether to refuse.
//
// # Blocking
//
// A connection that waits for a request holds no buffer and the smallest of
// stacks, for as long as the http.Server would let it: a connection without a
// whole head is closed after [Options.HeaderTimeout], one that has been
// answered and stays silent after [Options.IdleTimeout]. A client that does not
// read its answers is closed after HeaderTimeout.
//
// # Goroutines
//
// One accepts; one is there for each connection that is not handed on. Close
// ends those that wait and returns when they have ended. A request that is
// being answered is the Site's to wait for: it is answered before its
// connection is closed.
package front
