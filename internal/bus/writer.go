package bus

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"github.com/fanfare-hub/fanfare"
)

// maxWaiting bounds the bytes of all events that wait to be written. A disk
// that takes ten thousand events a second has it empty within seconds; one that
// takes nothing must not fill the memory.
const maxWaiting = 64 << 20

// writer writes what is appended, by one committer for each partition.
type writer struct {
	conn       *nats.Conn
	js         jetstream.JetStream
	committers []*committer
	ids        *ids
	appended   func(p int, stored fanfare.Stored) // hears of each event that is stored

	// begin runs f in a goroutine that stop waits for. Its ctx ends when what
	// still waits is no longer to be written.
	begin  func(f func(ctx context.Context))
	wait   func()
	cancel context.CancelCauseFunc

	waiting atomic.Int64  // bytes
	refused atomic.Uint64 // writes, because of maxWaiting
	split   atomic.Uint64 // batches that were written again one by one
}

func newWriter(s *session, partitions int, appended func(p int, stored fanfare.Stored)) *writer {
	ctx, cancel := context.WithCancelCause(context.Background())
	var wg sync.WaitGroup
	w := &writer{
		conn: s.conn, js: s.js, ids: s.ids, appended: appended, cancel: cancel, wait: wg.Wait,
		begin: func(f func(context.Context)) { wg.Go(func() { f(ctx) }) },
	}
	for p := range partitions {
		w.committers = append(w.committers, &committer{writer: w, stream: eventStream(p)})
	}
	return w
}

// submit gives the writes to their committers. After an error none was given.
func (w *writer) submit(writes []*write) error {
	var bytes int64
	for _, each := range writes {
		bytes += each.bytes
	}
	if w.waiting.Add(bytes) > maxWaiting {
		w.waiting.Add(-bytes)
		w.refused.Add(1)
		return fanfare.Errorf(fanfare.CodeUnavailable, "more is being published than the disk takes; try again: %w", errOverloaded)
	}
	for _, each := range writes {
		w.committers[each.partition].submit(each)
	}
	return nil
}

// note adds what of the write is stored now.
func (w *writer) note(each *write, list []stored) {
	fresh := 0
	for _, at := range list {
		if !at.duplicate {
			fresh++
			i := len(each.stored)
			w.appended(each.partition, fanfare.Stored{
				Event: each.entries[i].Event, Topic: each.entries[i].Topic, Seq: at.seq, Record: each.msgs[i].Data,
			})
		}
		each.stored = append(each.stored, at)
	}
	w.ids.add(fresh)
}

// finish gives a result to who waits for it.
func (w *writer) finish(each *write, err error) {
	w.waiting.Add(-each.bytes)
	each.finish(err)
}

// stop takes no more, and returns when everything that waits was written, or,
// once ctx has ended, answered as unavailable.
func (w *writer) stop(ctx context.Context) {
	for _, c := range w.committers {
		c.close()
	}
	defer context.AfterFunc(ctx, func() { w.cancel(errNotRunning) })()
	w.wait()
	w.cancel(errNotRunning)
}

var errOverloaded = errors.New("too many bytes wait to be written")
