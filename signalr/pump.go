package signalr

import (
	"errors"
	"fmt"
	"net"
)

// writeStep is what is offered to a socket at a time, in bytes: between two
// steps a writer sees whether the client takes anything at all. What a socket
// does not take of it cannot be conflated any more, nor overtaken.
const writeStep = 16 << 10

// write gives the bytes of a round to a connection without a queue, without
// ever waiting. What its socket does not take makes it a slow one.
func (s *shard) write(c *connection, bytes []byte) {
	if len(bytes) == 0 {
		return
	}
	n, err := c.sink.tryWrite(bytes)
	switch {
	case err != nil:
		s.lose(c)
	case n < len(bytes):
		c.queue().keep(bytes[n:])
		c.slow = true
		s.pump(c)
	}
}

// queues says whether all that is sent to a connection goes through its queue.
func (c *connection) queues() bool { return c.resumable.Load() || !c.sink.immediate() }

// enqueue puts a frame into the queue of a connection that has one. Who does
// not take what cannot be left out is cut.
func (s *shard) enqueue(c *connection, frame []byte, how *handling) {
	result, dropped, behind := c.queue().put(frame, how, s.server.options.QueueLimit)
	switch result {
	case queued:
	case conflated:
		s.server.counters.conflated.Add(1)
	case skipped:
		s.server.counters.skipped.Add(int64(dropped))
	case forgone:
		s.server.counters.skipped.Add(int64(dropped))
		behind.Caller = &c.caller
		c.hub.overflows.add(behind)
	case overflow:
		s.server.counters.overflowed.Add(1)
		c.finished, c.gone, c.wroteAt = true, true, int64(s.server.clock())
		c.cut()
	}
}

// lose is what becomes of a connection that cannot be written to any more.
// Reading finds out why, or else the next ticks (see look); one with stateful
// reconnect may come back.
func (s *shard) lose(c *connection) {
	c.away = c.resumable.Load() && !c.finished
	c.finished = !c.away
	c.gone, c.wroteAt = true, int64(s.server.clock())
	c.sink.cut()
}

// pump sends what is queued, as far as the socket takes it now; the rest is
// for a writer.
func (s *shard) pump(c *connection) {
	if p, ok := c.sink.(pulled); ok {
		p.arrived()
		return
	}
	if !c.sink.immediate() {
		s.startWriter(c)
		return
	}
	for !c.away && c.queue().sendable() {
		bytes := c.queue().take(s.scratch[:0], writeStep, c.encoding.Load(), c.sink.wire)
		if cap(bytes) <= keepScratch {
			s.scratch = bytes[:0]
		}
		n, err := c.sink.tryWrite(bytes)
		if err != nil {
			c.queue().giveUp()
			s.lose(c)
			return
		}
		if n == len(bytes) {
			c.queue().sent(n)
			continue
		}
		c.queue().keep(bytes[n:])
		s.startWriter(c)
		return
	}
}

func (s *shard) startWriter(c *connection) {
	if !c.away && c.queue().restart() {
		sink := c.sink
		s.writers.Go(func() { s.drain(c, sink) })
	}
}

// keepScratch is the largest buffer that a shard keeps for gathering bytes.
const keepScratch = 1 << 20

// drain is a connection's writer: it writes, blocking, until nothing more can
// be sent or the client has taken nothing for the send timeout.
func (s *shard) drain(c *connection, to sink) {
	var buffer []byte
	for !c.queue().rest() {
		bytes := c.queue().take(buffer[:0], writeStep, c.encoding.Load(), to.wire)
		if err := c.writeSteps(to, bytes); err != nil {
			var timeout net.Error
			if errors.As(err, &timeout) && timeout.Timeout() {
				s.server.counters.stuck.Add(1)
			}
			to.cut()
			c.queue().giveUp()
			return
		}
		buffer = bytes
	}
}

// writeSteps writes bytes; the deadline begins anew with all that is taken.
func (c *connection) writeSteps(to sink, bytes []byte) error {
	for len(bytes) > 0 {
		n, err := to.write(bytes[:min(len(bytes), writeStep)], c.endpoint.TransportSendTimeout)
		bytes = bytes[n:]
		c.queue().sent(n)
		if err != nil && n == 0 {
			return fmt.Errorf("write: %w", err)
		}
	}
	return nil
}
