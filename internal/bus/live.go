package bus

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strconv"

	"github.com/nats-io/nats.go"

	"github.com/fanfare-hub/fanfare"
)

// The bounds of what waits for deliver: seconds of a full load, and a memory
// that the process can spare. Beyond either NATS drops and says so.
const (
	liveQueueLen   = 1 << 16
	liveQueueBytes = 128 << 20
)

// The headers by which a stream says where it stored what it republishes.
const (
	seqHeader  = "Nats-Sequence"
	prevHeader = "Nats-Last-Sequence"
)

// subscribeLive returns when the server knows the subscription, so that
// nothing stored afterwards is missed.
func subscribeLive(ctx context.Context, conn *nats.Conn) (*nats.Subscription, error) {
	sub, err := conn.SubscribeSync(liveSubjects)
	if err != nil {
		return nil, fmt.Errorf("subscribe to the live feed: %w", err)
	}
	if err := sub.SetPendingLimits(liveQueueLen, liveQueueBytes); err != nil {
		return nil, fmt.Errorf("bound the live feed: %w", err)
	}
	if err := flush(ctx, conn); err != nil {
		return nil, fmt.Errorf("subscribe to the live feed: %w", err)
	}
	return sub, nil
}

// Live hands everything that was stored since Start to deliver, from this
// goroutine, the events of a topic in the log's order. It returns nil when ctx
// ends, conflict if a Live is running, unavailable when the bus has stopped.
//
// While deliver is too slow events may be dropped; see [Stats]. The next event
// of the same topic shows it: its Prev is not the Seq delivered last.
func (b *Bus) Live(ctx context.Context, deliver func(fanfare.Stored)) error {
	s, err := b.current()
	if err != nil {
		return err
	}
	if !b.living.CompareAndSwap(false, true) {
		return fanfare.Errorf(fanfare.CodeConflict, "the live feed is being read already")
	}
	defer b.living.Store(false)
	for {
		msg, err := s.live.NextMsgWithContext(ctx)
		switch {
		case err == nil:
			b.deliver(ctx, msg, deliver)
		case ctx.Err() != nil:
			return nil
		case errors.Is(err, nats.ErrSlowConsumer): // counted by asyncError; what was kept comes next
		default:
			return translate("read the live feed", err)
		}
	}
}

func (b *Bus) deliver(ctx context.Context, msg *nats.Msg, deliver func(fanfare.Stored)) {
	stored, err := decodeLive(msg)
	if err != nil {
		b.undecodable.Add(1)
		b.log.ErrorContext(ctx, "A live record cannot be read",
			slog.String("subject", msg.Subject), slog.String("seq", msg.Header.Get(seqHeader)), slog.Any("error", err))
		return
	}
	deliver(stored)
}

// decodeLive reads a republished record and its place in the log.
func decodeLive(msg *nats.Msg) (stored fanfare.Stored, err error) {
	if version := msg.Header.Get(recordHeader); version != recordVersion {
		return stored, fmt.Errorf("header %s is %q, not %q", recordHeader, version, recordVersion)
	}
	if stored.Topic, err = parseLiveSubject(msg.Subject); err != nil {
		return stored, err
	}
	if stored.Seq, err = parseSeq(msg, seqHeader); err != nil {
		return stored, err
	}
	if stored.Prev, err = parseSeq(msg, prevHeader); err != nil {
		return stored, err
	}
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

// liveDropped counts what NATS dropped before deliver saw it.
func liveDropped(sub *nats.Subscription) uint64 {
	dropped, err := sub.Dropped()
	if err != nil || dropped < 0 { // the subscription has ended
		return 0
	}
	return uint64(dropped)
}
