package api

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"slices"
	"time"

	"github.com/fanfare-hub/fanfare"
	"github.com/fanfare-hub/fanfare/internal/feed"
)

const (
	streamType = "text/event-stream"

	// streamChunk is what a client has answerIdle to take: at 1 KB/s it can.
	streamChunk = 16 << 10
)

// streamTopic answers with Server-Sent Events until the client has gone, the
// feed fails or [API.Close] is called; the client then comes back with
// Last-Event-ID. Nothing is queued: the next event is fetched when the client
// has taken the one before.
func (a *API) streamTopic(w http.ResponseWriter, r *http.Request, topic fanfare.Topic) error {
	start, err := streamStart(r, topic)
	if err != nil {
		return err
	}
	ctx, leave, err := a.streams.enter(r.Context())
	if err != nil {
		return err
	}
	defer leave()
	reader, err := a.topics.Read(ctx, topic, start)
	if err != nil {
		return err
	}
	defer reader.Close()
	a.observer.streams.Add(ctx, 1)
	defer a.observer.streams.Add(context.WithoutCancel(ctx), -1)
	s := openStream(w)
	defer s.end()
	if r.Method == http.MethodHead {
		return nil
	}
	for err == nil {
		err = a.step(ctx, s, reader)
	}
	a.logger.LogAttrs(ctx, slog.LevelDebug, "event stream ended", slog.String("topic", topic.String()), slog.Any("error", err))
	return nil
}

// streamStart is the query's, unless a browser goes on where it was.
func streamStart(r *http.Request, topic fanfare.Topic) (feed.Start, error) {
	if r.URL.Query().Has("limit") {
		return feed.Start{}, fanfare.Errorf(fanfare.CodeInvalidArgument, "limit is given: an event stream has no end")
	}
	if last := r.Header.Get("Last-Event-ID"); last != "" {
		return feed.ParseStart(topic, last, "", feed.FromCursor)
	}
	return startOf(r, topic, feed.FromSnapshot)
}

// step writes the next event, or a sign of life when there is none for long.
func (a *API) step(ctx context.Context, s *stream, reader Reader) error {
	waiting, cancel := context.WithTimeout(ctx, a.heartbeat)
	defer cancel()
	e, err := reader.Next(waiting)
	switch {
	case err == nil:
		return s.event(e)
	case ctx.Err() == nil && waiting.Err() != nil:
		return s.comment()
	}
	return err
}

// stream writes Server-Sent Events.
type stream struct {
	w    http.ResponseWriter
	conn *http.ResponseController
}

// openStream sends the head, so that a client knows that it is connected.
func openStream(w http.ResponseWriter) *stream {
	header := w.Header()
	header.Set("Content-Type", streamType)
	header.Set("Cache-Control", "no-store")
	header.Set("X-Accel-Buffering", "no") // a proxy must not wait for more
	header.Set("X-Content-Type-Options", "nosniff")
	w.WriteHeader(http.StatusOK)
	s := &stream{w: w, conn: http.NewResponseController(w)}
	_ = s.conn.Flush() // what cannot be flushed cannot be written either
	return s
}

func (s *stream) event(e fanfare.Envelope) error {
	data, err := encodeEnvelope(e)
	if err != nil {
		return err
	}
	return s.write(fmt.Appendf(nil, "id: %s\ndata: %s\n\n", e.Cursor, data))
}

func (s *stream) comment() error { return s.write([]byte(":\n\n")) }

// write gives the client answerIdle for each chunk.
func (s *stream) write(data []byte) error {
	for chunk := range slices.Chunk(data, streamChunk) {
		_ = s.conn.SetWriteDeadline(time.Now().Add(answerIdle)) // what has no deadline has no client either
		if _, err := s.w.Write(chunk); err != nil {
			return fmt.Errorf("write to the event stream: %w", err)
		}
	}
	if err := s.conn.Flush(); err != nil {
		return fmt.Errorf("write to the event stream: %w", err)
	}
	return nil
}

// end leaves time for the end of the answer, which net/http writes.
func (s *stream) end() { _ = s.conn.SetWriteDeadline(time.Now().Add(answerIdle)) }

// encodeEnvelope writes an envelope on one line.
func encodeEnvelope(e fanfare.Envelope) ([]byte, error) {
	data, err := e.MarshalJSON()
	if err != nil {
		return nil, fmt.Errorf("encode envelope: %w", err)
	}
	if !bytes.ContainsAny(data, "\r\n") {
		return data, nil
	}
	var line bytes.Buffer
	if err := json.Compact(&line, data); err != nil {
		return nil, fmt.Errorf("encode envelope: %w", err)
	}
	return line.Bytes(), nil
}
