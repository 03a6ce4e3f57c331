// Package hub is Fanfare's SignalR hub: its methods, its typed callbacks, and
// who is told what. It is thin: connections, groups and queues are package
// signalr's, the order of events is the log's.
//
// Every connection joins the group of this process's own service and, if it
// has a user id, of that user; UserConnected and UserDisconnected are emitted
// for it. SubscribeToDocument joins the document's group and then sends the
// document's present state from its record. Both the state and the live
// updates carry their position (attempt, status, percentage), and signalr
// passes over what is not newer than what the connection was sent: so at any
// instant of subscribing the first update is the present state, nothing
// follows that is older, and the terminal state comes, as far as the live feed
// drops nothing.
//
// [Callbacks.Deliver] hands an event to the connections' queues and never waits for
// a client.
package hub
