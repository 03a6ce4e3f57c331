package client

import (
	"context"
	"fmt"
	"strconv"
	"sync"

	"github.com/fanfare-hub/fanfare/signalr/hubproto"
)

// Invoke calls a method of the hub and waits until it has completed. What it
// returns is stored in the value that result points to; a nil result, or a
// method without one, stores nothing. The method's failure is a [*HubError];
// a lost connection is [ErrClosed]. If ctx ends first the call goes on at the
// server, and its answer is ignored.
//
// An argument that is an iter.Seq2[T, error] or a channel is a stream: its
// items are sent one by one, as the method's next stream (UP-01), in a
// goroutine of the connection. The sequence's first error, or the end of ctx,
// ends it with an error at the hub. When the call is over the rest is not sent,
// but a sequence is asked for one more item, and a Stop waits for it.
func (c *Client) Invoke(ctx context.Context, result any, method string, args ...any) error {
	if err := c.invoke(ctx, result, method, args); err != nil {
		return fmt.Errorf("invoke %s: %w", method, err)
	}
	return nil
}

func (c *Client) invoke(ctx context.Context, result any, method string, args []any) error {
	conn, err := c.current()
	if err != nil {
		return err
	}
	message, uploads, err := conn.invocation(method, args)
	if err != nil {
		return err
	}
	id, answer := conn.calls.add()
	defer conn.calls.remove(id)
	message.InvocationID = id
	if err := conn.send(ctx, message); err != nil {
		return err
	}
	defer conn.upload(ctx, uploads)()
	completion, err := conn.await(ctx, answer)
	if err != nil {
		return err
	}
	return c.store(result, completion)
}

// Send calls a method of the hub and returns when the call is written. Nobody
// tells whether the method succeeds, or exists. Arguments may be streams, as
// for [Client.Invoke]: they go on being sent afterwards, until they or ctx end.
func (c *Client) Send(ctx context.Context, method string, args ...any) error {
	conn, err := c.current()
	if err != nil {
		return fmt.Errorf("send %s: %w", method, err)
	}
	message, uploads, err := conn.invocation(method, args)
	if err != nil {
		return fmt.Errorf("send %s: %w", method, err)
	}
	if err := conn.send(ctx, message); err != nil {
		return fmt.Errorf("send %s: %w", method, err)
	}
	conn.upload(ctx, uploads) // they stop by themselves
	return nil
}

func (c *Client) store(result any, completion *hubproto.Completion) error {
	if completion.HasError {
		return &HubError{Message: completion.Error}
	}
	if result == nil || !completion.HasResult {
		return nil
	}
	if err := c.codec.Unmarshal(completion.Result, result); err != nil {
		return fmt.Errorf("decode result: %w", err)
	}
	return nil
}

// calls are the invocations that wait for their completion, and the streams.
type calls struct {
	mu      sync.Mutex // guards the fields below
	last    uint64
	waiting map[string]chan<- *hubproto.Completion
	streams map[string]*stream
	hungry  map[*stream]struct{} // those whose loops wait for an item
	pressed chan struct{}        // closed when a call or loop begins to wait; nil if nobody asks
}

// add makes a new id and the channel on which its one completion will come.
func (c *calls) add() (id string, answer <-chan *hubproto.Completion) {
	// Room for one, so that the reader never waits for a caller.
	ch := make(chan *hubproto.Completion, 1)
	c.mu.Lock()
	defer c.mu.Unlock()
	id = c.nextLocked()
	c.pressLocked()
	if c.waiting == nil {
		c.waiting = make(map[string]chan<- *hubproto.Completion)
	}
	c.waiting[id] = ch
	return id, ch
}

// newID makes an id for a stream to the hub: they share the namespace (UP-03).
func (c *calls) newID() string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.nextLocked()
}

func (c *calls) nextLocked() string {
	c.last++
	return strconv.FormatUint(c.last, 10)
}

func (c *calls) addStream() *stream {
	c.mu.Lock()
	defer c.mu.Unlock()
	s := &stream{id: c.nextLocked(), news: make(chan struct{}, 1)}
	if c.streams == nil {
		c.streams = make(map[string]*stream)
	}
	c.streams[s.id] = s
	return s
}

// hunger says whether the loop of a stream waits for an item.
func (c *calls) hunger(s *stream, waits bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if !waits {
		delete(c.hungry, s)
		return
	}
	if c.hungry == nil {
		c.hungry = make(map[*stream]struct{})
	}
	c.hungry[s] = struct{}{}
	c.pressLocked()
}

func (c *calls) pressLocked() {
	if c.pressed != nil {
		close(c.pressed)
		c.pressed = nil
	}
}

func (c *calls) removeStream(s *stream) {
	c.mu.Lock()
	defer c.mu.Unlock()
	delete(c.streams, s.id)
	s.leave()
}

func (c *calls) stream(id string) *stream {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.streams[id]
}

// pressing returns a channel that is closed as soon as somebody waits for what
// the reader brings: the answer to a call, or the items of a stream but s.
func (c *calls) pressing(s *stream) <-chan struct{} {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.pressed == nil {
		c.pressed = make(chan struct{})
	}
	pressed := c.pressed
	others := len(c.hungry)
	if _, waits := c.hungry[s]; waits {
		others--
	}
	if len(c.waiting) > 0 || others > 0 {
		c.pressLocked()
	}
	return pressed
}

func (c *calls) remove(id string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	delete(c.waiting, id)
}

// complete hands a completion to its caller; false if nobody waits for it
// (CLI-03).
func (c *calls) complete(completion *hubproto.Completion) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if s := c.streams[completion.InvocationID]; s != nil {
		delete(c.streams, completion.InvocationID)
		s.complete(completion)
		return true
	}
	ch, ok := c.waiting[completion.InvocationID]
	if ok {
		delete(c.waiting, completion.InvocationID)
		ch <- completion
	}
	return ok
}
