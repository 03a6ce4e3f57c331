package signalr

import (
	"bytes"
	"context"
	"io"
	"log/slog"
	"net/http"
	"sync"
	"time"
)

// eventStream is the transport that sends by Server-Sent Events and receives
// by POST requests. The handler of the request that opened it runs the
// connection, so that the response lives as long as that.
type eventStream struct {
	*inbound

	response http.ResponseWriter
	control  *http.ResponseController

	mu   sync.Mutex
	over bool // guarded by mu: the response is left to net/http, or cut
}

func newEventStream(w http.ResponseWriter, in *inbound) *eventStream {
	return &eventStream{inbound: in, response: w, control: http.NewResponseController(w)}
}

func (*eventStream) kind() Transports { return ServerSentEvents }

// serveEvents answers a GET request for Server-Sent Events, and runs its
// connection.
func (e *endpoint) serveEvents(w http.ResponseWriter, r *http.Request, u user) {
	found, ok := e.attach(w, r, u, ServerSentEvents, func(t token, in *inbound) *connection {
		c := e.newConnection(r, u, t)
		s := newEventStream(w, in)
		c.transport, c.sink = s, s
		return c
	})
	if !ok {
		return
	}
	if found.standing == attached {
		e.refuse(w, http.StatusConflict, "") // CONN-06
		return
	}
	c := found.conn
	s, _ := c.transport.(*eventStream)
	// A stream has no end that the HTTP server could know of (EP-08).
	if err := s.control.SetReadDeadline(time.Time{}); err != nil {
		c.cancel()
		s.end(errEnded)
		e.server.attachments.detach(found.token)
		e.server.options.Logger.WarnContext(r.Context(), "response cannot be a stream", slog.Any("error", err))
		e.refuse(w, http.StatusInternalServerError, "")
		return
	}
	if !e.server.admit(c) {
		s.end(errEnded)
		e.server.attachments.detach(found.token)
		e.refuseEmpty(w, http.StatusServiceUnavailable)
		return
	}
	hungUp := context.AfterFunc(r.Context(), func() { s.end(io.EOF) }) // SSE-09
	defer hungUp()
	s.open(e.options.TransportSendTimeout)
	c.run()
}

// open sends the head of the response, and a comment that makes clients know
// of it (SSE-01, SSE-02). That it fails is seen by reading.
func (s *eventStream) open(timeout time.Duration) {
	h := s.response.Header()
	h.Set("Content-Type", "text/event-stream")
	h.Set("Cache-Control", "no-cache,no-store")
	h.Set("Pragma", "no-cache")
	h.Set("Content-Encoding", "identity")
	s.response.WriteHeader(http.StatusOK)
	if _, err := s.write([]byte(":\r\n"), timeout); err != nil {
		s.cut()
	}
}

// wire makes an event of each message (SSE-03).
func (*eventStream) wire(dst, frames []byte) []byte {
	payloads(frames, func(payload []byte) { dst = appendEvent(dst, payload) })
	return dst
}

// immediate is never so: a response cannot be written without waiting.
func (*eventStream) immediate() bool { return false }

// appendEvent appends a payload as one event, with a data field for each of
// its lines.
func appendEvent(dst, payload []byte) []byte {
	for more := len(payload) > 0; more; {
		var line []byte
		line, payload, more = bytes.Cut(payload, []byte("\n"))
		if more {
			line = bytes.TrimSuffix(line, []byte("\r"))
		}
		dst = append(append(append(dst, "data: "...), line...), "\r\n"...)
	}
	return append(dst, "\r\n"...)
}

// tryWrite takes nothing.
func (*eventStream) tryWrite([]byte) (int, error) { return 0, nil }

func (s *eventStream) write(p []byte, timeout time.Duration) (int, error) {
	if err := s.arm(timeout); err != nil {
		return 0, err
	}
	if _, err := s.response.Write(p); err != nil {
		return 0, err
	}
	if err := s.control.Flush(); err != nil { // SSE-05
		return 0, err
	}
	return len(p), s.disarm()
}

// arm bounds a write, unless the stream was cut: that must stay so.
func (s *eventStream) arm(timeout time.Duration) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.over {
		return io.ErrClosedPipe
	}
	return s.control.SetWriteDeadline(time.Now().Add(timeout))
}

// disarm ends the bound of a write: over HTTP/2 a deadline that passes ends the
// stream, whether something is written or not.
func (s *eventStream) disarm() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.over {
		return io.ErrClosedPipe
	}
	return s.control.SetWriteDeadline(time.Time{})
}

// abandoned is never so: that the client hangs up is the end of the request.
func (*eventStream) abandoned() bool { return false }

// finish waits until nobody writes to the response any more; its end is the
// end of the stream (SSE-08).
func (s *eventStream) finish(flushed <-chan struct{}, last bool) {
	if last {
		timer := time.NewTimer(closeTimeout)
		defer timer.Stop()
		select {
		case <-flushed:
			s.leave()
			return
		case <-timer.C:
		}
	}
	s.cut()
	<-flushed
}

// leave gives the response back to net/http in good order.
func (s *eventStream) leave() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.over {
		s.over = true
		_ = s.control.SetWriteDeadline(time.Time{}) // it could be set before
	}
}

// cut lets no byte through any more, so that net/http drops the socket when
// the handler returns.
func (s *eventStream) cut() {
	s.end(io.ErrUnexpectedEOF)
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.over {
		s.over = true
		_ = s.control.SetWriteDeadline(time.Unix(1, 0)) // it could be set before
	}
}
