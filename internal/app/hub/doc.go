// Package hub is Fanfare's SignalR hub: its methods, its typed callbacks, and
// who is told what. It is thin: connections, groups and queues are package
// signalr's, the order of events is the log's.
//
// Every connection joins the group of this process's own service and, if it
// has a user id, of that user; UserConnected and UserDisconnected are emitted
// for it. What a connection subscribes to is a subscription of package feed: the
// present state, or what follows a cursor, then each event once and in order.
//
// [Callbacks.Deliver] hands an event to the connections' queues and never waits for
// a client.
package hub
