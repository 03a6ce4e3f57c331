package signalr

import (
	"errors"
	"log/slog"
	"net/http"
	"sync"
	"time"

	"github.com/fanfare-hub/fanfare/signalr/hubproto"
	"github.com/fanfare-hub/fanfare/signalr/internal/ws"
)

// resumable is the transport of a connection that may come back on another
// WebSocket: stateful reconnect. Until the handshake has armed it, it is one
// WebSocket and nothing more.
//
//	socket lost -> reader: away .............................. waits -> reads the new one, from a Sequence on
//	new request -> replace: away, swap, old writer ended -> back, open: Sequence, replay, queue
//
// The reader and the requests find each other here; the shard learns of it by
// tasks, so that it never writes to a socket that is being replaced. Nor is the
// new one read before the shard was told of it: what is read may end the
// connection, and the client is to hear of that behind its replay (SR-13).
type resumable struct {
	reading *webSocket    // owned by the reader
	arrived chan struct{} // holds a signal: current is open, or it is over

	replacing sync.Mutex // one request at a time

	mu      sync.Mutex
	current *webSocket // guarded by mu
	opened  bool       // guarded by mu: current may be read
	over    bool       // guarded by mu: cut for good
}

func newResumable(first *webSocket) *resumable {
	return &resumable{reading: first, current: first, opened: true, arrived: make(chan struct{}, 1)}
}

func (*resumable) kind() Transports { return WebSockets }

func (r *resumable) deadline(timeout time.Duration)     { r.reading.deadline(timeout) }
func (r *resumable) wait() error                        { return r.reading.wait() }
func (r *resumable) receive(buf []byte) ([]byte, error) { return r.reading.receive(buf) }
func (*resumable) abandoned() bool                      { return false }
func (r *resumable) interrupt()                         { r.socket().interrupt() }

func (r *resumable) socket() *webSocket {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.current
}

// finish ends the current socket; no other one can come any more.
func (r *resumable) finish(flushed <-chan struct{}, last bool) {
	r.mu.Lock()
	r.over = true
	current := r.current
	r.mu.Unlock()
	current.finish(flushed, last)
}

// cut drops the socket, and every one that would come after it.
func (r *resumable) cut() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.over = true
	r.current.cut()
	signal(r.arrived)
}

// swap makes next the current socket, unless the transport was cut for good.
func (r *resumable) swap(next *webSocket) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.over {
		return false
	}
	r.current, r.opened = next, false
	return true
}

// open lets the reader have the current socket.
func (r *resumable) open() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.opened = true
	signal(r.arrived)
}

// advance makes the reader's socket the current one, when that is another one
// and open.
func (r *resumable) advance() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.current == r.reading || !r.opened {
		return false
	}
	r.reading = r.current
	return true
}

// replaced says whether the reader's socket is not the current one any more.
func (r *resumable) replaced() bool { return r.socket() != r.reading }

func (r *resumable) isOver() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.over
}

// resumed is called by the reader when its socket is lost or replaced. It
// waits for the client to come back; if it does not, or has said goodbye, the
// connection ends as it always does (SR-08, SR-18, SR-19).
func (c *connection) resumed(err error) bool {
	r, ok := c.transport.(*resumable)
	if !ok || !c.resumable.Load() || c.ctx.Err() != nil {
		return false
	}
	if !r.replaced() && !lostSocket(err) || !c.awaitReturn(r) {
		return false
	}
	c.intake.release() // half a message: it comes again
	c.unannounced = true
	c.heard.resume(c.server.clock())
	return c.ctx.Err() == nil
}

// lostSocket says whether a socket has ended without the client having meant
// it (WS-13).
func lostSocket(err error) bool {
	var closed *ws.CloseError
	var broken *ws.ProtocolError
	return !errors.As(err, &closed) && !errors.As(err, &broken)
}

// awaitReturn waits until another socket is there to be read, for as long as a
// client may stay away.
func (c *connection) awaitReturn(r *resumable) bool {
	c.heard.pause()
	c.shard.inbox.force(task{kind: taskAway, conn: c, socket: r.reading})
	timer := time.NewTimer(c.server.options.DisconnectTimeout)
	defer timer.Stop()
	for !r.advance() {
		if r.isOver() {
			return false
		}
		select {
		case <-r.arrived:
		case <-timer.C:
			c.end(ending{reason: EndedAway}) // OBS-03
			return false
		case <-c.ctx.Done():
			return false
		}
	}
	return true
}

// replace goes on with the connection on another socket (SR-09). An older one
// that still lives is closed: its end need not have been noticed (SR-17).
// Whoever calls it holds replacing.
func (c *connection) replace(old *resumable, next *webSocket, r *http.Request) {
	socket := old.socket()
	if !c.withdraw(socket) || !old.swap(next) {
		next.cut()
		return
	}
	c.retire(socket)
	c.request.Store(keepRequest(r, c.token.text)) // CONN-14
	c.shard.inbox.force(task{kind: taskBack, conn: c, socket: next})
	old.open()
}

// withdraw takes the current socket from the shard.
func (c *connection) withdraw(socket *webSocket) bool {
	gone := make(chan struct{})
	c.shard.inbox.force(task{kind: taskAway, conn: c, socket: socket, done: gone})
	select {
	case <-gone:
		return true
	case <-c.ctx.Done():
		return false
	}
}

// retire closes a socket that has been replaced; not before, since its client
// may answer the Close frame, which would be the end of a current one. It
// returns when nobody writes to it any more.
func (c *connection) retire(socket *webSocket) {
	stopped := c.queue().stop()
	select {
	case <-stopped:
		_, _ = socket.tryWrite(ws.AppendClose(nil, ws.CodeNormal, "")) // a courtesy
	default: // it would wait for the writer, and stand in the middle of a frame
	}
	socket.cut()
	<-stopped
}

// leave stops writing to a connection whose socket is lost.
func (s *shard) leave(t *task) {
	if t.conn.sink == t.socket && !t.conn.away {
		t.conn.away, t.conn.gone, t.conn.wroteAt = true, true, int64(s.server.clock())
	}
	if t.done != nil {
		close(t.done)
	}
}

// comeBack goes on writing to a connection: first what its client cannot have
// got, then what has been queued since (SR-10, SR-11).
func (s *shard) comeBack(t *task) {
	c := t.conn
	if c.finished {
		t.socket.cut()
		return
	}
	c.sink, c.away, c.gone, c.wroteAt = t.socket, false, false, int64(s.server.clock())
	e := c.encoding.Load()
	c.queue().replay(func(next int64) []byte { return e.frame(nil, &hubproto.Sequence{SequenceID: next}) })
	s.pump(c)
}

// returning says whether a request for a WebSocket continues a connection
// (SR-16).
func (c *connection) returning() bool { return c != nil && c.resumable.Load() && c.ctx.Err() == nil }

// serveReturn gives a connection its next WebSocket. Requests take their turns
// before they are answered, so that one which its client has given up cannot
// take the place of a later one.
func (e *endpoint) serveReturn(w http.ResponseWriter, r *http.Request, u user, c *connection) {
	old, ok := c.transport.(*resumable)
	if !ok {
		e.refuse(w, http.StatusConflict, "")
		return
	}
	old.replacing.Lock()
	defer old.replacing.Unlock()
	if r.Context().Err() != nil {
		return
	}
	conn, err := e.socket(w, r)
	if err != nil {
		return
	}
	if u.id != c.user.id { // SR-20
		e.server.options.Logger.WarnContext(r.Context(), "another user goes on with a connection",
			slog.String("connection", c.caller.PublicID()))
	}
	c.renew(u)
	c.answerPings(conn)
	c.replace(old, &webSocket{conn: conn}, r)
}

var _ transport = (*resumable)(nil)
