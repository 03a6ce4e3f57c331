package signalr

import (
	"fmt"
	"log/slog"
	"slices"
)

// Conflatable is an argument that tells its receiver of the messages that
// [Delivery.Conflate] left out before it. It must not be changed once it was
// sent.
type Conflatable interface {
	// Covering returns the argument as it is if so many older messages were
	// conflated into its own, the oldest of which had that [Delivery.Position].
	// The client gets what it returns, encoded once when the message leaves the
	// queue, which waits for that: Covering is to return at once, and must not
	// send. Bytes by which the result is longer than the argument, beyond 64,
	// may exceed the queue's bound until they are sent.
	Covering(position uint64, messages int) any
}

// againRoom is what a message is booked for that may become longer by
// conflation, in bytes: for two numbers and their names.
const againRoom = 64

// again is what an invocation is made of, to be made once more if others are
// conflated into it.
type again struct {
	hub    *Hub
	method string
	args   []any
}

// keepConflatable keeps the arguments if one of them is Conflatable.
func keepConflatable(h *Hub, method string, args []any) *again {
	for _, arg := range args {
		if _, ok := arg.(Conflatable); ok {
			return &again{hub: h, method: method, args: slices.Clone(args)}
		}
	}
	return nil
}

// final is the frame that is sent for the entry. Without a new one it is the
// newest message's, in which the receiver misses those that were left out.
func (e *entry) final(in *encoding) []byte {
	if e.covers == 0 || e.how.again == nil {
		return e.frame
	}
	frame, err := e.how.again.covering(in, e.position, e.covers)
	if err != nil {
		e.how.again.hub.options.Logger.Error("conflated message cannot be encoded", slog.Any("error", err))
		return e.frame
	}
	return frame
}

// covering encodes the invocation. It runs in goroutines that are not the
// application's: a panic must not end the process.
func (a *again) covering(in *encoding, position uint64, messages int) (frame []byte, err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("send %s: panic: %v", a.method, p)
		}
	}()
	args := slices.Clone(a.args)
	for i, arg := range args {
		if c, ok := arg.(Conflatable); ok {
			args[i] = c.Covering(position, messages)
		}
	}
	return in.call("", a.method, args)
}
