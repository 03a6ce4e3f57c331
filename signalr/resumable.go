package signalr

import (
	"errors"
	"log/slog"
	"net/http"
	"sync"
	"time"

	"github.com/fanfare-hub/fanfare/signalr/hubproto"
	"github.com/fanfare-hub/fanfare/signalr/internal/outbox"
	"github.com/fanfare-hub/fanfare/signalr/internal/ws"
)

// resumable is the transport of a connection that may come back on another
// WebSocket: stateful reconnect. Until the handshake has armed it, it is one
// WebSocket and nothing more.
//
//	socket lost -> reader: away ....... waits -> reads the new one, from a Sequence on
//	new request -> replace: away, old writer ended -> back: Sequence, replay, queue
//
// The reader and the requests find each other here; the shard learns of it by
// tasks, so that it never writes to a socket that is being replaced.
type resumable struct {
	reading *webSocket    // owned by the reader
	arrived chan struct{} // holds a signal: current is another one

	replacing sync.Mutex // one request at a time

	mu      sync.Mutex
	current *webSocket // guarded by mu
	over    bool       // guarded by mu: cut for good
}

func newResumable(first *webSocket) *resumable {
	return &resumable{reading: first, current: first, arrived: make(chan struct{}, 1)}
}

func (*resumable) kind() Transports { return WebSockets }

func (r *resumable) deadline(timeout time.Duration)            { r.reading.deadline(timeout) }
func (r *resumable) wait() error                               { return r.reading.wait() }
func (r *resumable) receive(buf []byte) ([]byte, error)        { return r.reading.receive(buf) }
func (*resumable) abandoned() bool                             { return false }
func (r *resumable) interrupt()                                { r.socket().interrupt() }
func (r *resumable) finish(flushed <-chan struct{}, last bool) { r.socket().finish(flushed, last) }

func (r *resumable) socket() *webSocket {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.current
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
	r.current = next
	signal(r.arrived)
	return true
}

// replaced says whether the reader's socket is not the current one any more.
func (r *resumable) replaced() bool { return r.socket() != r.reading }

func (r *resumable) isOver() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.over
}

// arm makes a connection one that may come back. It is called before the shard
// knows of it.
func (c *connection) arm() {
	q := c.queue()
	q.mu.Lock()
	defer q.mu.Unlock()
	q.out, q.in = outbox.New(c.hub.options.StatefulReconnectBufferSize), &outbox.Inbox{}
	c.resumable.Store(true)
}

// resumed is called by the reader when its socket is lost or replaced. It
// waits for the client to come back; if it does not, or has said goodbye, the
// connection ends as it always does (SR-08, SR-18, SR-19).
func (c *connection) resumed(err error) bool {
	r, ok := c.transport.(*resumable)
	if !ok || !c.resumable.Load() || c.ctx.Err() != nil {
		return false
	}
	if !r.replaced() && (!lostSocket(err) || !c.awaitReturn(r)) {
		return false
	}
	c.intake.release() // half a message: it comes again
	r.reading = r.socket()
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

// awaitReturn waits until another socket is there, for as long as a client may
// stay away.
func (c *connection) awaitReturn(r *resumable) bool {
	c.heard.pause()
	c.shard.inbox.force(task{kind: taskAway, conn: c, socket: r.reading})
	timer := time.NewTimer(c.server.options.DisconnectTimeout)
	defer timer.Stop()
	for !r.replaced() {
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
func (c *connection) replace(next *webSocket, r *http.Request) {
	old, ok := c.transport.(*resumable)
	if !ok {
		next.cut()
		return
	}
	old.replacing.Lock()
	defer old.replacing.Unlock()
	if !c.withdraw(old) || !old.swap(next) {
		next.cut()
		return
	}
	c.request.Store(keepRequest(r, c.token.text)) // CONN-14
	c.shard.inbox.force(task{kind: taskBack, conn: c, socket: next})
}

// withdraw takes the current socket from the shard and closes it. It returns
// when nobody writes to it any more.
func (c *connection) withdraw(r *resumable) bool {
	socket, gone := r.socket(), make(chan struct{})
	c.shard.inbox.force(task{kind: taskAway, conn: c, socket: socket, done: gone})
	select {
	case <-gone:
	case <-c.ctx.Done():
		return false
	}
	stopped := c.queue().stop()
	_, _ = socket.tryWrite(ws.AppendClose(nil, ws.CodeNormal, "")) // a courtesy
	socket.cut()
	<-stopped
	return true
}

// stop returns a channel that is closed when no writer is there. It is for
// who sees to it that the writer fails, and that no other one begins.
func (q *queue) stop() <-chan struct{} {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.stopped == nil {
		q.stopped = make(chan struct{})
	}
	stopped := q.stopped
	if !q.writing {
		close(q.stopped)
		q.stopped = nil
	}
	return stopped
}

// leave stops writing to a connection whose socket is lost.
func (s *shard) leave(t *task) {
	if t.conn.sink == t.socket {
		t.conn.away = true
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
	c.sink, c.away, c.wroteAt = t.socket, false, int64(s.server.clock())
	e := c.encoding.Load()
	c.queue().replay(func(next int64) []byte { return e.frame(nil, &hubproto.Sequence{SequenceID: next}) })
	s.pump(c)
}

// replay puts what was not acknowledged in front, behind the message that says
// with which number it begins.
func (q *queue) replay(sequence func(next int64) []byte) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.unsent = sequence(q.out.Next())
	for frame := range q.out.Unacknowledged() {
		q.unsent = append(q.unsent, frame...)
	}
}

// acknowledge tells the client what has arrived, if something has (SR-05).
func (s *shard) acknowledge(c *connection) {
	if !c.resumable.Load() {
		return
	}
	if number, due := c.queue().due(); due {
		s.give(c, c.encoding.Load().frame(nil, &hubproto.Ack{SequenceID: number}), asControl)
	}
}

func (q *queue) due() (number int64, due bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.in.Due()
}

// numbers takes care of the numbers of what a client sends. It says whether
// the message is to be looked at: not if it came before (SR-12), nor if it
// stands where a Sequence should (SR-14).
func (c *connection) numbers(m hubproto.Message) (fresh bool, err error) {
	sequence, announces := m.(*hubproto.Sequence)
	switch {
	case !c.resumable.Load():
		return true, nil // SR-15
	case announces:
		c.unannounced = false
		return false, c.queue().sequence(sequence.SequenceID)
	case c.unannounced:
		return false, nil
	}
	switch m := m.(type) {
	case *hubproto.Ack:
		if c.queue().acknowledged(m.SequenceID) {
			c.shard.inbox.force(task{kind: taskPump, conn: c})
		}
		return false, nil
	case *hubproto.Invocation, *hubproto.StreamItem, *hubproto.Completion, *hubproto.CancelInvocation:
		return c.queue().received(), nil
	default:
		return true, nil
	}
}

func (q *queue) sequence(n int64) error {
	q.mu.Lock()
	defer q.mu.Unlock()
	if err := q.in.Sequence(n); err != nil {
		return &namedError{nameInvalidOperation, err.Error()}
	}
	return nil
}

// acknowledged forgets what the client has; it says whether something that
// waited for that can go on (SR-06, SR-07).
func (q *queue) acknowledged(n int64) (released bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	full := q.out.Full()
	q.out.Ack(n)
	return full && !q.out.Full() && !q.backlog.empty()
}

func (q *queue) received() (fresh bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.in.Receive()
}

// returning says whether a request for a WebSocket continues a connection
// (SR-16).
func (c *connection) returning() bool { return c != nil && c.resumable.Load() && c.ctx.Err() == nil }

// serveReturn gives a connection its next WebSocket.
func (e *endpoint) serveReturn(w http.ResponseWriter, r *http.Request, u user, c *connection) {
	conn, err := ws.Accept(w, r)
	if err != nil {
		e.server.counters.refused.Add(1)
		e.server.options.Logger.DebugContext(r.Context(), "websocket refused", slog.Any("error", err))
		return
	}
	if u.id != c.user.id { // SR-20
		e.server.options.Logger.WarnContext(r.Context(), "another user goes on with a connection",
			slog.String("connection", c.caller.PublicID()))
	}
	c.renew(u)
	c.answerPings(conn)
	c.replace(&webSocket{conn: conn}, r)
}

var _ transport = (*resumable)(nil)
