package bus

import (
	"context"
	"math"
	"slices"
	"time"

	"github.com/nats-io/nats.go"

	"github.com/fanfare-hub/fanfare"
)

// comparison remembers up to where Grown has looked.
type comparison struct {
	turn chan struct{} // holds one for who may compare
	seqs []uint64      // by partition: up to there; owned by who has the turn
}

// openComparison begins at the present end: nobody follows anything yet.
func (b *Bus) openComparison(ctx context.Context, s *session) (*comparison, error) {
	c := &comparison{turn: make(chan struct{}, 1), seqs: make([]uint64, b.opts.Partitions)}
	c.turn <- struct{}{}
	for p := range c.seqs {
		look, err := s.look(ctx, eventStream(p), "")
		if err != nil {
			return nil, err
		}
		c.seqs[p] = look.State.LastSeq
	}
	return c, nil
}

// Grown returns the newest seq of every followed topic that may have got
// events since the last call that succeeded, or since Start. It costs one small
// request for each partition with followed topics; what lies between is looked
// for only where a partition has grown. Error: unavailable.
func (b *Bus) Grown(ctx context.Context) (map[fanfare.Topic]uint64, error) {
	s, err := b.current()
	if err != nil {
		return nil, err
	}
	select {
	case <-s.compared.turn:
		defer func() { s.compared.turn <- struct{}{} }()
	case <-ctx.Done():
		return nil, translate("compare", ctx.Err())
	}
	grown := make(map[fanfare.Topic]uint64)
	seqs := slices.Clone(s.compared.seqs)
	for p := range seqs {
		if seqs[p], err = s.compare(ctx, p, seqs[p], grown); err != nil {
			return nil, err
		}
	}
	s.compared.seqs = seqs
	return grown, nil
}

// compare adds the topics of a partition that have events above seq, and
// returns up to where that is known. The end comes first: a topic that is
// followed after the subjects were listed has no event below it to be missed.
//
// Both are answered by the one server that there is. With replicas the lookup
// would come from any of them, which may be behind the leader.
func (s *session) compare(ctx context.Context, p int, seq uint64, grown map[fanfare.Topic]uint64) (uint64, error) {
	if !s.follows.any(p) {
		return seq, nil
	}
	look, err := s.look(ctx, eventStream(p), "")
	if err != nil || look.State.LastSeq <= seq {
		return seq, err
	}
	for subjects := range slices.Chunk(s.follows.subjects(p), maxLookup) {
		if err := s.lastAbove(ctx, p, subjects, seq, grown); err != nil {
			return seq, err
		}
	}
	return look.State.LastSeq, nil
}

// lastAbove adds the last event above seq of each subject. The server counts
// what it leaves out in what is pending, and gives them out by seq.
func (s *session) lastAbove(ctx context.Context, p int, subjects []string, seq uint64, grown map[fanfare.Topic]uint64) error {
	q := question{MultiLast: subjects, Seq: seq + 1, MaxBytes: pageBytes}
	for more := true; more; {
		before := q.Seq
		pending, err := s.looks.ask(ctx, s, eventStream(p), q, func(msg *nats.Msg) error {
			last, err := parseSeq(msg, seqHeader)
			if err != nil {
				return err
			}
			topic, err := parseLiveSubject(republished + msg.Header.Get(subjectHeader))
			grown[topic] = last
			q.Seq = last + 1
			return err
		})
		if err != nil {
			return err
		}
		more = pending > 0 && q.Seq > before
	}
	return nil
}

// End returns the seq of the topic's last event that is still stored, 0 without
// one, and a seq that all events to come are above of. Errors: invalid_topic,
// unavailable.
func (b *Bus) End(ctx context.Context, topic fanfare.Topic) (last, end uint64, err error) {
	s, key, p, err := b.find(topic)
	if err != nil {
		return 0, 0, err
	}
	if last, err = s.seqOf(ctx, p, question{LastFor: eventSubject(key, p)}); err != nil || last > 0 {
		return last, last, err
	}
	look, err := s.look(ctx, eventStream(p), "")
	if err != nil {
		return 0, 0, err
	}
	// Once more: the first event may have come before that end.
	last, err = s.seqOf(ctx, p, question{LastFor: eventSubject(key, p)})
	return last, max(last, look.State.LastSeq), err
}

// Since returns the seq from which on the topic's events were stored at that
// time or later: end + 1 of [Bus.End] if there are none. Errors: invalid_topic,
// unavailable.
func (b *Bus) Since(ctx context.Context, topic fanfare.Topic, at time.Time) (uint64, error) {
	s, key, p, err := b.find(topic)
	if err != nil {
		return 0, err
	}
	at = storable(at).UTC()
	q := question{NextFor: eventSubject(key, p), StartTime: &at}
	if seq, err := s.seqOf(ctx, p, q); err != nil || seq > 0 {
		return seq, err
	}
	_, end, err := b.End(ctx, topic)
	if err != nil {
		return 0, err
	}
	seq, err := s.seqOf(ctx, p, q) // what came before that end
	if seq == 0 {
		seq = end + 1
	}
	return seq, err
}

// storable is the nearest time that the store can compare with those of its
// messages, which are nanoseconds since 1970: beyond, they would wrap around.
func storable(at time.Time) time.Time {
	first, last := time.Unix(0, 0), time.Unix(0, math.MaxInt64)
	switch {
	case at.Before(first):
		return first
	case at.After(last):
		return last
	}
	return at
}

// seqOf returns the seq of the one message that is asked for, 0 without one.
func (s *session) seqOf(ctx context.Context, p int, q question) (seq uint64, err error) {
	_, err = s.looks.ask(ctx, s, eventStream(p), q, func(msg *nats.Msg) (err error) {
		seq, err = parseSeq(msg, seqHeader)
		return err
	})
	return seq, err
}

// Whole reports whether all events of the topic after seq, and all others
// stored after it, are still there, as far as the log can prove it: the stream
// begins at seq + 1 or before, and the topic has fewer events than its maximum,
// where there is one. Errors: invalid_topic, unavailable.
func (b *Bus) Whole(ctx context.Context, topic fanfare.Topic, seq uint64) (bool, error) {
	s, key, p, err := b.find(topic)
	if err != nil {
		return false, err
	}
	subject := eventSubject(key, p)
	look, err := s.look(ctx, eventStream(p), subject)
	if err != nil {
		return false, err
	}
	most := look.Config.MaxPerSubject
	full := most > 0 && look.State.Subjects[subject] >= uint64(most)
	return look.State.FirstSeq <= seq+1 && !full, nil
}

// find returns where a topic's events are stored.
func (b *Bus) find(topic fanfare.Topic) (s *session, key string, p int, err error) {
	if s, err = b.current(); err != nil {
		return nil, "", 0, err
	}
	if key, err = topicKey(topic); err != nil {
		return nil, "", 0, err
	}
	return s, key, partition(key, b.opts.Partitions), nil
}
