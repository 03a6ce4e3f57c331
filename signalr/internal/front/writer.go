package front

import (
	"bytes"
	"net"
	"net/http"
	"strconv"
	"time"
)

// writer keeps an answer until it is whole.
type writer struct {
	conn     *conn
	head     http.Header
	status   int
	body     []byte
	detached bool
}

// Header implements http.ResponseWriter.
func (w *writer) Header() http.Header { return w.head }

// WriteHeader implements http.ResponseWriter; the first status counts.
func (w *writer) WriteHeader(status int) {
	if w.status == 0 {
		w.status = status
	}
}

// Write implements http.ResponseWriter.
func (w *writer) Write(p []byte) (int, error) {
	w.WriteHeader(http.StatusOK)
	w.body = append(w.body, p...)
	return len(p), nil
}

// Detach implements Writer.
func (w *writer) Detach() (net.Conn, []byte) {
	c := w.conn
	early := append([]byte(nil), c.buffer[:c.have]...)
	w.detached, c.have = true, 0
	c.untime()
	return c.tcp, early
}

// send writes the answer, byte for byte as net/http does. It says whether the
// connection goes on.
func (w *writer) send() bool {
	w.WriteHeader(http.StatusOK)
	space, _ := buffers.Get().(*[bufferSize]byte)
	defer buffers.Put(space)
	out := bytes.NewBuffer(space[:0])
	last := w.render(out)
	if w.conn.served > 0 { // the first answer always fits into the socket's buffer
		w.conn.timed = true
		_ = w.conn.tcp.SetWriteDeadline(time.Now().Add(w.conn.front.options.HeaderTimeout))
	}
	_, err := w.conn.tcp.Write(out.Bytes())
	return err == nil && !last
}

// render says whether it is the last answer.
func (w *writer) render(out *bytes.Buffer) (last bool) {
	closing := w.conn.front.closing()
	last = closing || w.head.Get("Connection") == "close"
	if closing {
		w.head.Del("Connection")
	}
	scratch := out.AvailableBuffer()
	scratch = append(scratch, "HTTP/1.1 "...)
	scratch = strconv.AppendInt(scratch, int64(w.status), 10)
	scratch = append(scratch, ' ')
	scratch = append(scratch, http.StatusText(w.status)...)
	scratch = append(scratch, "\r\n"...)
	_, _ = out.Write(scratch)
	_ = w.head.Write(out) // it fails only if the buffer does
	scratch = append(out.AvailableBuffer(), "Date: "...)
	scratch = time.Now().UTC().AppendFormat(scratch, http.TimeFormat)
	if _, given := w.head["Content-Length"]; !given {
		scratch = append(scratch, "\r\nContent-Length: "...)
		scratch = strconv.AppendInt(scratch, int64(len(w.body)), 10)
	}
	if closing {
		scratch = append(scratch, "\r\nConnection: close"...)
	}
	scratch = append(scratch, "\r\n\r\n"...)
	_, _ = out.Write(append(scratch, w.body...))
	return last
}

var _ Writer = (*writer)(nil)
