package bus

import (
	"context"

	"github.com/nats-io/nats.go"

	"github.com/fanfare-hub/fanfare"
)

// pageBytes is where a page ends that has not reached its limit of events.
const pageBytes = 1 << 20

// Read returns the topic's events from that seq on, in order: at most limit of
// them, 1,000, and about a MiB; more says whether others follow. The Prev of
// the first is 0, that of each other one the seq before it.
//
// Four replays go on at a time; others wait, as long as ctx lets them. Errors:
// invalid_topic, unavailable.
func (b *Bus) Read(ctx context.Context, topic fanfare.Topic, from uint64, limit int) (events []fanfare.Stored, more bool, err error) {
	s, key, p, err := b.find(topic)
	if err != nil {
		return nil, false, err
	}
	q := question{Seq: from, NextFor: eventSubject(key, p), Batch: min(max(limit, 1), maxLookup), MaxBytes: pageBytes}
	// A page of nothing but damaged records must not look like the end.
	for more = true; more && len(events) == 0; {
		var pending uint64
		pending, err = s.pages.ask(ctx, s, eventStream(p), q, func(msg *nats.Msg) error {
			events, q.Seq, err = b.appendPage(ctx, events, msg, topic)
			return err
		})
		if err != nil {
			return nil, false, err
		}
		more = pending > 0
	}
	return events, more, nil
}

// appendPage adds a message to the page and returns the seq to go on from.
func (b *Bus) appendPage(ctx context.Context, page []fanfare.Stored, msg *nats.Msg, topic fanfare.Topic) ([]fanfare.Stored, uint64, error) {
	seq, err := parseSeq(msg, seqHeader)
	if err != nil {
		return page, 0, err
	}
	stored, err := decodeStored(msg, topic)
	if err != nil {
		b.unreadable(ctx, msg.Header.Get(subjectHeader), msg, err)
		return page, seq + 1, nil
	}
	if len(page) > 0 {
		stored.Prev = page[len(page)-1].Seq
	}
	return append(page, stored), seq + 1, nil
}
