package front

import (
	"io"
	"net"
)

// handedOn is a connection with bytes that have been read already.
type handedOn struct {
	*net.TCPConn

	early []byte // owned by who reads
	err   error  // of reading, behind the early bytes; nil if there may be more
}

// Read reads the early bytes first.
func (c *handedOn) Read(p []byte) (int, error) {
	switch {
	case len(c.early) > 0:
	case c.err != nil:
		return 0, c.err
	default:
		return c.TCPConn.Read(p)
	}
	n := copy(p, c.early)
	if c.early = c.early[n:]; len(c.early) == 0 {
		c.early = nil
	}
	return n, nil
}

// WriteTo is here because that of TCPConn would pass by the early bytes.
func (c *handedOn) WriteTo(w io.Writer) (int64, error) {
	return io.Copy(w, struct{ io.Reader }{c})
}

// Unread gives back what it is made of: it must not be used any more.
func (c *handedOn) Unread() (conn net.Conn, early []byte) { return c.TCPConn, c.early }
