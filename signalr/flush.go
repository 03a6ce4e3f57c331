package signalr

// flush writes what was gathered, and lets go on who waited for that.
func (s *shard) flush() {
	now := int64(s.server.clock())
	for _, c := range s.dirty {
		s.flushOwn(c, now)
	}
	for _, r := range s.rosters {
		s.flushShared(r, now)
	}
	for _, c := range s.dirty {
		c.dirty = false
	}
	clear(s.dirty)
	s.dirty = s.dirty[:0]
	for _, done := range s.fences {
		close(done)
	}
	clear(s.fences)
	s.fences = s.fences[:0]
}

// flushOwn writes what c alone got, and ends it if that is its end.
func (s *shard) flushOwn(c *connection, now int64) {
	if !c.gone {
		c.wroteAt = now
	}
	switch {
	case c.slow:
		s.pump(c)
	default:
		s.write(c, c.own.bytes)
	}
	c.own = run{}
	s.settle(c)
	if c.ends {
		c.ends = false
		last := c.ended.last
		if c.away { // its transport was lost in this round
			last, c.finished = nil, true
		}
		c.queue().finish(last, c.flushed)
		s.pump(c)
	}
}

func (s *shard) flushShared(r *roster, now int64) {
	for i := range r.shared {
		common := &r.shared[i]
		if len(common.pieces) == 0 {
			continue
		}
		for _, c := range r.list {
			if !c.dirty && c.encoding.Load().index == i {
				s.flushTo(c, common, now)
			}
		}
		common.reset()
	}
}

// flushTo writes what everybody got to one of them.
func (s *shard) flushTo(c *connection, common *shared, now int64) {
	if c.finished {
		s.server.counters.dropped.Add(int64(len(common.pieces)))
		return
	}
	if !c.gone {
		c.wroteAt = now
	}
	if c.slow {
		c.slow = c.queues() || !c.queue().idle()
	}
	if !c.slow {
		s.write(c, common.bytes)
		return
	}
	s.enqueueAll(c, common.pieces)
	s.pump(c)
}
