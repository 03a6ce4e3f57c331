// Package publisher sends events to a Fanfare hub, over POST /api/events.
//
//	p, err := publisher.New(publisher.Options{URL: "http://127.0.0.1:8080", Service: "ocr"})
//	...
//	err = p.BroadcastProcessingUpdate(ctx, documentID, fanfare.StatusProcessing, 40)
//
// # Promises
//
// An event whose receipt was returned is stored. It is stored once: it gets its
// id before the first try, and the hub knows an id again for some minutes. So
// what may have been lost on the way is sent again: network errors, and the
// statuses 429, 502, 503 and 504, with a growing, random pause, or the one that
// the hub asks for, until ctx ends or [Options.RetryFor] is over. Other answers
// are final.
//
// Events keep the order in which calls that wait for one another make them.
// Between calls that do not, there is none.
//
// # Errors
//
// They are, or wrap, a [*fanfare.Error] with the hub's own code and sentence;
// [fanfare.CodeUnavailable] leaves open whether the events are stored. To send
// the same again later, and have it stored once, give events ids and times of your
// own ([fanfare.NewID]), and do it within the hub's window, which is never below
// a minute.
//
// # Concurrency
//
// The package starts no goroutines. A call blocks until its events are stored or
// it gives up. A [Publisher] is safe for concurrent use. For more than a few
// concurrent calls give it an HTTP client that keeps as many idle connections
// ([net/http.Transport.MaxIdleConnsPerHost]).
package publisher
