package ws

import (
	"io"
	"net"
	"sync"
	"syscall"
)

// bufferSize is one read from the socket: the size of net/http's and gobwas's
// own buffers, so that what they read too far always fits.
const bufferSize = 4096

var buffers = sync.Pool{New: func() any { return new([bufferSize]byte) }} //nolint:gochecknoglobals // a pool is shared by its nature

// source reads a connection through a pooled buffer, which it holds only
// while there are bytes in it. All of it is owned by the reading goroutine.
type source struct {
	conn   net.Conn
	raw    syscall.RawConn // nil if bytes cannot pass by the net.Conn
	buffer *[bufferSize]byte
	data   []byte // what was read and not used yet

	// The result of one raw read, as fields for the same reason as attempt's.
	n   int
	err error
	do  func(fd uintptr) bool
}

func (s *source) open(conn net.Conn, raw syscall.RawConn, early []byte) {
	s.conn, s.raw, s.data = conn, raw, early
	s.do = func(fd uintptr) bool {
		s.take()
		var again bool
		if s.n, again, s.err = readFD(fd, s.buffer[:]); again {
			s.release()
			return false // the runtime waits until there is something, without a buffer
		}
		return true
	}
}

// wait returns once there are unread bytes.
func (s *source) wait() error {
	if len(s.data) > 0 {
		return nil
	}
	if s.raw == nil {
		return s.waitConn()
	}
	s.n, s.err = 0, nil
	err := s.raw.Read(s.do)
	if err == nil {
		err = s.err
	}
	if err == nil && s.n == 0 {
		err = io.EOF
	}
	if err != nil {
		s.release()
		return err
	}
	s.data = s.buffer[:s.n]
	return nil
}

// waitConn reads a connection that keeps buffers of its own (TLS), or one of a
// test: a buffer more does not matter there.
func (s *source) waitConn() error {
	s.take()
	n, err := s.conn.Read(s.buffer[:])
	if n > 0 {
		s.data = s.buffer[:n]
		return nil
	}
	s.release()
	if err == nil {
		err = io.ErrNoProgress
	}
	return err
}

func (s *source) take() {
	if s.buffer == nil {
		s.buffer, _ = buffers.Get().(*[bufferSize]byte)
	}
}

func (s *source) release() {
	if s.buffer != nil {
		buffers.Put(s.buffer)
		s.buffer = nil
	}
}

// next returns at most n unread bytes, at least one; they are good until the
// next call.
func (s *source) next(n int64) ([]byte, error) {
	if err := s.wait(); err != nil {
		return nil, err
	}
	p := s.data
	if int64(len(p)) > n {
		p = p[:n]
	}
	s.data = s.data[len(p):]
	return p, nil
}

// done gives an empty buffer back.
func (s *source) done() {
	if len(s.data) == 0 {
		s.data = nil
		s.release()
	}
}

// Read implements io.Reader, for the payloads of control frames.
func (s *source) Read(p []byte) (int, error) {
	b, err := s.next(int64(len(p)))
	return copy(p, b), err
}
