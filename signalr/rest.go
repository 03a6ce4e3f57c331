package signalr

import "github.com/fanfare-hub/fanfare/signalr/internal/ws"

// A connection whose client has nothing to say needs no goroutine that
// remembers how deep it once was in a message: it rests. A goroutine with a
// fresh stack, the smallest there is, waits for the next bytes; with
// ServerOptions.Epoll none does.
//
//	run -> read: a Ping, or the handshake, and nothing behind it -> rest
//	bytes, an end, an interruption -> read goes on

// sleeper is a transport on whose reading a connection can rest.
type sleeper interface{ socketToRead() *ws.Conn }

func (w *webSocket) socketToRead() *ws.Conn { return w.conn }

func (r *resumable) socketToRead() *ws.Conn { return r.reading.conn }

// mayRest says whether a connection that would wait for bytes now is likely to
// do so for long. A client that calls methods does not ping.
func (c *connection) mayRest() bool {
	_, able := c.transport.(sleeper)
	return able && c.quiet && !c.intake.pending()
}

// rest has the connection go on when there is something to be read. The
// caller, its goroutine, must end.
func (c *connection) rest() {
	c.quiet = false
	if c.server.lot == nil || !c.park() {
		go c.waitToRead()
	}
}

// waitToRun is where a WebSocket's goroutine begins: it waits, on the smallest
// of stacks, for what one of the crew deals with.
func (c *connection) waitToRun() {
	if c.handler == nil {
		c.transport.deadline(c.hub.options.HandshakeTimeout)
		_ = c.transport.wait()
	}
	c.server.crew.Run(c.run)
}

// waitToRead is where a connection's goroutine begins after a rest. It waits
// before it calls anything that needs more of the stack. An error of the
// waiting comes again when the bytes are to be read.
func (c *connection) waitToRead() {
	_ = c.transport.wait()
	c.goOn(c.read())
}

// park leaves the connection to the server's lot. An end that comes before it
// is there has cancelled the context first.
func (c *connection) park() bool {
	s, _ := c.transport.(sleeper)
	socket, lot := s.socketToRead(), c.server.lot
	if lot.Park(socket, c) != nil {
		return false
	}
	// From here on another goroutine may be reading.
	return c.ctx.Err() == nil || !lot.Leave(socket)
}

// Resume implements ws.Resumer.
func (c *connection) Resume() { c.server.crew.Run(func() { c.goOn(c.read()) }) }
