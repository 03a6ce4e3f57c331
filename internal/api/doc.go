// Package api is Fanfare's HTTP interface: documents in and out, and the
// health of the process.
//
//	POST /api/documents?name=   the file itself as the body; 201 and the document
//	GET  /api/documents         newest first, ?limit=1-500 (default 50) and ?after=
//	GET  /api/documents/{id}
//	GET  /health                Healthy, Degraded or Unhealthy, as ASP.NET Core writes it
//	GET  /alive                 Healthy, as long as the process answers
//
// # What is promised
//
// Whatever goes wrong is answered with an application/problem+json of one form,
// {"type","title","status","detail","code"}, whose code is one of the
// vocabulary's and decides the status; the one exception is 405, which has the
// code invalid_argument and says in Allow what would be right. Details of the
// server's own errors go to the log, never to the client.
//
// A request that changes something and comes from a web page of another origin
// is refused with 403, so that a foreign page cannot upload in the name of who
// looks at it.
//
// # Concurrency
//
// The handler of [New] starts nothing and holds no state. An upload is passed
// on as it arrives and blocks on the document service; it ends with 400 when no
// byte arrives for 30 seconds, which is all that a stalled client can hold up.
package api
