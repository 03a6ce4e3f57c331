package signalr

import (
	"github.com/fanfare-hub/fanfare/signalr/hubproto"
)

// read takes the client's messages, one after the other, until the connection
// ends by one of them or by something else, or is to rest.
func (c *connection) read() (e ending, resting bool) {
	codec, limit := c.encoding.Load().codec, c.hub.options.MaximumReceiveMessageSize
	for c.ctx.Err() == nil {
		record, rest, err := codec.Next(c.intake.data, limit)
		if err != nil {
			return c.failed(err), false
		}
		if record == nil {
			if c.mayRest() {
				return ending{}, true
			}
			if err := c.fill(); err != nil && !c.resumed(err) {
				return c.unreadable(err), false
			}
			continue
		}
		if e, over := c.take(record); over {
			return e, false
		}
		c.intake.rest(rest) // not before: the message aliases the record
	}
	return ending{}, false // it has ended already
}

// take deals with one record.
func (c *connection) take(record []byte) (e ending, over bool) {
	m, err := c.encoding.Load().codec.Parse(record)
	if err != nil {
		return c.failed(err), true
	}
	if err := c.hub.options.check(m); err != nil {
		c.server.counters.capped.Add(1)
		return c.failed(err), true
	}
	fresh, err := c.numbers(m)
	if err != nil {
		return c.failed(err), true
	}
	if !fresh {
		return ending{}, false
	}
	return c.receive(m)
}

// fill waits for more of the client's bytes.
func (c *connection) fill() error {
	if err := c.transport.wait(); err != nil {
		return err
	}
	return c.intake.fill(c.transport.receive)
}

// receive dispatches one message. The client's clock stands still meanwhile,
// so that a message waiting for a slot is not held against it.
func (c *connection) receive(m hubproto.Message) (e ending, over bool) {
	_, ping := m.(*hubproto.Ping)
	c.quiet = ping
	armed := ping || c.heard.armed()
	if armed {
		c.heard.pause()
		defer func() { c.heard.resume(c.server.clock()) }()
	}
	switch m := m.(type) {
	case *hubproto.Invocation:
		c.invoke(m)
	case *hubproto.StreamItem:
		c.receiveItem(m)
	case *hubproto.Completion:
		if err := c.receiveCompletion(m); err != nil {
			return c.failed(err), true
		}
	case *hubproto.CancelInvocation:
		c.streams.cancel(m.InvocationID)
	case *hubproto.Close:
		return c.asked(m), true
	default:
		// A Ping has been heard; a message of an unknown type is skipped
		// (JSON-05).
	}
	return ending{}, false
}
