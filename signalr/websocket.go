package signalr

import (
	"errors"
	"io"
	"log/slog"
	"net/http"
	"os"
	"time"

	"github.com/fanfare-hub/fanfare/signalr/internal/ws"
)

// closeTimeout is how long a client may take to answer a Close frame (WS-11).
const closeTimeout = 5 * time.Second

// webSocket is the transport that both ways are frames on one socket.
type webSocket struct {
	conn *ws.Conn
	over bool // nothing more can be read: the peer closed, or a frame broke off
}

func (*webSocket) kind() Transports { return WebSockets }

// deadline bounds reading from now on; 0 is no bound.
func (w *webSocket) deadline(timeout time.Duration) {
	at := time.Time{}
	if timeout > 0 {
		at = time.Now().Add(timeout)
	}
	// It fails only when the connection is closed, which the next read finds.
	_ = w.conn.SetReadDeadline(at)
}

// interrupt ends a read that waits. It may be called from any goroutine.
func (w *webSocket) interrupt() { _ = w.conn.SetReadDeadline(time.Unix(1, 0)) }

// wait returns when bytes have arrived, or with os.ErrDeadlineExceeded.
func (w *webSocket) wait() error {
	err := w.conn.Wait()
	if err != nil && !errors.Is(err, os.ErrDeadlineExceeded) {
		w.over = true
	}
	return err
}

// receive appends what has arrived. The bounds of messages do not matter to
// the hub protocols, nor do their opcodes (CONN-13, WS-06).
func (w *webSocket) receive(buf []byte) ([]byte, error) {
	_, buf, _, err := w.conn.ReadChunk(buf)
	if err != nil {
		w.over = true
	}
	return buf, err
}

// wire is nothing to do.
func (*webSocket) wire(dst, frames []byte) []byte { return append(dst, frames...) }

func (w *webSocket) immediate() bool { return w.conn.CanTryWrite() }

// tryWrite takes what the socket's buffer takes, and nothing where a write
// could wait.
func (w *webSocket) tryWrite(bytes []byte) (int, error) {
	n, err := w.conn.TryWrite(bytes)
	if errors.Is(err, ws.ErrTryWrite) {
		return 0, nil
	}
	return n, err
}

func (w *webSocket) write(bytes []byte, timeout time.Duration) (int, error) {
	if err := w.conn.SetWriteDeadline(time.Now().Add(timeout)); err != nil {
		return 0, err
	}
	n, err := w.conn.Write(bytes)
	if err == nil {
		err = w.conn.SetWriteDeadline(time.Time{}) // one that has passed would fail tryWrite
	}
	return n, err
}

// abandoned is never so: a socket that breaks off ends the reading.
func (*webSocket) abandoned() bool { return false }

// cut drops the socket.
func (w *webSocket) cut() { _ = w.conn.Close() }

// answerPings has Pings answered through the shard, the only writer.
func (c *connection) answerPings(conn *ws.Conn) {
	conn.OnPing(func(payload []byte) {
		pong := ws.AppendFrame(nil, ws.Pong, payload)
		// An error says that the connection has ended: nobody waits for it.
		_ = c.post(task{kind: taskControl, conn: c, bytes: pong})
	})
}

// finish drops the connection when the last frames are with the client and it
// has answered them, or after closeTimeout. Without last frames it does not
// wait.
func (w *webSocket) finish(flushed <-chan struct{}, last bool) {
	defer w.conn.Close()
	if !last {
		return
	}
	if !w.over {
		w.linger()
	}
	timer := time.NewTimer(closeTimeout)
	defer timer.Stop()
	select {
	case <-flushed:
	case <-timer.C:
	}
}

// linger reads on until the peer's Close frame: a connection dropped with
// unread bytes could take the last frames with it.
func (w *webSocket) linger() {
	w.deadline(closeTimeout)
	buf := make([]byte, 0, chunk)
	for {
		if err := w.wait(); err != nil {
			return
		}
		if _, err := w.receive(buf); err != nil {
			return
		}
	}
}

// serveWebSocket opens a connection. All refusals come before the upgrade
// (WS-02).
func (e *endpoint) serveWebSocket(w http.ResponseWriter, r *http.Request, u user) {
	if !e.options.CheckOrigin(r) {
		e.refuseEmpty(w, http.StatusForbidden)
		return
	}
	id := parameter(r.URL, "id")
	found := e.look(id)
	switch {
	case id != "" && found.standing == unknown:
		e.refuseBare(w, http.StatusNotFound, textUnknownID)
		return
	case id != "" && !e.sameUser(found.token, u):
		e.refuseEmpty(w, http.StatusForbidden)
		return
	}
	if e.options.Transports&WebSockets == 0 {
		e.refuse(w, http.StatusNotFound, WebSockets.String()+textNotOffered)
		return
	}
	if found.standing != attached && e.server.refuses() { // who comes back is counted already
		e.refuseForNow(w)
		return
	}
	if id == "" { // not negotiated (WS-01)
		e.upgrade(w, r, u, attachment{token: token{id: newID()}})
		return
	}
	found = e.server.attachments.attach(found.token, WebSockets, nil)
	switch {
	case found.standing == waiting:
		e.upgrade(w, r, u, found)
	case found.standing == unknown:
		e.refuseBare(w, http.StatusNotFound, textUnknownID)
	case found.conn.returning():
		e.serveReturn(w, r, u, found.conn)
	case found.kind == WebSockets:
		e.refuse(w, http.StatusConflict, "")
	default:
		e.refuse(w, http.StatusBadRequest, textOtherMedium)
	}
}

// socket takes the request from the HTTP server.
func (e *endpoint) socket(w http.ResponseWriter, r *http.Request) (*ws.Conn, error) {
	conn, err := ws.Accept(w, r)
	if err != nil {
		e.server.counters.refused.Add(1)
		e.server.options.Logger.DebugContext(r.Context(), "websocket refused", slog.Any("error", err))
		return nil, err
	}
	if limit := e.options.UnsentLimit; limit > 0 {
		if err := conn.LimitUnsent(limit); err != nil && !errors.Is(err, errors.ErrUnsupported) {
			e.server.options.Logger.WarnContext(r.Context(), "unsent bytes are not bounded", slog.Any("error", err))
		}
	}
	return conn, nil
}

// upgrade opens a WebSocket and starts the connection.
func (e *endpoint) upgrade(w http.ResponseWriter, r *http.Request, u user, found attachment) {
	conn, err := e.socket(w, r)
	if err != nil {
		if found.token.text != "" {
			e.server.attachments.giveBack(found.token)
		}
		return
	}
	c := e.newConnection(r, u, found.token)
	socket := &webSocket{conn: conn}
	if c.transport, c.sink = socket, socket; found.token.stateful {
		c.transport = newResumable(socket)
	}
	e.server.attachments.bind(found.token, c)
	c.answerPings(conn)
	if found.in != nil {
		c.takeEarly(found.in)
	}
	if !e.server.admit(c) { // it has been closed since
		_, _ = socket.tryWrite(ws.AppendClose(nil, ws.CodeRestart, "")) // a courtesy
		c.cut()
		return
	}
	go c.waitToRun()
}

// takeEarly puts what was posted before the transport came in front of all
// that it brings (POST-07).
func (c *connection) takeEarly(in *inbound) {
	in.end(io.ErrUnexpectedEOF)
	// Bytes in memory cannot fail.
	_ = c.intake.fill(in.receive)
}
