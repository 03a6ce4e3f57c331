// Package ws carries WebSocket messages over one connection, on either side
// (RFC 6455, no extension, no subprotocol).
//
// Reading: one goroutine at a time calls [Conn.Wait], [Conn.ReadMessage] or
// [Conn.ReadChunk]. A connection that waits for bytes holds no read buffer if
// it is plain TCP: the buffer comes from a pool when bytes have arrived and
// goes back when they were used up. Frame rules, masking, the UTF-8 rule and
// the size limit are checked while the bytes come in; nothing is allocated
// for a length that is only announced.
//
// Writing: [Conn.WriteMessage], [Conn.WriteClose] and [Conn.Write] block, may
// be called from any goroutine and never tear each other's bytes apart.
// [Conn.TryWrite] never blocks and may write a part; whoever uses it owns the
// write side as a whole, and must not let a blocking write happen between a
// part and its rest. For the same reason it has to take over the answers to
// Ping frames with [Conn.OnPing].
//
// Waiting: a goroutine that begins with [Conn.Wait] keeps the smallest of
// stacks meanwhile. On Linux a plain TCP connection can wait without any, in a
// [Lot].
//
// The package never closes a connection by itself, and answers nothing but
// Pings: after an error of a read the caller decides what to say and closes.
package ws
