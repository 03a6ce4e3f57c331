package bus

import (
	"context"
	"fmt"
	"log/slog"
	"strconv"
	"sync"

	"github.com/nats-io/nats.go"

	"github.com/fanfare-hub/fanfare"
)

const (
	// liveShards is how many topics can be delivered at once.
	liveShards = 8
	// liveQueueLen bounds what waits in each shard for deliver: more than a
	// group commit stores at once. Beyond it NATS drops and says so, and the
	// event is read from the log. Events of a kilobyte take 8 MiB then; if all
	// were as large as they may be, 1.6 GiB.
	liveQueueLen = 1 << 10
)

// The headers by which a stream says where it stored what it gives out.
const (
	seqHeader     = "Nats-Sequence"
	prevHeader    = "Nats-Last-Sequence" // of the same subject, as republished
	subjectHeader = "Nats-Subject"       // in answers only
)

// Live calls deliver for the events of followed topics: those of a topic in
// the log's order and one at a time, up to eight topics at once. Each has the
// Seq of the topic's event before it as Prev; 0 if that is no longer stored.
// It returns nil when ctx ends, conflict if a Live is running, unavailable when
// the bus has stopped; then it calls nothing any more.
//
// While deliver is too slow events may be dropped, and so they may be while the
// connection to the server is lost: doubt is called, never twice at once. See
// [Stats] and [Bus.Grown].
func (b *Bus) Live(ctx context.Context, deliver func(fanfare.Stored), doubt func()) error {
	s, err := b.current()
	if err != nil {
		return err
	}
	if !b.living.CompareAndSwap(false, true) {
		return fanfare.Errorf(fanfare.CodeConflict, "the live feed is being read already")
	}
	defer b.living.Store(false)
	reading, cancel := context.WithCancel(ctx)
	var readers sync.WaitGroup
	for _, shard := range s.follows.shards {
		readers.Go(func() { b.readShard(reading, shard, deliver) })
	}
	err = b.hearDoubts(ctx, s, doubt)
	cancel()
	readers.Wait()
	return err
}

func (b *Bus) readShard(ctx context.Context, shard <-chan *nats.Msg, deliver func(fanfare.Stored)) {
	for {
		select {
		case msg := <-shard:
			b.deliver(ctx, msg, deliver)
		case <-ctx.Done():
			return
		}
	}
}

func (b *Bus) hearDoubts(ctx context.Context, s *session, doubt func()) error {
	for {
		select {
		case <-b.doubts:
			doubt()
		case <-ctx.Done():
			return nil
		case <-s.stopping:
			return unavailable("read the live feed", errNotRunning)
		}
	}
}

// doubt notes that live events may have been lost. It never waits.
func (b *Bus) doubt() {
	select {
	case b.doubts <- struct{}{}:
	default: // one is noted that nobody has heard yet
	}
}

func (b *Bus) deliver(ctx context.Context, msg *nats.Msg, deliver func(fanfare.Stored)) {
	stored, err := decodeLive(msg)
	if err != nil {
		b.unreadable(ctx, msg.Subject, msg, err)
		return
	}
	deliver(stored)
}

// unreadable counts a stored message that is none of ours, or damaged.
func (b *Bus) unreadable(ctx context.Context, subject string, msg *nats.Msg, err error) {
	b.undecodable.Add(1)
	b.log.ErrorContext(ctx, "A stored record cannot be read",
		slog.String("subject", subject), slog.String("seq", msg.Header.Get(seqHeader)), slog.Any("error", err))
}

// decodeLive reads a republished record and its place in the log.
func decodeLive(msg *nats.Msg) (stored fanfare.Stored, err error) {
	topic, err := parseLiveSubject(msg.Subject)
	if err != nil {
		return stored, err
	}
	if stored, err = decodeStored(msg, topic); err != nil {
		return stored, err
	}
	stored.Prev, err = parseSeq(msg, prevHeader)
	return stored, err
}

// decodeStored reads a record and its seq.
func decodeStored(msg *nats.Msg, topic fanfare.Topic) (stored fanfare.Stored, err error) {
	if version := msg.Header.Get(recordHeader); version != recordVersion {
		return stored, fmt.Errorf("header %s is %q, not %q", recordHeader, version, recordVersion)
	}
	if stored.Seq, err = parseSeq(msg, seqHeader); err != nil {
		return stored, err
	}
	stored.Topic, stored.Record = topic, msg.Data
	stored.Event, err = fanfare.DecodeCloudEvent(msg.Data)
	return stored, err
}

func parseSeq(msg *nats.Msg, header string) (uint64, error) {
	seq, err := strconv.ParseUint(msg.Header.Get(header), 10, 64)
	if err != nil {
		return 0, fmt.Errorf("header %s: %w", header, err)
	}
	return seq, nil
}
