package signalr

import (
	"fmt"
	"io"
	"math"
	"sync"
	"time"
)

// longPolling is the transport that sends by the responses to polls and
// receives by POST requests. What is sent waits in the connection's queue until
// the next poll takes it.
type longPolling struct {
	*inbound

	server *Server
	conn   *connection
	gone   chan struct{} // closed when no poll gets anything any more

	mu       sync.Mutex
	grown    chan struct{} // guarded by mu: closed and renewed when the queue grows
	current  *poll         // guarded by mu: the one that waits or takes
	heir     bool          // guarded by mu: another one waits for its place
	left     time.Duration // guarded by mu: when the last poll went, on the server's clock
	deleted  bool          // guarded by mu: the client has ended it
	vanished bool          // guarded by mu: gone is closed
}

// poll is one GET request at its place in a connection.
type poll struct {
	replaced chan struct{} // closed when a newer one wants the place
	done     chan struct{} // closed when it has left the place
	loser    bool          // guarded by longPolling.mu: replaced is closed
}

func newLongPolling(c *connection, in *inbound) *longPolling {
	return &longPolling{
		inbound: in, server: c.server, conn: c,
		gone: make(chan struct{}), grown: make(chan struct{}), left: c.server.clock(),
	}
}

func (*longPolling) kind() Transports { return LongPolling }

// wire strips the frames: a poll's body is the messages, one after the other.
func (*longPolling) wire(dst, frames []byte) []byte {
	payloads(frames, func(payload []byte) { dst = append(dst, payload...) })
	return dst
}

// arrived wakes the poll that waits.
func (p *longPolling) arrived() {
	p.mu.Lock()
	defer p.mu.Unlock()
	close(p.grown)
	p.grown = make(chan struct{})
}

// immediate is never so: the polls take what there is.
func (*longPolling) immediate() bool { return false }

// tryWrite takes nothing.
func (*longPolling) tryWrite([]byte) (int, error) { return 0, nil }

// write is never called.
func (*longPolling) write(bytes []byte, _ time.Duration) (int, error) {
	return 0, fmt.Errorf("write %d bytes: %w", len(bytes), io.ErrClosedPipe)
}

// abandoned says whether there has been no poll for too long (LP-11).
func (p *longPolling) abandoned() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.current == nil && p.server.clock()-p.left > p.server.options.DisconnectTimeout
}

// finish waits until the polls have got the last messages and the news of the
// end (LP-06), for as long as a client may stay away; less at a shutdown.
func (p *longPolling) finish(_ <-chan struct{}, _ bool) {
	timeout := p.server.options.DisconnectTimeout
	if p.conn.ended.reason == EndedByShutdown {
		timeout = min(timeout, closeTimeout)
	}
	timer := time.NewTimer(timeout)
	defer timer.Stop()
	select {
	case <-p.gone:
	case <-timer.C:
		p.cut()
	}
}

// cut ends the polls without a word.
func (p *longPolling) cut() {
	p.end(io.ErrUnexpectedEOF)
	p.mu.Lock()
	defer p.mu.Unlock()
	p.vanishLocked()
}

func (p *longPolling) vanishLocked() {
	if !p.vanished {
		p.vanished = true
		close(p.gone)
	}
}

// remove is the client's end: a poll that waits still gets the last messages,
// a later one does not (LP-12).
func (p *longPolling) remove() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.deleted = true
	if p.current == nil {
		p.vanishLocked()
	}
}

// place is what a new poll finds.
type place int

const (
	placeTaken    place = iota // it may wait now
	placeLost                  // the connection ended, or the client hung up, while it waited
	placeGone                  // the connection is over, though not forgotten yet (CONN-01)
	placeDisputed              // another one wants the place too (LP-08)
)

// enter takes the place of the poll that waits, if one does (LP-07).
func (p *longPolling) enter(hungUp <-chan struct{}) (*poll, place) {
	mine := &poll{replaced: make(chan struct{}), done: make(chan struct{})}
	before, found := p.claim(mine)
	if before == nil {
		return mine, found
	}
	select {
	case <-before.done:
		return mine, p.inherit(mine)
	case <-hungUp:
		p.renounce()
		return nil, placeLost
	}
}

// claim takes the place if it is free, and the right to it otherwise.
func (p *longPolling) claim(mine *poll) (before *poll, found place) {
	p.mu.Lock()
	defer p.mu.Unlock()
	switch before = p.current; {
	case p.heir:
		return nil, placeDisputed
	case p.vanished:
		return nil, placeGone
	case before == nil:
		p.current = mine
		return nil, placeTaken
	}
	p.heir = true
	if !before.loser {
		before.loser = true
		close(before.replaced)
	}
	return before, placeTaken
}

func (p *longPolling) inherit(mine *poll) place {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.heir = false
	if p.vanished {
		return placeLost
	}
	p.current = mine
	return placeTaken
}

func (p *longPolling) renounce() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.heir = false
	if p.deleted && p.current == nil {
		p.vanishLocked()
	}
}

// leave gives the place free.
func (p *longPolling) leave(mine *poll) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.current, p.left = nil, p.server.clock()
	close(mine.done)
	if p.deleted && !p.heir {
		p.vanishLocked()
	}
}

// take hands out all messages, or what to wait for.
func (p *longPolling) take() (messages []byte, grown <-chan struct{}) {
	p.mu.Lock()
	grown = p.grown
	p.mu.Unlock()
	return p.conn.queue().take(nil, math.MaxInt, p.conn.encoding.Load(), p.wire), grown
}

// giveBack puts messages in front again whose poll broke off: what is cut off
// counts for nothing at the client (LP-10).
func (p *longPolling) giveBack(messages []byte) {
	p.conn.queue().keep(messages)
	p.arrived()
}

var (
	_ transport = (*longPolling)(nil)
	_ sink      = (*longPolling)(nil)
	_ pulled    = (*longPolling)(nil)
)
