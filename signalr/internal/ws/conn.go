package ws

import (
	"errors"
	"net"
	"sync"
	"syscall"
	"time"

	"github.com/gobwas/ws"
)

// ErrTryWrite says that the connection cannot be written without blocking: it
// is not plain TCP, or the system has no such call.
var ErrTryWrite = errors.New("websocket: no non-blocking write on this connection")

// Conn is one WebSocket connection.
type Conn struct {
	// Set once.
	onPing func(payload []byte)
	limit  int64 // bytes of one message in ReadMessage; 0 is no bound
	side   ws.State

	// Owned by the reading goroutine.
	message Opcode // the message under way; continuation if none is
	place   uint8  // payload bytes of the frame that are read, modulo 4, for the mask
	text    utf8Check
	in      source    // the connection itself is here
	frame   ws.Header // the data frame under way
	left    int64     // payload bytes of it that are not read yet

	spot spot

	mu  sync.Mutex // one blocking write at a time
	out []byte     // guarded by mu: the frame under way
}

func newConn(conn net.Conn, side ws.State, early []byte) *Conn {
	c := &Conn{side: side}
	if w, ok := conn.(interface{ Unread() (net.Conn, []byte) }); ok { // it only puts bytes in front of another one
		plain, before := w.Unread()
		conn, early = plain, append(early, before...)
	}
	var raw syscall.RawConn
	if tcp, ok := conn.(*net.TCPConn); ok && rawIO {
		if plain, err := tcp.SyscallConn(); err == nil {
			raw = plain
		}
	}
	c.in.open(conn, raw, early)
	return c
}

// SetReadLimit bounds a message that ReadMessage returns, in bytes; 0 is no
// bound. It must be called before the first read.
func (c *Conn) SetReadLimit(limit int64) { c.limit = limit }

// OnPing hands the payload of each Ping frame to answer, from the reading
// goroutine, in place of a Pong that the reader writes. The payload is only
// good until answer returns. It must be called before the first read.
func (c *Conn) OnPing(answer func(payload []byte)) { c.onPing = answer }

// LocalAddr is this side's address.
func (c *Conn) LocalAddr() net.Addr { return c.in.conn.LocalAddr() }

// RemoteAddr is the peer's address.
func (c *Conn) RemoteAddr() net.Addr { return c.in.conn.RemoteAddr() }

// SetReadDeadline bounds the reads under way and to come; the zero time is no
// bound. An error of a deadline leaves the connection unreadable.
func (c *Conn) SetReadDeadline(t time.Time) error {
	err := c.in.conn.SetReadDeadline(t)
	c.spot.resume(c)
	return err
}

// SetWriteDeadline bounds the writes under way and to come.
func (c *Conn) SetWriteDeadline(t time.Time) error { return c.in.conn.SetWriteDeadline(t) }

// Close cuts the connection without a Close frame. Reads and writes under way
// return with an error.
func (c *Conn) Close() error {
	err := c.in.conn.Close()
	c.spot.resume(c)
	return err
}
