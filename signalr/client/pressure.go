package client

import (
	"context"
	"sync"
)

// pressure knows whether somebody waits for what the reader of a connection
// brings: an answer, an item, an acknowledgement. The reader may hold back for
// slow handlers and loops, but not while the one that it waits for may be
// waiting itself. The zero value is ready.
type pressure struct {
	mu     sync.Mutex // guards the fields below
	all    int
	nested int           // of them in handlers
	felt   chan struct{} // closed when somebody begins to wait; nil if nobody asks
	inner  chan struct{} // closed when a handler begins to wait; nil if nobody asks
}

// handlerKey marks the contexts of handlers, so that one is known that calls
// the hub with it.
type handlerKey struct{}

func inHandler(ctx context.Context) bool { return ctx.Value(handlerKey{}) != nil }

// enter says that somebody waits until the returned function is called.
func (p *pressure) enter(ctx context.Context) (leave func()) {
	nested := inHandler(ctx)
	p.add(1, nested)
	return func() { p.add(-1, nested) }
}

func (p *pressure) add(n int, nested bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.all += n
	if nested {
		p.nested += n
	}
	p.tellLocked()
}

func (p *pressure) tellLocked() {
	if p.all > 0 && p.felt != nil {
		close(p.felt)
		p.felt = nil
	}
	if p.nested > 0 && p.inner != nil {
		close(p.inner)
		p.inner = nil
	}
}

// anybody returns a channel that is closed as soon as somebody waits.
func (p *pressure) anybody() <-chan struct{} {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.felt == nil {
		p.felt = make(chan struct{})
	}
	felt := p.felt
	p.tellLocked()
	return felt
}

// handler returns a channel that is closed as soon as a handler waits.
func (p *pressure) handler() <-chan struct{} {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.inner == nil {
		p.inner = make(chan struct{})
	}
	inner := p.inner
	p.tellLocked()
	return inner
}
