package bus

import (
	"context"

	"github.com/nats-io/nats.go"

	"github.com/fanfare-hub/fanfare"
)

// messageOverhead is about what a message takes in memory besides its data.
const messageOverhead = 512

// write is what one call stores on one partition. Whoever made it reads the
// result once done is closed; before, it belongs to the partition's committer.
type write struct {
	partition int
	msgs      []*nats.Msg
	entries   []fanfare.Entry // of the messages
	bytes     int64
	done      chan struct{}

	stored []stored // of the first messages; all of them without an err
	err    error
}

// stored is what the log says about a message that it has.
type stored struct {
	seq       uint64
	duplicate bool // seq is the first one's
}

func newWrite(partition, room int) *write {
	return &write{
		partition: partition,
		msgs:      make([]*nats.Msg, 0, room),
		entries:   make([]fanfare.Entry, 0, room),
		done:      make(chan struct{}),
	}
}

func (w *write) add(msg *nats.Msg, entry fanfare.Entry) {
	w.msgs, w.entries = append(w.msgs, msg), append(w.entries, entry)
	w.bytes += int64(len(msg.Data)) + messageOverhead
}

// finish gives the result to who waits for it.
func (w *write) finish(err error) {
	w.err = err
	close(w.done)
}

// result is what is known to be stored by now.
func (w *write) result() []stored {
	select {
	case <-w.done:
		return w.stored
	default:
		return nil
	}
}

// await returns when all writes are done, with the first error, or when ctx
// ends.
func await(ctx context.Context, writes []*write) error {
	var first error
	for _, w := range writes {
		select {
		case <-w.done:
		case <-ctx.Done():
			return unavailable("append", context.Cause(ctx))
		}
		if first == nil {
			first = w.err
		}
	}
	return first
}
