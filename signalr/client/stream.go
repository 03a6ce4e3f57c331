package client

import (
	"context"
	"fmt"
	"iter"
	"sync"

	"github.com/fanfare-hub/fanfare/signalr/hubproto"
)

// Stream calls a streaming method of the hub. The call is made when the
// sequence is gone through, and anew each time. It yields the items in order,
// and at the end the one error, if there is one: the stream's failure is a
// [*HubError], a lost connection is [ErrClosed], and an item that is no T or
// the end of ctx end it too. Whoever stops going through it, or ends ctx,
// cancels the stream at the hub (STR-05). Arguments may be streams; see
// [Client.Invoke].
//
// Items wait for the loop, up to [Options.StreamBuffer] bytes; then the client
// stops reading, which slows the hub down. It goes on reading as long as an
// Invoke waits for its answer or another stream's loop for an item, so that a
// loop may make calls and go through other streams.
func Stream[T any](ctx context.Context, c *Client, method string, args ...any) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		err := c.stream(ctx, method, args, func(item hubproto.Raw) (bool, error) {
			var value T
			if err := c.codec.Unmarshal(item, &value); err != nil {
				return false, fmt.Errorf("decode item: %w", err)
			}
			return yield(value, nil), nil
		})
		if err != nil {
			var none T
			yield(none, fmt.Errorf("stream %s: %w", method, err))
		}
	}
}

// stream makes a call and hands its items to each, until that returns false or
// an error.
func (c *Client) stream(ctx context.Context, method string, args []any, each func(hubproto.Raw) (bool, error)) error {
	conn, err := c.current()
	if err != nil {
		return err
	}
	message, uploads, err := conn.invocation(method, args)
	if err != nil {
		return err
	}
	s := conn.calls.addStream()
	defer conn.calls.removeStream(s)
	message.InvocationID, message.Stream = s.id, true
	if err := conn.send(ctx, message); err != nil {
		return err
	}
	defer conn.upload(ctx, uploads)()
	completion, err := conn.follow(ctx, s, each)
	if completion == nil {
		conn.cancelStream(ctx, s)
		return err
	}
	return c.store(nil, completion)
}

// follow returns the stream's completion, or nil if it was left before.
func (c *connection) follow(ctx context.Context, s *stream, each func(hubproto.Raw) (bool, error)) (*hubproto.Completion, error) {
	for {
		item, completion := s.take()
		if item != nil {
			if goOn, err := each(item); !goOn || err != nil {
				return nil, err
			}
			continue
		}
		if completion != nil {
			return completion, nil
		}
		if err := c.awaitNews(ctx, s); err != nil {
			return nil, err
		}
	}
}

func (c *connection) awaitNews(ctx context.Context, s *stream) error {
	c.calls.hunger(s, true)
	defer c.calls.hunger(s, false)
	select {
	case <-s.news:
	case <-ctx.Done():
		return context.Cause(ctx)
	case <-c.ended:
		if s.idle() {
			return closedBy(c.reason())
		}
	}
	return nil
}

// cancelStream tells the hub that nobody wants the rest.
func (c *connection) cancelStream(ctx context.Context, s *stream) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), closeTimeout)
	defer cancel()
	// If it cannot be sent the connection is at its end, and the stream too.
	_ = c.send(ctx, &hubproto.CancelInvocation{InvocationID: s.id})
}

// stream is what has arrived of a stream and was not taken.
type stream struct {
	id   string
	news chan struct{} // holds one signal that there is more to take

	mu         sync.Mutex // guards the fields below
	items      []hubproto.Raw
	bytes      int
	room       chan struct{} // closed when something is taken; nil if nobody waits
	left       bool          // nobody takes any more
	completion *hubproto.Completion
}

// deliver adds an item. While the stream is full it waits, but neither when
// the connection ends nor while somebody waits for something else.
func (c *connection) deliver(m *hubproto.StreamItem) {
	s := c.calls.stream(m.InvocationID)
	if s == nil {
		c.stats.ignored.Add(1)
		return
	}
	for {
		room := s.add(m.Item, c.options.StreamBuffer)
		if room == nil {
			return
		}
		select {
		case <-room:
			continue
		case <-c.calls.pressing(s):
		case <-c.closing:
		case <-c.ended:
		}
		s.add(m.Item, -1)
		return
	}
}

// add appends an item, or returns what to wait for. A negative limit is none.
func (s *stream) add(item hubproto.Raw, limit int) <-chan struct{} {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.left {
		return nil
	}
	if limit >= 0 && len(s.items) > 0 && s.bytes+len(item) > limit {
		if s.room == nil {
			s.room = make(chan struct{})
		}
		return s.room
	}
	s.items = append(s.items, item)
	s.bytes += len(item)
	s.signal()
	return nil
}

// take returns the next item, or else the completion if it has come.
func (s *stream) take() (hubproto.Raw, *hubproto.Completion) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.items) == 0 {
		return nil, s.completion
	}
	item := s.items[0]
	s.items[0] = nil
	s.items = s.items[1:]
	s.bytes -= len(item)
	s.wakeLocked()
	return item, nil
}

func (s *stream) idle() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.items) == 0 && s.completion == nil
}

func (s *stream) complete(m *hubproto.Completion) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.completion = m
	s.signal()
}

func (s *stream) leave() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.left, s.items = true, nil
	s.wakeLocked()
}

func (s *stream) signal() {
	select {
	case s.news <- struct{}{}:
	default:
	}
}

func (s *stream) wakeLocked() {
	if s.room != nil {
		close(s.room)
		s.room = nil
	}
}
