// Package fanfare is the vocabulary of Fanfare, a real-time event hub that
// speaks SignalR: the [Event] with its ten types and their payloads, the
// [Topic] an event belongs to, the callback by which clients hear of it, its
// CloudEvents and .NET JSON forms, and the closed set of error codes.
//
// It imports the standard library only, holds no state, starts nothing and
// blocks on nothing. All values are plain data: an Event is not changed after
// it was built, and may be shared between goroutines.
package fanfare
