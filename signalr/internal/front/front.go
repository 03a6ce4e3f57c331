package front

import (
	"context"
	"log/slog"
	"net"
	"net/http"
	"sync"
	"time"
)

// Site is who answers requests.
type Site interface {
	// Knows says whether requests for path, a POST or else an upgrade to a
	// WebSocket, are for ServeHTTP. Unless they are kept, nothing may use one,
	// nor its context, when ServeHTTP has returned.
	Knows(post bool, path []byte) (known, kept bool)
	// Begin is called before ServeHTTP, which is followed by Finish. If it is
	// false the request goes to the http.Server.
	Begin(*http.Request) bool
	Finish()
	// ServeHTTP gets plain requests only. Of http.ResponseWriter's ways it has
	// the ordinary ones, for answers that are kept whole until it returns, and
	// [Writer].
	http.Handler
}

// Writer is the http.ResponseWriter of a Site.
type Writer interface {
	http.ResponseWriter
	// Detach takes the connection, and what has arrived of it behind the
	// request. Nothing else may be done with the writer then. The connection
	// has no deadlines.
	Detach() (conn net.Conn, early []byte)
}

// Crew is goroutines that have worked before: the stack of a fresh one is too
// small for an answer, and to grow it costs as much as the answer.
type Crew interface {
	Run(work func()) // returns at once
	Dismiss()        // nothing comes any more: goroutines end when their work is done
}

// Options are the settings of a Front; all of them must be given.
type Options struct {
	Listener      net.Listener
	Site          Site
	Base          context.Context //nolint:containedctx // whose values requests have: the server's, as http.Server.BaseContext
	Logger        *slog.Logger    // hears of panics of the Site
	Crew          Crew            // the front's own
	HeaderTimeout time.Duration   // from a connection's opening, or a request's first byte, to the end of its head
	IdleTimeout   time.Duration   // from an answer to the next request's first byte
}

// Front is a listener for one http.Server.
type Front struct {
	options Options
	begin   sync.Once
	accept  sync.WaitGroup
	handed  chan net.Conn // unbuffered: a connection is here or there
	failed  chan error    // of the listener
	over    chan struct{} // closed by Close
	conns   sync.Pool     // of *conn

	members sync.WaitGroup // goroutines of connections, but for those that are in the Site
	mu      sync.Mutex
	closed  bool               // guarded by mu
	resting map[*conn]struct{} // guarded by mu: they wait for bytes, and may be closed
}

// New returns a front; nothing runs before the first Accept.
func New(o Options) *Front {
	return &Front{
		options: o, handed: make(chan net.Conn), failed: make(chan error), over: make(chan struct{}), resting: map[*conn]struct{}{},
	}
}

// Accept returns the next connection that is for the http.Server.
func (f *Front) Accept() (net.Conn, error) {
	f.begin.Do(func() { f.accept.Go(f.run) })
	select {
	case c := <-f.handed:
		return c, nil
	case err := <-f.failed:
		return nil, err
	case <-f.over:
		return nil, net.ErrClosed
	}
}

// Addr is the listener's.
func (f *Front) Addr() net.Addr { return f.options.Listener.Addr() }

// Close closes the listener and all connections that wait for a request.
func (f *Front) Close() error {
	f.begin.Do(func() {}) // or it could begin now
	f.mu.Lock()
	if !f.closed {
		f.closed = true
		close(f.over)
	}
	for c := range f.resting {
		_ = c.tcp.Close()
	}
	f.mu.Unlock()
	err := f.options.Listener.Close()
	f.accept.Wait()
	f.members.Wait()
	f.options.Crew.Dismiss()
	return err
}

// run accepts until Close. What the listener says of a connection that it
// could not accept is the http.Server's to decide on: it comes back when that
// one asks for the next.
func (f *Front) run() {
	for {
		accepted, err := f.options.Listener.Accept()
		if err == nil {
			f.take(accepted)
			continue
		}
		select {
		case f.failed <- err:
		case <-f.over:
			return
		}
	}
}

// take begins with a connection. One that is not plain TCP is not for us.
func (f *Front) take(accepted net.Conn) {
	tcp, ok := accepted.(*net.TCPConn)
	if !ok || !rawIO {
		f.hand(accepted)
		return
	}
	c, err := f.newConn(tcp)
	if err != nil || !f.join() {
		_ = tcp.Close()
		return
	}
	c.inHead = true // from its opening on
	c.rest(f.options.HeaderTimeout)
}

// hand gives a connection to the http.Server.
func (f *Front) hand(c net.Conn) {
	select {
	case f.handed <- c:
	case <-f.over:
		_ = c.Close()
	}
}

// join counts a goroutine in that Close is to await, and leave out; not after
// Close.
func (f *Front) join() bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	if !f.closed {
		f.members.Add(1)
	}
	return !f.closed
}

func (f *Front) leave() { f.members.Done() }

// rest notes that a connection waits for bytes, and wake that it does not any
// more; not after Close.
func (f *Front) rest(c *conn) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	if !f.closed {
		f.resting[c] = struct{}{}
	}
	return !f.closed
}

func (f *Front) wake(c *conn) {
	f.mu.Lock()
	defer f.mu.Unlock()
	delete(f.resting, c)
}

// closing says whether Close has been called.
func (f *Front) closing() bool {
	select {
	case <-f.over:
		return true
	default:
		return false
	}
}

var _ net.Listener = (*Front)(nil)
