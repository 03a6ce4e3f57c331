package ws

import (
	"errors"
	"fmt"
	"io"

	"github.com/gobwas/ws"
)

// Wait blocks until bytes have arrived, so that a caller need not hold a
// buffer of its own before. The bytes may be a control frame only: a read
// after it may still block.
func (c *Conn) Wait() error { return c.in.wait() }

// ReadMessage appends the next message to buf and returns the whole, however
// many frames it came in. It answers Pings and passes over Pongs. It returns a
// *CloseError when the peer has sent its Close frame, a *ProtocolError when
// the peer broke the rules or the message exceeds the limit, and the
// connection's own error otherwise. After an error nothing more can be read.
func (c *Conn) ReadMessage(buf []byte) (Opcode, []byte, error) {
	start := len(buf)
	for {
		op, chunk, end, err := c.ReadChunk(buf)
		buf = chunk
		if err != nil {
			return op, buf, err
		}
		if c.limit > 0 && int64(len(buf)-start)+c.left > c.limit {
			return op, buf, &ProtocolError{CodeTooBig, fmt.Sprintf("message above %d bytes", c.limit)}
		}
		if end {
			return op, buf, nil
		}
	}
}

// ReadChunk appends what has arrived of the current message to buf, a few KiB
// at most; end says that the message is complete. It is for those who take
// the messages as one stream of bytes and must not gather a large one whole.
// Otherwise it behaves as ReadMessage, without its limit.
func (c *Conn) ReadChunk(buf []byte) (op Opcode, chunk []byte, end bool, err error) {
	defer c.in.done()
	if c.left == 0 {
		if err = c.nextFrame(); err != nil {
			return c.message, buf, false, err
		}
	}
	if c.left > 0 {
		if buf, err = c.readPayload(buf); err != nil {
			return c.message, buf, false, err
		}
	}
	op, end = c.message, c.left == 0 && c.frame.Fin
	if end {
		c.message = continuation
		if op == Text && !c.text.complete() {
			return op, buf, true, errInvalidUTF8()
		}
	}
	return op, buf, end, nil
}

// nextFrame reads frame headers until that of a data frame; control frames
// before it are dealt with.
func (c *Conn) nextFrame() error {
	for {
		head, err := c.readHeader()
		if err != nil {
			return err
		}
		if head.OpCode.IsControl() {
			if err := c.control(head); err != nil {
				return err
			}
			continue
		}
		c.frame, c.left, c.place = head, head.Length, 0
		if head.OpCode != ws.OpContinuation {
			c.message = Opcode(head.OpCode)
			c.text = utf8Check{}
		}
		return nil
	}
}

func (c *Conn) readHeader() (ws.Header, error) {
	head, err := c.takeHeader()
	if errors.Is(err, ws.ErrHeaderLengthMSB) {
		return head, &ProtocolError{CodeProtocolError, err.Error()}
	}
	if err != nil {
		return head, err
	}
	state := c.side
	if c.message != continuation {
		state = state.Set(ws.StateFragmented)
	}
	if err := ws.CheckHeader(head, state); err != nil {
		return head, &ProtocolError{CodeProtocolError, err.Error()}
	}
	return head, nil
}

// takeHeader takes a header from the bytes that are there. Only one that has
// come in pieces is put together.
func (c *Conn) takeHeader() (ws.Header, error) {
	if err := c.in.wait(); err != nil {
		return ws.Header{}, err
	}
	head, n, err := parseHeader(c.in.data)
	if n > 0 {
		c.in.data = c.in.data[n:]
		return head, err
	}
	var pieces [ws.MaxHeaderSize]byte
	for have := 0; ; have++ {
		p, err := c.in.next(1)
		if have > 0 && errors.Is(err, io.EOF) {
			err = io.ErrUnexpectedEOF
		}
		if err != nil {
			return head, err
		}
		pieces[have] = p[0]
		if head, n, err = parseHeader(pieces[:have+1]); n > 0 {
			return head, err
		}
	}
}

// control reads the payload of a control frame and does what it asks for.
func (c *Conn) control(head ws.Header) error {
	payload := make([]byte, head.Length) // 125 at most
	if _, err := io.ReadFull(&c.in, payload); err != nil {
		return fmt.Errorf("read %s: %w", Opcode(head.OpCode), err)
	}
	if head.Masked {
		ws.Cipher(payload, head.Mask, 0)
	}
	switch Opcode(head.OpCode) {
	case Close:
		return parseClose(payload)
	case Ping:
		if c.onPing != nil {
			c.onPing(payload)
			return nil
		}
		return c.WriteMessage(Pong, payload)
	default:
		return nil
	}
}

// readPayload appends the bytes of the data frame that are there.
func (c *Conn) readPayload(buf []byte) ([]byte, error) {
	p, err := c.in.next(c.left)
	if errors.Is(err, io.EOF) {
		err = io.ErrUnexpectedEOF
	}
	if err != nil {
		return buf, fmt.Errorf("read payload: %w", err)
	}
	start := len(buf)
	buf = append(buf, p...)
	fresh := buf[start:]
	if c.frame.Masked {
		ws.Cipher(fresh, c.frame.Mask, int(c.place))
	}
	c.place = uint8((int(c.place) + len(p)) % 4) //nolint:gosec // below 4
	c.left -= int64(len(p))
	if c.message == Text && !c.text.valid(fresh) {
		return buf, errInvalidUTF8()
	}
	return buf, nil
}

func errInvalidUTF8() error { return &ProtocolError{CodeInvalidData, "text is not UTF-8"} }
