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
type shard struct {
	server *Server
	inbox  *inbox
	stop   chan struct{}

	// Owned by run.
	rosters map[*Hub]*roster
	watched map[*connection]struct{} // those without a hub: they are in no roster
	dirty   []*connection
	wired   [LongPolling + 1]wired // by transport

	writers sync.WaitGroup // started by run, awaited by it
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
		s.give(t.conn, t.bytes)
	case taskRegister:
		s.give(t.conn, t.bytes) // dirty now: not what all got before
		s.rosterOf(t.conn.hub).add(t.conn)
	case taskWatch:
		s.watched[t.conn] = struct{}{}
	case taskJoin:
		if c := s.rosterOf(t.hub).byID[t.id]; c != nil {
			c.roster.join(c, t.group)
		}
	case taskLeave:
		if c := s.rosterOf(t.hub).byID[t.id]; c != nil {
			c.roster.leave(c, t.group)
		}
	case taskFinish:
		s.finish(t.conn, t.bytes)
	case taskRemove:
		delete(s.watched, t.conn)
		if t.conn.roster != nil {
			t.conn.roster.remove(t.conn)
		}
	case taskItem:
		s.giveItem(t.conn, t.bytes)
	case taskAsk:
		s.ask(t)
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
			r.shared[i].add(m.frames[i])
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
		s.give(c, frame)
	}
}

// give adds bytes for c alone, after what everybody has got in this round.
func (s *shard) give(c *connection, bytes []byte) {
	if c.finished {
		s.server.counters.dropped.Add(1)
		return
	}
	if !c.dirty {
		c.dirty = true
		s.dirty = append(s.dirty, c)
		if c.roster != nil {
			c.own = c.roster.shared[c.encoding.Load().index].prefix()
		}
	}
	c.own.add(bytes)
}

// finish gives a connection its last bytes; nothing follows them (CLOSE-07).
func (s *shard) finish(c *connection, bytes []byte) {
	if c.finished { // its transport is lost
		c.queue.finish(c.flushed)
		return
	}
	s.give(c, bytes)
	c.finished, c.last = true, true
}

// flush writes what was gathered.
func (s *shard) flush() {
	now := int64(s.server.clock())
	for _, c := range s.dirty {
		s.write(c, c.own.bytes, now)
	}
	for _, r := range s.rosters {
		s.flushShared(r, now)
	}
	for _, c := range s.dirty {
		c.dirty, c.own = false, run{}
	}
	clear(s.wired[:])
	clear(s.dirty)
	s.dirty = s.dirty[:0]
}

func (s *shard) flushShared(r *roster, now int64) {
	for i := range r.shared {
		bytes := r.shared[i].bytes
		if r.shared[i] = (run{}); len(bytes) == 0 {
			continue
		}
		for _, c := range r.list {
			if c.dirty || c.encoding.Load().index != i {
				continue
			}
			if c.finished {
				s.server.counters.dropped.Add(1)
				continue
			}
			s.write(c, bytes, now)
		}
	}
}

// write gives bytes to a connection's queue, without ever waiting.
func (s *shard) write(c *connection, bytes []byte, now int64) {
	c.wroteAt = now
	if err := s.push(c, bytes); err != nil {
		c.finished = true // its transport is lost; run finds out by reading
		c.cut()
	}
	s.settle(c)
	if c.last {
		c.last = false
		c.queue.finish(c.flushed)
	}
}

// tick looks after the connections' clocks.
func (s *shard) tick() {
	now := s.server.clock()
	for hub, r := range s.rosters {
		for _, c := range r.list {
			if !c.finished {
				s.check(c, &hub.options, now)
			}
		}
	}
	for c := range s.watched {
		if !c.finished {
			s.check(c, &c.hub.options, now)
		}
	}
	s.server.attachments.sweep()
	s.flush()
}

func (s *shard) check(c *connection, o *HubOptions, now time.Duration) {
	switch {
	case c.heard.silent(now, o.ClientTimeoutInterval):
		c.end(c.silent())
	case c.expired():
		c.end(c.elsewhere(EndedExpired))
	case c.transport.abandoned(): // CONN-09
		c.end(c.elsewhere(EndedLost))
		c.cut()
	case c.pinged() && now-time.Duration(c.wroteAt) >= o.KeepAliveInterval && c.queue.idle():
		s.give(c, c.encoding.Load().ping)
	}
}
