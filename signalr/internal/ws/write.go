package ws

import (
	"fmt"
	"sync"
	"syscall"
)

// keepScratch is the largest frame whose buffer a connection keeps for the
// next one; a bigger one is left to the collector.
const keepScratch = 4 << 10

// WriteMessage sends one message as one frame and blocks until the system has
// taken it.
func (c *Conn) WriteMessage(op Opcode, payload []byte) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.side.ClientSide() {
		c.out = appendMasked(c.out[:0], op, payload)
	} else {
		c.out = AppendFrame(c.out[:0], op, payload)
	}
	_, err := c.in.conn.Write(c.out)
	if cap(c.out) > keepScratch {
		c.out = nil
	}
	if err != nil {
		return fmt.Errorf("write %s: %w", op, err)
	}
	return nil
}

// WriteClose sends a Close frame; CodeNoStatus sends it empty. Reading goes on
// until the peer's own Close frame has come.
func (c *Conn) WriteClose(code Code, reason string) error {
	return c.WriteMessage(Close, closePayload(code, reason))
}

// Write sends bytes that are whole frames already, as AppendFrame made them,
// and blocks until the system has taken them. It is for the server side.
func (c *Conn) Write(p []byte) (int, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.in.conn.Write(p)
}

// CanTryWrite says whether TryWrite works on this connection.
func (c *Conn) CanTryWrite() bool { return c.in.raw != nil }

// TryWrite offers bytes of whole frames to the socket once, without blocking,
// and reports how many it took: 0 and no error if it is full. It returns
// ErrTryWrite if the connection cannot do that; every other error means that
// the connection is lost. One goroutine at a time may call it.
func (c *Conn) TryWrite(p []byte) (int, error) {
	if c.in.raw == nil {
		return 0, ErrTryWrite
	}
	return tryWrite(c.in.raw, p)
}

// attempt is the argument and the result of one non-blocking write. They are
// fields, so that the closure which the runtime wants is made once for many.
type attempt struct {
	p   []byte
	n   int
	err error
	do  func(fd uintptr) bool
}

var attempts = sync.Pool{New: func() any { //nolint:gochecknoglobals // a pool is shared by its nature
	a := &attempt{}
	a.do = func(fd uintptr) bool {
		a.n, a.err = writeFD(fd, a.p)
		return true // whatever came: the runtime must not wait
	}
	return a
}}

func tryWrite(raw syscall.RawConn, p []byte) (int, error) {
	if len(p) == 0 {
		return 0, nil
	}
	a, _ := attempts.Get().(*attempt)
	defer attempts.Put(a)
	a.p, a.n, a.err = p, 0, nil
	err := raw.Write(a.do)
	a.p = nil
	if err == nil {
		err = a.err
	}
	if err != nil {
		return 0, fmt.Errorf("try write: %w", err)
	}
	return a.n, nil
}
