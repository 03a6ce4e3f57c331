package client

import "sync/atomic"

// Stats counts what a client has done since New.
type Stats struct {
	// Received is the number of messages of the server, pings included.
	Received uint64
	// Sent is the number of messages to the server, pings included.
	Sent uint64
	// Handled is the number of the hub's calls that a handler has taken.
	Handled uint64
	// HandlerErrors is the number of handlers that returned an error.
	HandlerErrors uint64
	// UnknownMethods is the number of calls dropped for want of a handler.
	UnknownMethods uint64
	// Mismatches is the number of calls dropped because their arguments do
	// not fit the handler.
	Mismatches uint64
	// Discarded is the number of calls dropped unseen because Stop could not
	// wait any longer.
	Discarded uint64
	// Ignored is the number of messages without meaning for this client: of
	// an unknown type, or an answer to nothing that is waiting.
	Ignored uint64
	// Reconnected is the number of connections that took a lost one's place.
	Reconnected uint64
	// Resumed is the number of transports that took a lost one's place within
	// a connection, by stateful reconnect.
	Resumed uint64
}

type counters struct {
	received, sent, handled, handlerErrors         atomic.Uint64
	unknownMethods, mismatches, discarded, ignored atomic.Uint64
	reconnected, resumed                           atomic.Uint64
}

func (c *counters) snapshot() Stats {
	return Stats{
		Received:       c.received.Load(),
		Sent:           c.sent.Load(),
		Handled:        c.handled.Load(),
		HandlerErrors:  c.handlerErrors.Load(),
		UnknownMethods: c.unknownMethods.Load(),
		Mismatches:     c.mismatches.Load(),
		Discarded:      c.discarded.Load(),
		Ignored:        c.ignored.Load(),
		Reconnected:    c.reconnected.Load(),
		Resumed:        c.resumed.Load(),
	}
}
