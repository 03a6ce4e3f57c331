package client

import (
	"context"
	"fmt"
	"iter"
	"sync"
	"time"

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
	message, uploads, err := conn.invocation(ctx, method, args)
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
		item, completion, failure := s.take()
		if failure != nil {
			return nil, failure
		}
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
	defer c.pressure.enter(ctx)()
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

const (
	// maxStreamBuffer bounds what waits of one stream where StreamBuffer must
	// not hold the reader back.
	maxStreamBuffer = 16 << 20
	// itemOverhead is what a waiting item takes beside its bytes.
	itemOverhead = 128
)

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
	failure    error // why it ended without one
}

// deliver adds an item. While the stream is full it waits, but longer than
// that only up to maxStreamBuffer when somebody waits for something else or the
// connection closes: then the loop itself may be waiting, and a stream that
// stays full is ended.
func (c *connection) deliver(m *hubproto.StreamItem) {
	s := c.calls.stream(m.InvocationID)
	if s == nil {
		c.client.stats.ignored.Add(1)
		return
	}
	limit, most := c.client.options.StreamBuffer, max(c.client.options.StreamBuffer, maxStreamBuffer)
	pressed, closing := c.pressure.anybody(), c.closing
	var stuck <-chan time.Time
	for {
		room := s.add(m.Item, limit)
		if room == nil {
			return
		}
		select {
		case <-room:
			continue
		case <-pressed:
		case <-closing:
		case <-stuck:
			s.fail(ErrStreamOverflow)
			return
		}
		limit, pressed, closing = most, nil, nil
		stuck = time.After(c.client.options.ServerTimeout)
	}
}

// add appends an item, or returns what to wait for. One may always wait.
func (s *stream) add(item hubproto.Raw, limit int) <-chan struct{} {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.left || s.failure != nil {
		return nil
	}
	if len(s.items) > 0 && s.bytes+len(item)+itemOverhead > limit {
		if s.room == nil {
			s.room = make(chan struct{})
		}
		return s.room
	}
	s.items = append(s.items, item)
	s.bytes += len(item) + itemOverhead
	signal(s.news)
	return nil
}

// take returns the next item, or else the completion or the failure if there is
// one.
func (s *stream) take() (hubproto.Raw, *hubproto.Completion, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.items) == 0 {
		return nil, s.completion, s.failure
	}
	item := s.items[0]
	s.items[0] = nil
	s.items = s.items[1:]
	s.bytes -= len(item) + itemOverhead
	s.wakeLocked()
	return item, nil, nil
}

func (s *stream) idle() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.items) == 0 && s.completion == nil && s.failure == nil
}

// fail ends the stream on this side, in place of what has not been taken.
func (s *stream) fail(err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.failure, s.items, s.bytes = err, nil, 0
	signal(s.news)
}

func (s *stream) complete(m *hubproto.Completion) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.completion = m
	signal(s.news)
}

func (s *stream) leave() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.left, s.items = true, nil
	s.wakeLocked()
}

func (s *stream) wakeLocked() {
	if s.room != nil {
		close(s.room)
		s.room = nil
	}
}
