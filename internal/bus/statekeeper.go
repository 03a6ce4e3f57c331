package bus

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"log/slog"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"github.com/fanfare-hub/fanfare"
)

// stateRetry is the pause after a failure: the disk is full, or the server ends.
const stateRetry = time.Second

// keeper writes the states of one stream's topics. It is told of every event
// that is appended in this process, and reads from the log what it was not
// told: all behind the mark at a start, and what a failed Append stored after
// all.
//
//	Append ─► appended ─► shelf ─► take ─► one atomic batch: values, then the mark
//	              the log ─► catchUp ─┘                      only if the mark is ours
//
// A crash loses nothing: values and mark are stored together or not at all, and
// what is behind the mark is read again. There is one keeper for each stream;
// with several nodes it is the holder of a lease, and the condition on the mark
// stops one that has lost it without knowing.
type keeper struct {
	bus     *Bus
	session *session
	p       int
	shelf   shelf
	wake    chan struct{} // holds one when there may be something to do sooner

	markAt uint64 // the mark's own seq in the bucket; owned by run
}

// keepers are those of all streams.
type keepers struct {
	list   []*keeper
	askers askers
	cancel context.CancelFunc
	done   sync.WaitGroup
}

// startKeepers begins to keep the states; what is missing in them is caught up
// in the background.
func (b *Bus) startKeepers(s *session) (err error) {
	s.keepers = &keepers{cancel: func() {}}
	if s.keepers.askers, err = b.openAskers(s, keepAskers); err != nil {
		return err
	}
	ctx, cancel := context.WithCancel(context.Background())
	s.keepers.cancel = cancel
	for p := range b.opts.Partitions {
		k := &keeper{bus: b, session: s, p: p, wake: make(chan struct{}, 1)}
		k.shelf.reset(0, 1)
		s.keepers.list = append(s.keepers.list, k)
		s.keepers.done.Go(func() { k.run(ctx) })
	}
	return nil
}

func (k *keepers) stop() {
	k.cancel()
	k.done.Wait()
}

// appended tells the keeper of an event that was stored in this process, with
// its Topic, Seq and Record; a duplicate is not one. Events may come in any
// order, and each of them once. It never waits for the disk.
func (b *Bus) appended(s *session, p int, stored fanfare.Stored) {
	k := s.keepers.list[p]
	if k.shelf.add(stored.Seq, noteOf(stored), time.Now()) {
		k.nudge()
	}
}

func (k *keeper) nudge() {
	select {
	case k.wake <- struct{}{}:
	default:
	}
}

// run keeps the state until ctx ends. After a failure, an unsure write among
// them, it begins again from what is stored.
func (k *keeper) run(ctx context.Context) {
	for ctx.Err() == nil {
		err := k.keep(ctx)
		if ctx.Err() != nil {
			return
		}
		k.bus.stateFailures.Add(1)
		k.bus.log.WarnContext(ctx, "The state of topics cannot be kept now", slog.Int("partition", k.p), slog.Any("error", err))
		k.pause(ctx, stateRetry)
	}
}

func (k *keeper) keep(ctx context.Context) error {
	if err := k.load(ctx); err != nil {
		return err
	}
	looked := time.Now()
	for ctx.Err() == nil {
		if now := time.Now(); k.shelf.mustRead(now) || now.Sub(looked) >= markEvery {
			looked = now
			if err := k.catchUp(ctx); err != nil {
				return err
			}
		}
		drafts, mark, ok := k.shelf.take(time.Now())
		if ok {
			if err := k.write(ctx, drafts, mark); err != nil {
				return err
			}
		}
		now := time.Now()
		if wait := k.shelf.due(now).Sub(now); wait > 0 {
			k.pause(ctx, wait)
		}
	}
	return ctx.Err()
}

func (k *keeper) pause(ctx context.Context, d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-k.wake:
	case <-ctx.Done():
	}
}

// load begins after the stored mark, or where the log begins now if that is
// later: what was between is gone, and counted.
func (k *keeper) load(ctx context.Context) error {
	var mark uint64
	k.markAt = 0
	_, err := k.session.keepers.askers.ask(ctx, k.session, stateStream, question{LastFor: markSubject(k.p)}, func(msg *nats.Msg) (err error) {
		if k.markAt, err = parseSeq(msg, seqHeader); err != nil {
			return err
		}
		mark, err = strconv.ParseUint(string(msg.Data), 10, 64)
		return err
	})
	if err != nil {
		return err
	}
	look, err := k.session.look(ctx, eventStream(k.p), "")
	if err != nil {
		return err
	}
	next := max(mark+1, look.State.FirstSeq)
	if skipped := next - mark - 1; skipped > 0 && mark > 0 {
		k.bus.stateSkipped.Add(skipped)
		k.bus.log.WarnContext(ctx, "Events had gone from the log before their state was kept",
			slog.Int("partition", k.p), slog.Uint64("events", skipped))
	}
	k.shelf.reset(mark, next)
	return nil
}

// catchUp reads one page of the stream from where the shelf is.
func (k *keeper) catchUp(ctx context.Context) error {
	from, newest := k.shelf.reading()
	q := question{Seq: from, Batch: maxStateBatch, MaxBytes: pageBytes}
	pending, err := k.session.keepers.askers.ask(ctx, k.session, eventStream(k.p), q, func(msg *nats.Msg) error {
		seq, err := parseSeq(msg, seqHeader)
		if err == nil {
			k.shelf.read(seq, k.noteOfMsg(ctx, msg))
		}
		return err
	})
	if err == nil {
		k.shelf.caughtUp(newest, pending == 0, time.Now())
	}
	return err
}

// noteOfMsg reads a stored event, unless its topic has no state anyway.
func (k *keeper) noteOfMsg(ctx context.Context, msg *nats.Msg) note {
	subject := msg.Header.Get(subjectHeader)
	topic, err := parseLiveSubject(republished + subject)
	var stored fanfare.Stored
	if err == nil && (topic.Kind == fanfare.KindDocument || topic.Kind == fanfare.KindService) {
		stored, err = decodeStored(msg, topic)
	}
	if err != nil {
		k.bus.unreadable(ctx, subject, msg, err)
		return note{}
	}
	return noteOf(stored)
}

// write stores the drafts and the mark, all or none. It is not left half-way
// when ctx ends: the server would have to clear away what it was sent.
func (k *keeper) write(ctx context.Context, drafts []*draft, mark uint64) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), requestTimeout)
	defer cancel()
	if err := k.complete(ctx, drafts); err != nil {
		return err
	}
	id := rand.Text()[:12] // the server stores it with each value
	for i, d := range drafts {
		msg := &nats.Msg{Subject: statePrefix + d.key, Data: d.value.encode(), Header: stateBatch(id, i+1)}
		if err := k.session.conn.PublishMsg(msg); err != nil {
			return err
		}
	}
	msg := &nats.Msg{Subject: markSubject(k.p), Data: strconv.AppendUint(nil, mark, 10), Header: nats.Header{}}
	if len(drafts) > 0 {
		msg.Header = stateBatch(id, len(drafts)+1)
		msg.Header.Set(batchCommitHeader, "1")
	}
	ack, err := k.session.js.PublishMsg(ctx, msg,
		jetstream.WithExpectLastSequencePerSubject(k.markAt), jetstream.WithRetryAttempts(0))
	if err != nil {
		return err
	}
	k.markAt = ack.Sequence
	k.shelf.wrote(mark)
	return nil
}

func stateBatch(id string, seq int) nats.Header {
	return nats.Header{batchIDHeader: {id}, batchSeqHeader: {strconv.Itoa(seq)}}
}

// complete adds the slots that services have besides those that are new. What
// is read here is what this keeper wrote, which nobody else changes.
func (k *keeper) complete(ctx context.Context, drafts []*draft) error {
	services := make(map[string]*draft)
	q := question{}
	for _, d := range drafts {
		if d.service {
			services[d.key] = d
			q.MultiLast = append(q.MultiLast, statePrefix+d.key)
		}
	}
	if len(services) == 0 {
		return nil
	}
	_, err := k.session.keepers.askers.ask(ctx, k.session, stateStream, q, func(msg *nats.Msg) error {
		subject := msg.Header.Get(subjectHeader)
		var value stateValue
		if err := json.Unmarshal(msg.Data, &value); err != nil {
			k.bus.unreadable(ctx, subject, msg, err)
			return nil
		}
		d := services[strings.TrimPrefix(subject, statePrefix)]
		for name, slot := range value {
			if _, known := d.value[name]; !known {
				d.value[name] = slot
			}
		}
		return nil
	})
	return err
}
