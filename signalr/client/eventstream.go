package client

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"mime"
	"os"
	"sync/atomic"
	"time"
)

// eventStream is the transport of Server-Sent Events: one response without end
// that brings the messages, and POSTs for those to the server.
type eventStream struct {
	*web
	body    io.ReadCloser
	expired atomic.Bool // the server was silent for too long

	// Owned by the reader.
	events eventParser
	chunk  [receiveChunk]byte
}

// openEventStream returns when the server has begun its response (SSE-02).
func openEventStream(ctx context.Context, w *web) (*eventStream, error) {
	response, err := w.get(ctx, "text/event-stream")
	if err != nil {
		w.cancel()
		return nil, err
	}
	content := response.Header.Get("Content-Type")
	if media, _, _ := mime.ParseMediaType(content); media != "text/event-stream" {
		w.cancel()
		response.Body.Close()
		return nil, fmt.Errorf("server answered with content type %q", content)
	}
	return &eventStream{web: w, body: response.Body}, nil
}

// Receive returns with the first bytes of data. Comments do not show that the
// hub is alive.
func (s *eventStream) Receive(buf []byte, timeout time.Duration) ([]byte, error) {
	timer := time.AfterFunc(timeout, func() {
		s.expired.Store(true)
		s.cancel()
	})
	defer timer.Stop()
	for start := len(buf); len(buf) == start; {
		n, err := s.body.Read(s.chunk[:])
		buf = s.events.parse(buf, s.chunk[:n])
		if err != nil && len(buf) == start {
			s.body.Close()
			return buf, s.lost(err)
		}
	}
	return buf, nil
}

func (s *eventStream) lost(err error) error {
	switch {
	case s.expired.Load():
		return os.ErrDeadlineExceeded
	case errors.Is(err, io.EOF): // not ErrUnexpectedEOF
		return io.EOF
	default:
		return err
	}
}

// Finish does nothing: the Close message has told the server, which ends the
// response.
func (*eventStream) Finish() error { return nil }

// NeedsPings is true: the response can stand open for ever (SSE-07).
func (*eventStream) NeedsPings() bool { return true }

var _ transport = (*eventStream)(nil)

// eventParser takes the data out of a stream of events, as it comes: neither a
// line nor an event is gathered anywhere. The zero value is at the beginning.
type eventParser struct {
	place    linePlace
	matched  int  // bytes of dataField that the line has begun with
	afterCR  bool // a line feed now belongs to the carriage return before it
	hasData  bool // the event has a data line already
	skipping bool // a space behind the colon is still to be left out
}

// linePlace is where in a line the parser is.
type linePlace int

const (
	placeName  linePlace = iota // in the field's name, which may be dataField
	placeData                   // in data
	placeOther                  // in what is not looked at
)

const dataField = "data:"

// parse appends the data in p to buf. Two lines of one event have a line feed
// between them (SSE-03).
func (e *eventParser) parse(buf, p []byte) []byte {
	for len(p) > 0 {
		switch {
		case e.afterCR && p[0] == '\n':
			e.afterCR, p = false, p[1:]
		case p[0] == '\n' || p[0] == '\r':
			e.afterCR = p[0] == '\r'
			e.endLine()
			p = p[1:]
		default:
			e.afterCR = false
			buf, p = e.within(buf, p)
		}
	}
	return buf
}

func (e *eventParser) endLine() {
	if e.place == placeName && e.matched == 0 { // an empty line ends the event
		e.hasData = false
	}
	e.place, e.matched = placeName, 0
}

// within takes bytes that end no line.
func (e *eventParser) within(buf, p []byte) (data, rest []byte) {
	if e.place == placeName {
		if p[0] != dataField[e.matched] {
			e.place = placeOther
		} else if e.matched++; e.matched == len(dataField) {
			buf = e.beginData(buf)
		}
		return buf, p[1:]
	}
	end := bytes.IndexAny(p, "\r\n")
	if end < 0 {
		end = len(p)
	}
	if e.place == placeData {
		from := 0
		if e.skipping && p[0] == ' ' {
			from = 1
		}
		e.skipping = false
		buf = append(buf, p[from:end]...)
	}
	return buf, p[end:]
}

func (e *eventParser) beginData(buf []byte) []byte {
	e.place, e.skipping = placeData, true
	if e.hasData {
		buf = append(buf, '\n')
	}
	e.hasData = true
	return buf
}
