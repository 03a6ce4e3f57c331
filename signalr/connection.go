package signalr

import (
	"context"
	"log/slog"
	"net/http"
	"sync"
	"sync/atomic"
	"time"
)

// connection is one client of one hub, from its transport's opening to its end.
//
//	run: handshake -> register -> OnConnected -> read, dispatch -> end
//	     -> OnDisconnected -> remove -> close the transport -> await the calls
//
// Whatever happens, it ends by end, once, from any goroutine; run then goes
// through the rest.
type connection struct {
	// Set once, before run.
	server    *Server
	endpoint  *EndpointOptions
	hub       *Hub
	handler   ConnectionHandler // nil if it speaks a hub protocol
	shard     *shard
	transport transport
	id        string
	token     token // without a text if it was not negotiated
	user      user
	caller    Caller
	ctx       context.Context    //nolint:containedctx // the connection's own life, for all that runs in it
	cancel    context.CancelFunc // of ctx

	// Set by run in the handshake, read by everybody.
	encoding atomic.Pointer[encoding]

	// Owned by run.
	intake      intake
	slots       chan struct{} // one is taken by each invocation that runs; nil before the first
	connected   bool          // OnConnected has succeeded
	quiet       bool          // the client's last message was one of a client that has nothing to say
	unannounced bool          // on a new socket, whose first message is to be a Sequence (SR-12)

	// Owned by the shard.
	member
	waits atomic.Pointer[queue] // what waits for the client; nil as long as nothing ever has

	// Shared.
	streams streams
	calls   sync.WaitGroup           // started by read, awaited after run
	owed    int                      // guarded by hub.questions.mu: results it still owes
	items   atomic.Pointer[sync.Map] // nil before the first use
	request atomic.Pointer[request]  // the newest that attached (CONN-14)
	// resumable is set by run in the handshake, once for all.
	resumable atomic.Bool
	heard     hearing
	fresh     atomic.Pointer[user] // what a later request said of the user; nil while nothing has changed
	ending    sync.Once
	ended     *ending       // set in end
	flushed   chan struct{} // made in end, closed when the last frames are written
	over      atomic.Bool   // OnDisconnected has run
}

// run begins the connection, which has been admitted.
func (c *connection) run() { c.goOn(c.converse()) }

// goOn is what comes when reading has stopped: a rest, after which it is called
// again, or the end. The goroutine ends, or is the next connection's.
func (c *connection) goOn(e ending, resting bool) {
	if resting {
		c.rest()
		return
	}
	c.conclude(e)
}

// conclude is the connection's end.
func (c *connection) conclude(e ending) {
	defer c.server.goroutines.Done() // since admit
	if c.connected && e.reason == EndedByError {
		c.awaitCalls()
	}
	c.end(e)
	c.disconnect()
	c.over.Store(true)
	c.shard.inbox.force(task{kind: taskRemove, conn: c})
	if e := c.encoding.Load(); e != nil {
		e.users.Add(-1)
	}
	c.transport.finish(c.flushed, len(c.ended.last) > 0)
	c.intake.release()
	c.server.forget(c)
	c.server.counters.closed.Add(1)
	// Not here: a method that is slow to end must not hold up the end of the
	// transport, which for some is that of this goroutine.
	c.server.goroutines.Go(c.calls.Wait)
}

// converse is the connection's talk, up to its first rest; without one it
// returns how it ended.
func (c *connection) converse() (e ending, resting bool) {
	if c.handler != nil {
		return c.handle(), false
	}
	if e, ok := c.handshake(); !ok {
		return e, false
	}
	if err := c.hub.connected(c.ctx, &c.caller); err != nil {
		return c.refused(err), false
	}
	c.connected, c.quiet = true, true
	return c.read()
}

// end starts the end of the connection: it has the last frames written, after
// which nothing follows (CLOSE-07), and then wakes all that waits in it. Only
// the first call counts; every call returns when that is done.
func (c *connection) end(e ending) {
	c.ending.Do(func() {
		c.ended = &e
		c.flushed = make(chan struct{})
		c.shard.inbox.force(task{kind: taskFinish, conn: c})
		c.cancel()
		c.transport.interrupt()
	})
}

// disconnect tells the application, if it was told of the connection before
// (LIFE-05, LIFE-07).
func (c *connection) disconnect() {
	if !c.connected {
		return
	}
	ctx := c.server.base
	if err := c.hub.disconnected(ctx, &c.caller, c.ended.err); err != nil {
		c.hub.options.Logger.WarnContext(ctx, "OnDisconnected returned an error",
			slog.String("connection", c.caller.PublicID()), slog.Any("error", err))
	}
}

// post hands a task to the connection's shard. An error says that the
// connection or the server has ended.
func (c *connection) post(t task) error { return c.shard.inbox.post(c.ctx, t) }

// newestRequest ends with the server.
func (c *connection) newestRequest() *http.Request {
	return c.request.Load().restore(c.server.base, c.token.text)
}

// queue is what waits for the client. Most connections never have one.
func (c *connection) queue() *queue {
	if q := c.waits.Load(); q != nil {
		return q
	}
	c.waits.CompareAndSwap(nil, &queue{})
	return c.waits.Load()
}

// cut drops the transport at once, without a word; run notices.
func (c *connection) cut() { c.transport.cut() }

// pinged says whether it is kept alive by pings: polls are alive by themselves
// (LP-15), and without a hub protocol there are none.
func (c *connection) pinged() bool {
	return c.transport.kind() != LongPolling && c.handler == nil
}

// hearing is when the client was last heard, for the client timeout. The
// reading goroutine writes it, the shard reads it.
type hearing struct{ at atomic.Int64 }

// What stands in hearing.at besides a time on the server's clock, in ns.
const (
	unarmed = 0  // the client has not pinged yet: it is never timed out (PING-05)
	paused  = -1 // a message is being dispatched: the clock stands still (PING-07)
)

func (h *hearing) armed() bool { return h.at.Load() != unarmed }

func (h *hearing) pause() { h.at.Store(paused) }

func (h *hearing) resume(now time.Duration) { h.at.Store(int64(max(now, 1))) }

// silent says whether nothing was heard for longer than timeout.
func (h *hearing) silent(now, timeout time.Duration) bool {
	at := h.at.Load()
	return at != unarmed && at != paused && now-time.Duration(at) > timeout
}
