// Package outbox numbers the messages of a connection with stateful reconnect,
// for the server and for the client: an [Outbox] keeps what was sent until it
// is acknowledged, an [Inbox] knows what was received.
//
// Messages of the types Invocation, StreamItem, Completion, StreamInvocation
// and CancelInvocation have a number, the others have none (SR-02). Numbers
// begin with 1 in each direction and are never set back (SR-03); they are not
// written on the wire but counted on both sides.
//
// Both are plain data: no locks, no goroutines, and they keep the bytes that
// they are given without copying. Their owner sees to it that one goroutine at
// a time uses them.
package outbox
