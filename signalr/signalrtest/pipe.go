package signalrtest

import (
	"io"
	"net"
	"os"
	"sync"
	"time"
)

// pipeSize is what one direction of a connection holds, in bytes: a socket
// buffer, so that a writer need not wait for its reader.
const pipeSize = 64 << 10

// address is that of an end of a connection in memory.
type address string

func (address) Network() string  { return "memory" }
func (a address) String() string { return string(a) }

// pipe makes the two ends of a connection.
func pipe() (client, server net.Conn) {
	up, down := newStream(), newStream()
	return &end{in: down, out: up, local: "client", remote: "server"}, &end{in: up, out: down, local: "server", remote: "client"}
}

// end is one end of a connection.
type end struct {
	in, out       *stream
	local, remote address
}

func (e *end) Read(p []byte) (int, error)  { return e.in.read(p) }
func (e *end) Write(p []byte) (int, error) { return e.out.write(p) }

// Close ends both directions: the peer reads what is there, and then io.EOF.
func (e *end) Close() error {
	e.in.abandon()
	e.out.close()
	return nil
}

func (e *end) LocalAddr() net.Addr  { return e.local }
func (e *end) RemoteAddr() net.Addr { return e.remote }

func (e *end) SetDeadline(t time.Time) error {
	e.in.reading.set(t)
	e.out.writing.set(t)
	return nil
}

func (e *end) SetReadDeadline(t time.Time) error {
	e.in.reading.set(t)
	return nil
}

func (e *end) SetWriteDeadline(t time.Time) error {
	e.out.writing.set(t)
	return nil
}

// stream is one direction of a connection.
type stream struct {
	reading, writing *deadline

	mu        sync.Mutex
	moved     chan struct{} // guarded by mu: closed and renewed when something changes
	data      []byte        // guarded by mu
	closed    bool          // guarded by mu: the writer is gone
	abandoned bool          // guarded by mu: the reader is gone
}

func newStream() *stream {
	return &stream{moved: make(chan struct{}), reading: newDeadline(), writing: newDeadline()}
}

func (s *stream) read(p []byte) (int, error) {
	for {
		n, moved, err := s.take(p)
		if n > 0 || err != nil || len(p) == 0 {
			return n, err
		}
		select {
		case <-moved:
		case <-s.reading.passed():
		}
	}
}

// take reads what is there, or returns what to wait for.
func (s *stream) take(p []byte) (n int, moved <-chan struct{}, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case s.abandoned:
		return 0, nil, net.ErrClosed
	case s.reading.over():
		return 0, nil, os.ErrDeadlineExceeded
	case len(s.data) > 0:
		n = copy(p, s.data)
		s.data = s.data[n:]
		s.moveLocked()
		return n, nil, nil
	case s.closed:
		return 0, nil, io.EOF
	default:
		return 0, s.moved, nil
	}
}

func (s *stream) write(p []byte) (int, error) {
	written := 0
	for written < len(p) {
		n, moved, err := s.put(p[written:])
		if written += n; err != nil {
			return written, err
		}
		if n > 0 {
			continue
		}
		select {
		case <-moved:
		case <-s.writing.passed():
		}
	}
	return written, nil
}

// put writes what there is room for, or returns what to wait for.
func (s *stream) put(p []byte) (n int, moved <-chan struct{}, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case s.closed:
		return 0, nil, net.ErrClosed
	case s.abandoned:
		return 0, nil, io.ErrClosedPipe
	case s.writing.over():
		return 0, nil, os.ErrDeadlineExceeded
	}
	if n = min(len(p), pipeSize-len(s.data)); n > 0 {
		s.data = append(s.data, p[:n]...)
		s.moveLocked()
	}
	return n, s.moved, nil
}

func (s *stream) close() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.closed = true
	s.moveLocked()
}

// abandon throws away what nobody will read.
func (s *stream) abandon() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.abandoned, s.data = true, nil
	s.moveLocked()
}

func (s *stream) moveLocked() {
	close(s.moved)
	s.moved = make(chan struct{})
}

var _ net.Conn = (*end)(nil)
