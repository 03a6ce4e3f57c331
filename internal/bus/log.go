package bus

import (
	"context"
	"errors"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"github.com/fanfare-hub/fanfare"
)

const (
	recordHeader  = "Fanfare-Record"
	recordVersion = "1"

	// durability of one node that syncs each write.
	durability = "disk"
)

// Append stores the event on the topic and returns when it is on disk. An
// event with the same tenant, Service, id and topic within the duplicate window
// is not stored again: the receipt has the first one's Seq, and Duplicate. When
// ctx ends Append returns, and the event may be stored or not.
//
// Errors: invalid_topic, too_large (over 200 KiB as stored), unavailable; after
// the last the event may be stored or not, and may be appended again.
func (b *Bus) Append(ctx context.Context, event fanfare.Event, topic fanfare.Topic) (fanfare.Receipt, error) {
	receipts, err := b.AppendAll(ctx, []fanfare.Entry{{Event: event, Topic: topic}})
	if err != nil {
		return fanfare.Receipt{}, err
	}
	return receipts[0], nil
}

// AppendAll stores the entries, those of a topic in their order, and returns
// their receipts when all are on disk. Up to 500 entries of one partition are
// stored together or not at all, unless one of them is a duplicate.
//
// After an error the receipts are those of the first entries, as many as are
// known to be stored; later ones may be stored too, but none of a topic behind
// one that is not. The same entries may then be appended again, and are stored
// once. Errors are those of [Bus.Append]; after another one than unavailable
// nothing is stored.
func (b *Bus) AppendAll(ctx context.Context, entries []fanfare.Entry) ([]fanfare.Receipt, error) {
	s, err := b.current()
	if err != nil {
		return nil, err
	}
	parts, err := b.divide(entries)
	if err != nil {
		return nil, err
	}
	if err := ctx.Err(); err != nil {
		return nil, unavailable("append", err)
	}
	if err := s.writer.submit(parts.writes); err != nil {
		return nil, err
	}
	err = await(ctx, parts.writes)
	return parts.receipts(s.epoch, entries), err
}

// division is a list of entries as one write for each partition.
type division struct {
	writes []*write
	places []place // of each entry
}

// place is where an entry is among the writes.
type place struct {
	write *write
	index int
}

// divide encodes all entries before any is stored.
func (b *Bus) divide(entries []fanfare.Entry) (*division, error) {
	d := &division{places: make([]place, len(entries))}
	for i, entry := range entries {
		msg, p, err := b.record(entry.Event, entry.Topic)
		if err != nil {
			return nil, err
		}
		w := d.writeTo(p, len(entries))
		d.places[i] = place{write: w, index: len(w.msgs)}
		w.add(msg, entry)
	}
	return d, nil
}

// writeTo returns the write to a partition. There are at most as many as
// partitions, which are few.
func (d *division) writeTo(p, room int) *write {
	for _, w := range d.writes {
		if w.partition == p {
			return w
		}
	}
	w := newWrite(p, room)
	d.writes = append(d.writes, w)
	return w
}

// receipts are those of the first entries that are known to be stored.
func (d *division) receipts(epoch fanfare.Epoch, entries []fanfare.Entry) []fanfare.Receipt {
	receipts := make([]fanfare.Receipt, 0, len(entries))
	for i, place := range d.places {
		stored := place.write.result()
		if place.index >= len(stored) {
			break
		}
		id, topic, at := entries[i].Event.ID, entries[i].Topic, stored[place.index]
		receipts = append(receipts, fanfare.Receipt{
			ID:         id,
			Topic:      topic,
			Seq:        at.seq,
			Cursor:     fanfare.CursorAt(epoch, at.seq, id).Encode(topic),
			Durability: durability,
			Duplicate:  at.duplicate,
		})
	}
	return receipts
}

// record is the event in its stored form, and the partition it goes to.
func (b *Bus) record(event fanfare.Event, topic fanfare.Topic) (*nats.Msg, int, error) {
	key, err := topicKey(topic)
	if err != nil {
		return nil, 0, err
	}
	data, err := fanfare.EncodeCloudEvent(event) // it refuses what is too large
	if err != nil {
		return nil, 0, err
	}
	p := partition(key, b.opts.Partitions)
	return &nats.Msg{
		Subject: eventSubject(key, p),
		Data:    data,
		Header: nats.Header{
			recordHeader:          {recordVersion},
			jetstream.MsgIDHeader: {event.MessageID(tenant, topic)},
		},
	}, p, nil
}

// LastID is the id of the topic's last event; empty while there is none.
func (b *Bus) LastID(ctx context.Context, topic fanfare.Topic) (string, error) {
	s, err := b.current()
	if err != nil {
		return "", err
	}
	key, err := topicKey(topic)
	if err != nil {
		return "", err
	}
	p := partition(key, b.opts.Partitions)
	stream, err := s.js.Stream(ctx, eventStream(p))
	if err != nil {
		return "", translate("open "+eventStream(p), err)
	}
	msg, err := stream.GetLastMsgForSubject(ctx, eventSubject(key, p))
	if errors.Is(err, jetstream.ErrMsgNotFound) {
		return "", nil
	}
	if err != nil {
		return "", translate("read from "+eventStream(p), err)
	}
	event, err := fanfare.DecodeCloudEvent(msg.Data)
	return event.ID, err
}
