// Package hubproto is the wire format of SignalR's hub protocol: the messages,
// the codecs that turn them into bytes and back, the framing, the handshake
// and the negotiate document.
//
// It is pure: no goroutine, no network, no clock, no shared state. Everything
// is safe for concurrent use, and input is treated as hostile: no function
// panics, recurses without bound or allocates more than a small multiple of
// the bytes that are really there.
//
// # Names of members in JSON
//
// A struct member is named by its `json` tag; without one it has the Go
// field's name, as in encoding/json. SignalR's clients expect camel case, so
// give every field a tag. On read, names are compared without case (JSON-26).
// JSONOptions takes another encoder where another policy is wanted.
//
// # Names of members in MessagePack
//
// A struct member is named by its `msgpack` tag, else by the Go field's name,
// as .NET writes declared names there; on read, case counts (MP-19). A type may
// differ between the encodings: json.Marshaler and MessagePackMarshaler are
// asked by one of them each, so that an enum can be a number in JSON and a name
// in MessagePack. A type that is an encoding.TextMarshaler is a string in both.
//
// # Errors
//
// Every error that a peer may see has the text of ASP.NET Core and, by
// ErrorName, the name of the .NET exception that clients know it under.
package hubproto
