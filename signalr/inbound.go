package signalr

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"sync"
	"time"
)

// inboundLimit is how many bytes of a client wait for being processed before
// its requests wait (CONN-10).
const inboundLimit = 64 << 10

// errEnded says that a connection takes no bytes any more.
var errEnded = errors.New("connection has ended")

// inbound is the stream of bytes that a client sends by POST requests: one
// after the other, in the order of their arrival, each body in one piece
// (POST-03).
type inbound struct {
	turn    chan struct{} // holds one token while a body is being taken
	arrived chan struct{} // holds a signal for the reader
	room    chan struct{} // holds a signal for the body that waits

	until time.Time // owned by the reader: the deadline of wait, if there is one

	mu    sync.Mutex
	data  []byte        // guarded by mu: not read yet
	err   error         // guarded by mu: what reading ends with, after data
	ended chan struct{} // closed when err is set
}

func newInbound() *inbound {
	return &inbound{
		turn:    make(chan struct{}, 1),
		arrived: make(chan struct{}, 1),
		room:    make(chan struct{}, 1),
		ended:   make(chan struct{}),
	}
}

// accept takes a whole body, and returns when all of it is in the buffer
// (POST-01). It returns errEnded when the stream has ended meanwhile, and the
// body's own error otherwise.
func (in *inbound) accept(ctx context.Context, body io.Reader) error {
	select {
	case in.turn <- struct{}{}:
		defer func() { <-in.turn }()
	case <-in.ended:
		return errEnded
	case <-ctx.Done():
		return ctx.Err()
	}
	buffer := make([]byte, chunk)
	for {
		n, err := body.Read(buffer)
		if wrote := in.put(ctx, buffer[:n]); wrote != nil {
			return wrote
		}
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("read body: %w", err)
		}
	}
}

// put appends bytes, and waits while there is no room.
func (in *inbound) put(ctx context.Context, bytes []byte) error {
	for {
		rest, err := in.offer(bytes)
		if err != nil || len(rest) == 0 {
			return err
		}
		bytes = rest
		select {
		case <-in.room:
		case <-in.ended:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

func (in *inbound) offer(bytes []byte) (rest []byte, err error) {
	in.mu.Lock()
	defer in.mu.Unlock()
	if in.err != nil {
		return nil, errEnded
	}
	n := min(len(bytes), inboundLimit-len(in.data))
	in.data = append(in.data, bytes[:n]...)
	if n > 0 {
		signal(in.arrived)
	}
	return bytes[n:], nil
}

// wait returns when there are bytes, with the error of end when there are no
// more, or with os.ErrDeadlineExceeded.
func (in *inbound) wait() error {
	var late <-chan time.Time
	if !in.until.IsZero() {
		timer := time.NewTimer(time.Until(in.until))
		defer timer.Stop()
		late = timer.C
	}
	for {
		if some, err := in.look(); some || err != nil {
			return err
		}
		select {
		case <-in.arrived:
		case <-in.ended:
		case <-late:
			return os.ErrDeadlineExceeded
		}
	}
}

func (in *inbound) look() (some bool, err error) {
	in.mu.Lock()
	defer in.mu.Unlock()
	if len(in.data) > 0 {
		return true, nil
	}
	return false, in.err
}

// receive appends what is there to buf.
func (in *inbound) receive(buf []byte) ([]byte, error) {
	in.mu.Lock()
	defer in.mu.Unlock()
	buf = append(buf, in.data...)
	if in.data = in.data[:0]; cap(in.data) > chunk {
		in.data = nil // a quiet client holds little
	}
	signal(in.room)
	return buf, nil
}

// deadline bounds wait from now on; 0 is no bound.
func (in *inbound) deadline(timeout time.Duration) {
	in.until = time.Time{}
	if timeout > 0 {
		in.until = time.Now().Add(timeout)
	}
}

// end takes no more bytes; reading ends with err after those that are there.
// Only the first call counts.
func (in *inbound) end(err error) {
	in.mu.Lock()
	defer in.mu.Unlock()
	if in.err == nil {
		in.err = err
		close(in.ended)
	}
}

// afterEnd calls f when the stream ends, until stop is called; stop says
// whether f was not called, and waits for it if it was.
func (in *inbound) afterEnd(f func()) (stop func() bool) {
	stopped, called := make(chan struct{}), make(chan bool, 1)
	go func() {
		select {
		case <-in.ended:
			f()
			called <- true
		case <-stopped:
			called <- false
		}
	}()
	return func() bool {
		close(stopped)
		return !<-called
	}
}

// interrupt is an end that the server's side has chosen.
func (in *inbound) interrupt() { in.end(os.ErrDeadlineExceeded) }

// signal wakes who waits for c, now or later.
func signal(c chan struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}
