package signalr

import (
	"errors"
	"os"
	"time"

	"github.com/fanfare-hub/fanfare/signalr/internal/ws"
)

// closeTimeout is how long a client may take to answer a Close frame (WS-11).
const closeTimeout = 5 * time.Second

// webSocket is the transport of a connection. Reading, and finish, belong to
// the connection's goroutine, writing to its shard.
type webSocket struct {
	conn *ws.Conn
	over bool // nothing more can be read: the peer closed, or a frame broke off
}

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

// answerPings has Pings answered through the shard, the only writer.
func (c *connection) answerPings() {
	c.socket.conn.OnPing(func(payload []byte) {
		pong := ws.AppendFrame(nil, ws.Pong, payload)
		// An error says that the connection has ended: nobody waits for it.
		_ = c.post(task{kind: taskOwn, conn: c, bytes: pong})
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
