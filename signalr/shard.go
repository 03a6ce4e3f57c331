package signalr

import (
	"sync"
	"time"
)

// roundBytes is what one round hands out at most before it writes, in bytes:
// more at once would overflow the queues of clients that are not slow.
const roundBytes = 256 << 10

// shard owns the membership of its connections and is the only one that
// writes to them. All that is meant for a connection comes through its inbox,
// one task after the other, so that order needs no lock.
//
//	inbox -> take all -> apply each: membership, bytes gathered -> flush:
//	one write for each connection that got something
//
// A connection that does not take everything at once has a queue until it has
// caught up; one whose transport or protocol needs it has one always.
type shard struct {
	server *Server
	inbox  *inbox
	stop   chan struct{}

	// Owned by run.
	rosters map[*Hub]*roster
	watched map[*connection]struct{} // those without a hub: they are in no roster
	dirty   []*connection
	scratch []byte          // for the bytes of one connection's queue
	fences  []chan struct{} // to be closed by the next flush

	writers sync.WaitGroup // started by run, awaited by it; what tidies up too
}

func newShard(s *Server) *shard {
	return &shard{
		server:  s,
		inbox:   newInbox(s.options.InboxLimit),
		stop:    make(chan struct{}),
		rosters: map[*Hub]*roster{},
		watched: map[*connection]struct{}{},
	}
}

// run lives until stop is closed.
func (s *shard) run() {
	ticker := time.NewTicker(s.server.options.TickInterval)
	defer ticker.Stop()
	defer s.writers.Wait()
	for {
		select {
		case <-s.inbox.wake:
			s.round()
		case <-ticker.C:
			s.tick()
		case <-s.stop:
			s.inbox.close()
			s.round()
			return
		}
	}
}

// round does what has gathered in the inbox.
func (s *shard) round() {
	tasks, gathered := s.inbox.take(), 0
	for i := range tasks {
		s.apply(&tasks[i])
		if gathered += tasks[i].size(); gathered > roundBytes {
			s.flush()
			gathered = 0
		}
	}
	s.flush()
	s.inbox.recycle(tasks)
}

func (s *shard) apply(t *task) {
	switch t.kind {
	case taskSend:
		s.send(t.target, t.message)
	case taskOwn:
		s.give(t.conn, t.bytes, asAnswer)
	case taskControl:
		s.give(t.conn, t.bytes, asControl)
	case taskRegister:
		t.conn.slow = t.conn.slow || t.conn.queues() // its Pongs may have made it slow before
		s.give(t.conn, t.bytes, asControl)           // dirty now: not what all got before
		s.rosterOf(t.conn.hub).add(t.conn)
	case taskWatch:
		t.conn.slow = t.conn.slow || t.conn.queues() // its Pongs may have made it slow before
		s.watched[t.conn] = struct{}{}
	case taskJoin:
		if c := s.rosterOf(t.hub).byID[t.id]; c != nil {
			c.roster.join(c, t.name)
		}
	case taskLeave:
		if c := s.rosterOf(t.hub).byID[t.id]; c != nil {
			c.roster.leave(c, t.name)
		}
	case taskFinish:
		s.finish(t.conn)
	case taskRemove:
		delete(s.watched, t.conn)
		if t.conn.roster != nil {
			t.conn.roster.remove(t.conn)
		}
	case taskItem:
		s.giveItem(t.conn, t.bytes)
	case taskAsk:
		s.ask(t)
	case taskPump:
		s.pump(t.conn)
	case taskAway:
		s.leave(t)
	case taskBack:
		s.comeBack(t)
	case taskForget:
		s.forget(t.conn, t.name)
	case taskFence:
		s.fences = append(s.fences, t.done)
	}
}

func (s *shard) rosterOf(h *Hub) *roster {
	r := s.rosters[h]
	if r == nil {
		r = newRoster(h)
		s.rosters[h] = r
	}
	return r
}

// send hands a message to a target. What goes to everybody is gathered once;
// only those who get something else in the same round have bytes of their own.
func (s *shard) send(t *Target, m *message) {
	r := s.rosterOf(t.hub)
	if t.kind == toAll && len(t.except) == 0 && t.newer == nil {
		for i := range r.shared {
			r.shared[i].add(m.frames[i], &m.how)
		}
		for _, c := range s.dirty {
			if c.roster == r {
				s.deliver(c, m)
			}
		}
		return
	}
	r.each(t, func(c *connection) {
		switch {
		case c.finished:
			s.server.counters.dropped.Add(1)
		case t.newer.passes(c):
			s.deliver(c, m)
		default:
			s.server.counters.passed.Add(1)
		}
	})
}

// deliver gives c a message in its encoding. There is none if the message was
// made before anybody with that encoding came: then it is not for c.
func (s *shard) deliver(c *connection, m *message) {
	if frame := m.frames[c.encoding.Load().index]; len(frame) > 0 {
		s.give(c, frame, &m.how)
	}
}

// give adds a frame for c alone, after what everybody has got in this round. A
// step is written as soon as it is full: if the client is slow, what comes
// after it waits where a Delivery counts.
func (s *shard) give(c *connection, frame []byte, how *handling) {
	if c.finished {
		s.server.counters.dropped.Add(1)
		return
	}
	if !c.dirty {
		s.soil(c)
	}
	if c.slow {
		s.enqueue(c, frame, how)
		return
	}
	if c.own.add(frame); len(c.own.bytes) >= writeStep {
		bytes := c.own.bytes
		c.own = run{}
		s.write(c, bytes)
	}
}

// soil makes c one that gets something of its own in this round, besides what
// everybody has got until now.
func (s *shard) soil(c *connection) {
	c.dirty = true
	s.dirty = append(s.dirty, c)
	if c.slow {
		c.slow = c.queues() || !c.queue().idle()
	}
	if c.roster == nil {
		return
	}
	common := &c.roster.shared[c.encoding.Load().index]
	if c.slow {
		s.enqueueAll(c, common.pieces)
	} else {
		c.own = common.prefix()
	}
}

// forget has a connection's queue begin a key anew: with what comes from now
// on, not with what everybody has got before in this round.
func (s *shard) forget(c *connection, name string) {
	if !c.finished && !c.dirty {
		s.soil(c)
	}
	s.server.counters.skipped.Add(int64(c.queue().forget(name)))
}

func (s *shard) enqueueAll(c *connection, pieces []piece) {
	for _, p := range pieces {
		if c.finished {
			return
		}
		s.enqueue(c, p.frame, p.how)
	}
}

// finish gives a connection its last frames; nothing follows them (CLOSE-07).
func (s *shard) finish(c *connection) {
	if c.finished || c.away { // its transport is lost
		c.finished = true
		c.queue().finish(nil, c.flushed)
		return
	}
	if !c.dirty {
		s.soil(c)
	}
	c.finished, c.ends = true, true
}

// tick looks after the connections' clocks.
func (s *shard) tick() {
	now := s.server.clock()
	for hub, r := range s.rosters {
		for _, c := range r.list {
			s.look(c, &hub.options, now)
		}
	}
	for c := range s.watched {
		s.look(c, &c.hub.options, now)
	}
	s.server.attachments.sweep()
	s.tidy(now)
	s.flush()
}

// lostGrace is how long reading may take to find out that a transport is lost.
const lostGrace = time.Second

// look does at a tick what a connection needs.
func (s *shard) look(c *connection, o *HubOptions, now time.Duration) {
	since := now - time.Duration(c.wroteAt)
	switch {
	case !c.gone && !c.finished:
		s.check(c, o, now)
	case !c.gone || c.ctx.Err() != nil:
	case c.finished && since > lostGrace: // its reader is held up, by a method that waits
		c.end(c.lost(nil))
	case c.away && since > s.server.options.DisconnectTimeout+lostGrace: // likewise (SR-18)
		c.end(c.elsewhere(EndedAway))
	}
}

func (s *shard) check(c *connection, o *HubOptions, now time.Duration) {
	switch {
	case c.heard.silent(now, o.ClientTimeoutInterval):
		c.end(c.silent())
	case c.expired():
		c.end(c.elsewhere(EndedExpired))
	case c.transport.abandoned(): // CONN-09
		c.end(c.elsewhere(EndedAway))
		c.cut()
	case c.away:
	default:
		s.acknowledge(c)
		if c.pinged() && now-time.Duration(c.wroteAt) >= o.KeepAliveInterval && (!c.slow || c.queue().quiet()) {
			s.give(c, c.encoding.Load().ping, asControl)
		}
	}
}
