// Package document is the document service: it takes uploads, queues them,
// extracts their text in a child process, scans it for compliance findings,
// and tells true progress and alerts as events.
//
// # What is promised
//
// A document that [Service.Upload] accepted is stored, recorded and queued
// durably before the call returns, and ends in exactly one terminal status,
// completed or failed, whatever crashes on the way. The order of writing is
// blob, record, event, job; so a crash leaves at most an orphan blob or
// temporary file, or a record whose job the sweep publishes again. At the end
// it is record, event, acknowledged job: no event reports what is not stored.
//
// A document's percentage never falls, also not from one attempt to the next,
// and is 100 only when the document is completed. The part below 97 is the
// position in the input; from there on the findings are being settled.
//
// A raw value that the scan found is in the stored bytes only: never in a
// record, an event or a log.
//
// # Concurrency
//
// Every method of [Service] may be called from any goroutine. [Service.Run]
// owns the background work: one watch of the records, one sweep, and as many
// workers as configured; it returns when all of them have ended. A record has
// one writer at a time, held by its revision: who finds it changed by another
// lets go of the document. The records' watch blocks nobody: it only keeps the
// list of ids.
//
// # Limits
//
// An upload is read in pieces of 32 KiB and never held in memory. The list of
// documents costs about 60 bytes each. A stored record is at most 1 MiB; what
// does not fit are places of findings beyond the first few hundred, never
// counts.
// A document's progress is told up to 20 times at once and then 4 times a
// second, with a sign of life every 5 seconds. The bytes on disk and the number
// of documents are not limited.
package document
