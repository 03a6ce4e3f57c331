package client

import (
	"strconv"
	"sync"

	"github.com/fanfare-hub/fanfare/signalr/hubproto"
)

// calls are the invocations that wait for their completion, and the streams.
type calls struct {
	mu      sync.Mutex // guards the fields below
	last    uint64
	waiting map[string]chan<- *hubproto.Completion
	streams map[string]*stream
}

// add makes a new id and the channel on which its one completion will come.
func (c *calls) add() (id string, answer <-chan *hubproto.Completion) {
	// Room for one, so that the reader never waits for a caller.
	ch := make(chan *hubproto.Completion, 1)
	c.mu.Lock()
	defer c.mu.Unlock()
	id = c.nextLocked()
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
