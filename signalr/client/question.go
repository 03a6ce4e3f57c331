package client

import (
	"context"
	"time"
)

// questionPatience is how long a call that the hub wants answered keeps its
// place behind a handler that does not return.
const questionPatience = time.Second

// ask handles a call that the hub wants answered, on a goroutine of its own. It
// keeps its place among the other calls, but not for long: the handler that is
// running may wait for the very answer. A handler that waits for the hub by its
// own context is known to, another one is given some time.
func (c *connection) ask(ctx context.Context, j job) {
	turn, done := make(chan struct{}), make(chan struct{})
	call := j.call
	answer := func() {
		defer close(done)
		c.awaitTurn(ctx, turn)
		c.dispatch(ctx, call)
	}
	c.client.workers.start(answer, func() { close(done) })
	j.call, j.do = nil, func() {
		close(turn)
		<-done
	}
	c.enqueue(ctx, j)
}

func (c *connection) awaitTurn(ctx context.Context, turn <-chan struct{}) {
	timer := time.NewTimer(questionPatience)
	defer timer.Stop()
	select {
	case <-turn:
	case <-c.pressure.handler():
	case <-timer.C:
	case <-ctx.Done():
	}
}
