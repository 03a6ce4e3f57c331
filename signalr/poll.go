package signalr

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"strconv"
	"time"
)

// outcome is how a poll ends.
type outcome int

const (
	pollDelivers outcome = iota // there are messages (LP-03)
	pollIdle                    // there were none for the poll timeout (LP-04)
	pollOver                    // the connection is over, or a newer poll has come (LP-05, LP-07)
	pollHungUp                  // nobody waits for the answer (LP-10)
)

// servePoll answers a GET request of long polling.
func (e *endpoint) servePoll(w http.ResponseWriter, r *http.Request, u user) {
	noCache(w)
	found, ok := e.attach(w, r, u, LongPolling, func(t token, in *inbound) *connection {
		c := e.newConnection(r, u, t)
		p := newLongPolling(c, in)
		c.transport, c.sink = p, p
		return c
	})
	if !ok {
		return
	}
	if found.standing == attached {
		found.conn.renew(u)
		p, _ := found.conn.transport.(*longPolling)
		p.answer(w, r, e)
		return
	}
	if !e.server.start(found.conn) {
		found.conn.cut()
		e.server.attachments.detach(found.token)
		e.refuseEmpty(w, http.StatusServiceUnavailable)
		return
	}
	// At once and empty: to the client it means that it is connected (LP-02).
	w.Header().Set("Content-Type", "application/octet-stream")
}

// answer lets a later poll wait for its turn and for messages.
func (p *longPolling) answer(w http.ResponseWriter, r *http.Request, e *endpoint) {
	mine, found := p.enter(r.Context().Done())
	switch found {
	case placeDisputed:
		e.refuse(w, http.StatusConflict, "")
		return
	case placeLost:
		p.over(w)
		return
	case placeGone:
		e.refuse(w, http.StatusNotFound, "")
		return
	case placeTaken:
	}
	defer p.leave(mine)
	control := http.NewResponseController(w)
	// The HTTP server's own deadlines must not end a poll (EP-08). Over HTTP/2
	// that for writing would end it while it waits.
	if err := errors.Join(control.SetReadDeadline(time.Time{}), control.SetWriteDeadline(time.Time{})); err != nil {
		e.refuse(w, http.StatusInternalServerError, "") // LP-18
		p.conn.end(p.conn.lost(fmt.Errorf("answer a poll: %w", err)))
		p.cut()
		return
	}
	messages, how := p.await(r.Context(), mine, e.options.PollTimeout)
	_ = control.SetWriteDeadline(time.Now().Add(e.options.TransportSendTimeout)) // it is as possible as the other
	switch how {
	case pollDelivers:
		p.deliver(w, control, messages)
	case pollIdle:
		w.Header().Set("Content-Type", "text/plain")
	case pollOver:
		p.over(w)
	case pollHungUp:
	}
}

// await waits for messages.
func (p *longPolling) await(ctx context.Context, mine *poll, timeout time.Duration) ([]byte, outcome) {
	timer := time.NewTimer(timeout)
	defer timer.Stop()
	ending, flushed := p.conn.ctx.Done(), (<-chan struct{})(nil)
	for over := false; ; {
		messages, grown := p.take()
		switch {
		case len(messages) > 0:
			return messages, pollDelivers
		case over:
			p.conclude()
			return nil, pollOver
		}
		select {
		case <-grown:
		case <-ending: // the last messages may still be on their way
			ending, flushed = nil, p.conn.flushed
		case <-flushed:
			over = true
		case <-p.gone:
			return nil, pollOver
		case <-mine.replaced:
			return nil, pollOver
		case <-timer.C:
			return nil, pollIdle
		case <-ctx.Done():
			return nil, pollHungUp
		}
	}
}

// conclude makes the connection unknown before its client learns that it is
// over.
func (p *longPolling) conclude() {
	p.server.attachments.detach(p.conn.token)
	p.mu.Lock()
	defer p.mu.Unlock()
	p.vanishLocked()
}

func (*longPolling) over(w http.ResponseWriter) {
	w.Header().Set("Content-Type", "text/plain")
	w.WriteHeader(http.StatusNoContent)
}

// deliver writes messages to a poll. A client that does not take them is cut
// (CONN-11); one that hung up gets them with its next poll.
func (p *longPolling) deliver(w http.ResponseWriter, control *http.ResponseController, messages []byte) {
	w.Header().Set("Content-Type", "application/octet-stream")
	w.Header().Set("Content-Length", strconv.Itoa(len(messages)))
	_, err := w.Write(messages)
	if err == nil {
		err = control.Flush()
	}
	var timeout net.Error
	switch {
	case err == nil:
	case errors.As(err, &timeout) && timeout.Timeout():
		p.server.counters.stuck.Add(1)
		p.cut()
	default:
		p.giveBack(messages)
		return
	}
	p.conn.queue().sent(len(messages))
}
