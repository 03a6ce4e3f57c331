// Package pipeline is the event processor: every event goes through it once on
// its way into the log, and once on its way from the log to callback
// subscribers.
//
//	Emit:     fill in what is missing -> validate -> append (each copy) -> receipt
//	EmitAll:  the same, one step for all events after the other
//	Deliver:  log -> routing table -> sink
//
// Promises:
//   - Emit returns when the event is stored, both copies if it has two, or with
//     an error. After an error the same event, with its ID, may be emitted
//     again: what is stored already is not stored twice.
//   - An event that is not valid, or too large in any of its copies, is refused
//     before anything of it is stored. In a batch one bad event is enough.
//   - A batch is stored in its order along each topic. If that breaks off, the
//     same batch may be emitted again: what is stored already is known by its
//     ID. An event that came without gets a new one each time, and is stored
//     twice then; who retries gives ids.
//   - Deliver never fails its caller; what the sink does not take is counted in
//     aspire.realtime.events.undeliverable and logged.
//
// # Concurrency
//
// A [Processor] starts no goroutine and keeps no queue: it works in its
// caller's, and may be used by many at once. Emit and EmitAll block as long as
// the log does, Deliver as long as the sink. Deliver keeps the order of its
// calls, so one goroutine must make those of a topic.
package pipeline
