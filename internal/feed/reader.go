package feed

import (
	"context"
	"sync"

	"github.com/fanfare-hub/fanfare"
)

// Reader is one who follows a topic at its own pace. It keeps a position and at
// most 64 KiB (or one event) of what comes next, but no queue: who is slow
// reads from the log. It is for one goroutine; only Close may be called from
// another.
type Reader struct {
	walk    *walk
	receipt Receipt
	closed  chan struct{}
	close   sync.Once
}

// Read begins to follow a topic; the caller closes the Reader. The error is
// CodeInvalidTopic, CodeInvalidArgument or CodeUnavailable.
func (f *Feed) Read(ctx context.Context, topic fanfare.Topic, start Start) (*Reader, error) {
	t, err := f.acquire(ctx, topic)
	if err != nil {
		return nil, err
	}
	w, receipt, err := f.resolve(ctx, topic, t, start)
	if err != nil {
		f.release(t)
		return nil, err
	}
	return &Reader{walk: w, receipt: receipt, closed: make(chan struct{})}, nil
}

// Receipt says where the Reader began.
func (r *Reader) Receipt() Receipt { return r.receipt }

// Next waits for the next envelope. After an error of the log, which is
// CodeUnavailable, it may be called again and goes on where it was; that of a
// ctx that ended is the ctx's.
func (r *Reader) Next(ctx context.Context) (fanfare.Envelope, error) {
	for {
		select {
		case <-r.closed:
			return fanfare.Envelope{}, errClosed
		default:
		}
		e, wake, err := r.walk.next(ctx)
		if err != nil || wake == nil {
			return e, err
		}
		select {
		case <-wake:
		case <-ctx.Done():
			return fanfare.Envelope{}, ctx.Err()
		case <-r.closed:
		}
	}
}

// Close ends it. It may be called twice, and while Next waits.
func (r *Reader) Close() {
	r.close.Do(func() {
		close(r.closed)
		r.walk.feed.release(r.walk.topic)
	})
}
