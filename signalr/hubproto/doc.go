// Package hubproto is the wire format of SignalR's hub protocol: the messages,
// the codecs that turn them into bytes and back, the framing, the handshake
// and the negotiate document.
//
// It is pure: no goroutine, no network, no clock, no shared state. Everything
// is safe for concurrent use, and input is treated as hostile: no function
// panics, recurses without bound or allocates more than a small multiple of
// the bytes that are really there.
package hubproto
