package signalr

import (
	"context"
	"errors"
	"net/http"
	"time"

	"github.com/fanfare-hub/fanfare/signalr/hubproto"
)

// maximumPost bounds the body of one POST request, in bytes; it is the default
// of ASP.NET Core's web server (POST-07).
const maximumPost = 30_000_000

// servePost takes bytes for a connection.
func (e *endpoint) servePost(w http.ResponseWriter, r *http.Request, u user) {
	found, ok := e.known(w, r, u)
	if !ok {
		return
	}
	found, ok = e.still(w, e.server.attachments.stream(found.token.text))
	switch {
	case !ok:
		return
	case found.standing == attached && found.kind == WebSockets:
		e.refuse(w, http.StatusMethodNotAllowed, textPost)
		return
	case found.in == nil: // too many have posted before they have a transport
		e.server.counters.early.Add(1)
		e.refuseForNow(w)
		return
	}
	err := e.accept(w, r, found)
	var tooLarge *http.MaxBytesError
	switch {
	case err == nil:
		w.Header().Set("Content-Type", "text/plain")
	case errors.Is(err, errEnded), found.conn != nil && found.conn.ctx.Err() != nil:
		e.refuse(w, http.StatusNotFound, "") // POST-05
	case errors.As(err, &tooLarge):
		e.refuse(w, http.StatusRequestEntityTooLarge, "")
	default:
		e.refuse(w, http.StatusBadRequest, "") // POST-06
	}
}

// accept takes the body. Who sends it slowly is not waited for when the
// connection ends, or none has come in time.
func (*endpoint) accept(w http.ResponseWriter, r *http.Request, found attachment) error {
	control := http.NewResponseController(w)
	interrupt := func() { _ = control.SetReadDeadline(time.Unix(1, 0)) }
	var stop func() bool
	if found.conn != nil {
		stop = afterDone(found.conn.ctx, interrupt) //nolint:contextcheck // it is about the connection's end, not the request's
	} else {
		stop = found.in.afterEnd(interrupt)
	}
	defer func() {
		if !stop() && r.ProtoMajor == 1 {
			w.Header().Set("Connection", "close") // a next request could not be read
		}
	}()
	return found.in.accept(r.Context(), http.MaxBytesReader(w, r.Body, maximumPost))
}

// afterDone calls f when ctx ends, until stop is called; stop says whether f was
// not called, and waits for it if it was: the answer that f touches is only
// good until its handler returns.
func afterDone(ctx context.Context, f func()) (stop func() bool) {
	returned := make(chan struct{})
	undo := context.AfterFunc(ctx, func() {
		defer close(returned)
		f()
	})
	return func() bool {
		if undo() {
			return true
		}
		<-returned
		return false
	}
}

// serveDelete ends a connection at its client's wish. Only long polling needs
// that: the others hang up (LP-12, LP-13).
func (e *endpoint) serveDelete(w http.ResponseWriter, r *http.Request, u user) {
	found, ok := e.known(w, r, u)
	if !ok {
		return
	}
	if found.standing != attached || found.kind != LongPolling {
		e.refuse(w, http.StatusBadRequest, textDelete)
		return
	}
	if p, ok := found.conn.transport.(*longPolling); ok {
		p.remove()
	}
	c := found.conn
	c.end(c.finally(&hubproto.Close{AllowReconnect: true}, EndedByClient, nil)) // CLOSE-01
	w.Header().Set("Content-Type", "text/plain")
	w.WriteHeader(http.StatusAccepted)
}
