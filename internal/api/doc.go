// Package api is Fanfare's HTTP interface: events and documents in, documents
// and the events of topics out, and the health of the process.
//
//	POST /api/events            one event, or a batch; 202 and the receipt
//	GET  /api/topics/{topic}/events  ?after= or ?from=, and ?limit=1-500 (default 50); with
//	                            Accept: text/event-stream it goes on as events come
//	POST /api/documents?name=   the file itself as the body; 201 and the document
//	GET  /api/documents         newest first, ?limit=1-500 (default 50) and ?after=
//	GET  /api/documents/{id}
//	GET  /health                Healthy, Degraded or Unhealthy, as ASP.NET Core writes it
//	GET  /alive                 Healthy, as long as the process answers
//
// docs/events.md says what publishers and followers send and get.
//
// # What is promised
//
// Whatever goes wrong is answered with an application/problem+json of one form,
// {"type","title","status","detail","code"}, whose code is one of the
// vocabulary's and decides the status; the one exception is 405, which has the
// code invalid_argument and says in Allow what would be right. What is about one
// event of a batch has its "index"; what is worth to be tried again says in
// Retry-After when. Details of the server's own errors go to the log, never to
// the client. Problems are counted by code in aspire.realtime.api.refused.
//
// A 202 is sent when all that was sent is stored. After any other answer, or
// none, the same may be sent again: what is stored already is known by its id.
//
// A request that changes something and comes from a web page of another origin
// is refused with 403, so that a foreign page cannot upload in the name of who
// looks at it.
//
// # Limits
//
// An event has at most 200 KiB as stored, a batch 500 events and 4 MiB. An
// address publishes at most 10,000 events a second on average, twice as many at
// once: that is against one publisher that runs away, and keeps the half of a
// node's capacity for the others. 1,000 event streams may be open.
//
// # Concurrency
//
// The handler of [New] starts no goroutine. It holds the buckets of at most
// 10,000 publishers, and the ends of the open event streams for [API.Close]. A
// body is read as it arrives, and ends with 400 when no byte arrives for 30
// seconds, which is all that a stalled client can hold up. An upload is passed
// on and blocks on the document service, publishing on the log.
//
// An event stream keeps no queue: the next event is fetched when the client has
// taken the one before. A client that takes nothing for 30 seconds is given up.
package api
