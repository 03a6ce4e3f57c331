package front

import (
	"io"
	"net"
	"sync"
	"syscall"
	"time"
)

// bufferSize is the most that a plain head may have, in bytes.
const bufferSize = 4096

var buffers = sync.Pool{New: func() any { return new([bufferSize]byte) }} //nolint:gochecknoglobals // a pool is shared by its nature

// conn is a connection that is not net/http's, yet. It is owned by one
// goroutine at a time.
//
//	rest -> wait, in a fresh goroutine
//	wait -> serve, in one of the crew: a plain head -> answer -> rest
//	                                   or not -> handed on
//	                                   not whole yet -> rest
type conn struct {
	front  *Front
	tcp    *net.TCPConn
	raw    syscall.RawConn
	buffer *[bufferSize]byte // from the pool, while there is something in it
	have   int               // bytes of it
	served int               // answers
	inHead bool              // the deadline is that of a head under way
	timed  bool              // it has or had deadlines
	crlf   int               // line ends that net/http would pass over here

	// The result of one read, as fields, so that the closure which the runtime
	// wants is made only once.
	n   int
	err error
	do  func(fd uintptr) bool

	woken func() // serve: likewise
}

func (f *Front) newConn(tcp *net.TCPConn) (*conn, error) {
	raw, err := tcp.SyscallConn()
	c, _ := f.conns.Get().(*conn)
	if c == nil {
		c = &conn{front: f}
		c.do, c.woken = c.tryRead, c.serve
	}
	c.tcp, c.raw = tcp, raw
	return c, err
}

// free is when the connection is somebody else's, or is closed. Nothing may be
// done with c any more.
func (c *conn) free() {
	c.have = 0
	c.release()
	*c = conn{front: c.front, do: c.do, woken: c.woken}
	c.front.conns.Put(c)
}

// rest waits for bytes in a fresh goroutine, which has the smallest of stacks:
// for timeout at most or, if that is 0, until the deadline that there is.
func (c *conn) rest(timeout time.Duration) {
	if timeout > 0 { // it fails only when the connection is closed, which the next read finds
		_ = c.tcp.SetReadDeadline(time.Now().Add(timeout))
		c.timed = true
	}
	if !c.front.rest(c) {
		c.drop()
		return
	}
	go c.wait()
}

func (c *conn) wait() {
	err := c.read()
	c.front.wake(c)
	switch {
	case err == nil:
		c.front.options.Crew.Run(c.woken)
	case c.have > 0:
		c.handOn(err) // half a request may have an answer
	default:
		c.drop()
	}
}

// read waits until bytes have arrived.
func (c *conn) read() error {
	c.n, c.err = 0, nil
	err := c.raw.Read(c.do)
	if err == nil {
		err = c.err
	}
	c.have += c.n
	return err
}

// tryRead holds a buffer only if there is something to read, or was.
func (c *conn) tryRead(fd uintptr) bool {
	if c.buffer == nil {
		c.buffer, _ = buffers.Get().(*[bufferSize]byte)
	}
	n, again, err := readFD(fd, c.buffer[c.have:])
	if again {
		c.release()
		return false
	}
	if c.n, c.err = n, err; n == 0 && err == nil {
		c.err = io.EOF
	}
	return true
}

// release gives an empty buffer back.
func (c *conn) release() {
	if c.have == 0 && c.buffer != nil {
		buffers.Put(c.buffer)
		c.buffer = nil
	}
}

// shut closes the connection.
func (c *conn) shut() {
	_ = c.tcp.Close()
	c.free()
}

// drop is the end of a member.
func (c *conn) drop() {
	f := c.front
	c.shut()
	f.leave()
}

// serve does what is to be done with the bytes that are there.
func (c *conn) serve() {
	var h head
	for {
		c.skipLines()
		switch h.parse(c.buffer[:c.have], c.front.options.Site) {
		case complete:
			if c.answer(&h) {
				continue
			}
			return
		case partial:
			if c.have < bufferSize {
				c.await()
				return
			}
		case foreign:
		}
		c.handOn(nil)
		return
	}
}

// skipLines passes over what net/http does: up to four bytes of line ends
// behind a POST request.
func (c *conn) skipLines() {
	skip := 0
	for skip < c.have && skip < c.crlf && (c.buffer[skip] == '\r' || c.buffer[skip] == '\n') {
		skip++
	}
	c.crlf -= skip
	if c.consume(skip); c.have > 0 {
		c.crlf = 0
	}
}

// consume takes bytes from the front of the buffer.
func (c *conn) consume(n int) { c.have = copy(c.buffer[:], c.buffer[n:c.have]) }

// await goes on when there is more.
func (c *conn) await() {
	timeout := c.front.options.IdleTimeout
	switch {
	case c.have == 0:
	case c.inHead:
		timeout = 0
	default:
		timeout, c.inHead = c.front.options.HeaderTimeout, true
	}
	c.release()
	c.rest(timeout)
}

// handOn gives the connection to net/http. An error is one of reading, for it
// to see: nothing else will come.
func (c *conn) handOn(err error) {
	on, f := &handedOn{TCPConn: c.tcp, early: append([]byte(nil), c.buffer[:c.have]...), err: err}, c.front
	c.untime()
	c.free()
	f.hand(on)
	f.leave()
}

// untime lifts the deadlines.
func (c *conn) untime() {
	if c.timed { // it fails only if the connection is closed, which the next read finds
		_ = c.tcp.SetDeadline(time.Time{})
	}
}

// answer has the site answer a request. It says whether the connection goes
// on; the caller is a member again then.
func (c *conn) answer(h *head) (goesOn bool) {
	site := c.front.options.Site
	x := c.newExchange(h.kept)
	if !h.kept {
		defer x.reuse()
	}
	x.read(h, c.buffer[:c.have])
	if !site.Begin(x.request) {
		x.cancel()
		c.handOn(nil)
		return false
	}
	c.front.leave() // from here the site awaits us
	c.consume(int(h.size))
	goesOn = x.ask() && !x.detached && x.send()
	site.Finish()
	switch {
	case x.detached:
		c.free()
		return false
	case !goesOn || !c.front.join():
		c.shut()
		return false
	}
	c.inHead = false
	if c.served++; h.post {
		c.crlf = maxCRLF
	}
	return true
}

// maxCRLF is how many bytes of line ends net/http passes over.
const maxCRLF = 4
