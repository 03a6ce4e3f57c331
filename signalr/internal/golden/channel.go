package golden

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"sync"
	"time"

	"github.com/fanfare-hub/fanfare/signalr/hubproto"
	"github.com/fanfare-hub/fanfare/signalr/internal/ws"
)

// abnormal is the code of a connection that ended without a Close frame.
const abnormal = 1006

// channel is one WebSocket or stream of events of a run. A goroutine of its own
// reads it until it ends; wait waits for that.
type channel struct {
	conn   *ws.Conn      // nil for a stream of events
	hang   func()        // cuts the connection
	raw    bool          // frames are messages, whatever is in them
	binary bool          // MessagePack behind the handshake's response, in binary frames all
	done   chan struct{} // closed when reading has ended; then code and reason are set

	code   int
	reason string

	mu       sync.Mutex
	messages []string      // guarded by mu: arrived and not taken; MessagePack as what it means
	arrived  chan struct{} // guarded by mu: closed and renewed when messages grow
}

func newChannel(conn *ws.Conn, s *Step) *channel {
	c := &channel{
		conn: conn, raw: s.Raw, binary: s.Binary,
		hang: func() { _ = conn.Close() },
		done: make(chan struct{}), arrived: make(chan struct{}),
	}
	go c.read()
	return c
}

// newEvents reads a stream of events; cancel ends the request.
func newEvents(body io.ReadCloser, cancel context.CancelFunc) *channel {
	c := &channel{hang: cancel, done: make(chan struct{}), arrived: make(chan struct{})}
	go c.readEvents(body)
	return c
}

// readEvents reads until the stream ends. What is no data field is left out.
func (c *channel) readEvents(body io.ReadCloser) {
	defer close(c.done)
	defer body.Close()
	var rest, event []byte
	for lines := bufio.NewReader(body); ; {
		line, err := lines.ReadBytes('\n')
		if err != nil {
			return
		}
		line = bytes.TrimSuffix(line, []byte("\r\n"))
		if data, ok := bytes.CutPrefix(line, []byte("data: ")); ok {
			event = append(append(event, data...), '\n')
			continue
		}
		if len(line) == 0 && len(event) > 0 {
			rest, event = c.records(append(rest, event[:len(event)-1]...)), nil
		}
	}
}

func (c *channel) read() {
	defer close(c.done)
	defer c.conn.Close()
	c.code = abnormal
	split := c.records
	if c.binary {
		split = c.packed()
	}
	var rest []byte
	for {
		op, data, err := c.conn.ReadMessage(nil)
		if closing, ok := errors.AsType[*ws.CloseError](err); ok {
			c.code, c.reason = int(closing.Code), closing.Reason
			_ = c.conn.WriteClose(ws.CodeNormal, "") // the peer may have gone already
			return
		}
		if err != nil {
			return
		}
		if c.raw {
			c.add(string(data))
			continue
		}
		if (op == ws.Binary) != c.binary {
			c.add("a frame of the other kind")
		}
		rest = split(append(rest, data...))
	}
}

// packed is records for MessagePack, the handshake's response excepted.
func (c *channel) packed() func(data []byte) []byte {
	codec, shaken := hubproto.NewMessagePack(nil), false
	return func(data []byte) []byte {
		if !shaken {
			record, rest, _ := hubproto.NextRecord(data, 0) // without a limit there is no error
			if record == nil {
				return data
			}
			c.add(string(record))
			shaken, data = true, rest
		}
		for {
			record, rest, err := codec.Next(data, 0)
			if err != nil {
				c.add(err.Error())
			}
			if record == nil {
				return rest
			}
			c.add(Means(record))
			data = rest
		}
	}
}

// records adds the complete messages in data and returns what is left.
func (c *channel) records(data []byte) []byte {
	for {
		record, rest, _ := hubproto.NextRecord(data, 0) // without a limit there is no error
		if record == nil {
			return rest
		}
		c.add(string(record))
		data = rest
	}
}

func (c *channel) add(message string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.messages = append(c.messages, message)
	close(c.arrived)
	c.arrived = make(chan struct{})
}

// sieve says what of the messages counts. Pings are lost where they do not,
// Acks wait until they do: both come whenever the server likes.
type sieve struct{ pings, acks bool }

// divide returns what counts, and what waits.
func (f sieve) divide(messages []string) (counted, waiting []string) {
	for _, message := range messages {
		switch kind := typeOf(message); {
		case kind == hubproto.TypeAck && !f.acks:
			waiting = append(waiting, message)
		case kind != hubproto.TypePing || f.pings:
			counted = append(counted, message)
		}
	}
	return counted, waiting
}

// typeOf returns the type of a hub message, 0 if it is none.
func typeOf(message string) hubproto.MessageType {
	var items []json.RawMessage
	var kind hubproto.MessageType
	if json.Unmarshal([]byte(message), &items) == nil && len(items) > 0 {
		_ = json.Unmarshal(items[0], &kind) // 0 if it is no number
		return kind
	}
	var object struct{ Type hubproto.MessageType }
	_ = json.Unmarshal([]byte(message), &object) // 0 if it is no object
	return object.Type
}

// look returns how many messages count, and a channel that is closed when more
// arrive.
func (c *channel) look(f sieve) (int, <-chan struct{}) {
	c.mu.Lock()
	defer c.mu.Unlock()
	counted, _ := f.divide(c.messages)
	return len(counted), c.arrived
}

// clear takes all messages but those that wait.
func (c *channel) clear(f sieve) []string {
	c.mu.Lock()
	defer c.mu.Unlock()
	counted, waiting := f.divide(c.messages)
	c.messages = waiting
	return counted
}

// take takes count messages and what else has come by then. Where nothing is
// recorded it waits a quiet moment for it.
func (c *channel) take(ctx context.Context, count int, f sieve, p *Player) []string {
	limit := p.patience()
	if count == 0 {
		limit = p.quiet()
	}
	timer := time.NewTimer(limit)
	defer timer.Stop()
	for {
		waiting, arrived := c.look(f)
		if waiting > count || count > 0 && waiting == count {
			return c.clear(f)
		}
		select {
		case <-arrived:
		case <-c.done:
			return c.clear(f)
		case <-timer.C:
			return c.clear(f)
		case <-ctx.Done():
			return c.clear(f)
		}
	}
}

// settle returns what comes in a quiet moment at the end of a scenario.
func (c *channel) settle(ctx context.Context, quiet time.Duration) []string {
	return c.take(ctx, 0, sieve{}, &Player{Quiet: quiet})
}

// ended says whether the connection has ended, or does within d.
func (c *channel) ended(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-c.done:
		return true
	case <-timer.C:
	case <-ctx.Done():
	}
	return false
}

// send sends one frame. That the server is gone is no error, as in the
// recorder: what it would have answered is missed by the next step.
func (c *channel) send(data []byte, binary bool) {
	op := ws.Text
	if binary {
		op = ws.Binary
	}
	_ = c.conn.WriteMessage(op, data)
}

// isEvents says whether nothing can be sent, and the end has no code.
func (c *channel) isEvents() bool { return c.conn == nil }

func (c *channel) close(code int, reason string) error {
	return c.conn.WriteClose(ws.Code(code), reason) //nolint:gosec // codes have 16 bits
}

// drop cuts the connection.
func (c *channel) drop() { c.hang() }

// wait waits until reading has ended.
func (c *channel) wait() { <-c.done }
