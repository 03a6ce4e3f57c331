package bus

import (
	"context"
	"errors"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"github.com/fanfare-hub/fanfare"
)

const (
	// maxEventBytes is the contract's limit of an event as stored: what is
	// larger belongs into a document.
	maxEventBytes = 200 << 10

	recordHeader  = "Fanfare-Record"
	recordVersion = "1"

	// durability of one node that syncs each write.
	durability = "disk"
)

// Append stores the event on the topic and returns when it is on disk. An
// event with the same tenant, Service, id and topic within the last ten minutes
// is not stored again: the receipt has the first one's Seq, and Duplicate.
//
// Errors: invalid_topic, too_large (over 200 KiB as stored), unavailable; after
// the last the event may be stored or not, and may be appended again.
func (b *Bus) Append(ctx context.Context, event fanfare.Event, topic fanfare.Topic) (fanfare.Receipt, error) {
	s, err := b.current()
	if err != nil {
		return fanfare.Receipt{}, err
	}
	msg, stream, err := b.record(event, topic)
	if err != nil {
		return fanfare.Receipt{}, err
	}
	ack, err := s.js.PublishMsg(ctx, msg, jetstream.WithExpectStream(stream))
	if err != nil {
		return fanfare.Receipt{}, translate("append to "+stream, err)
	}
	if _, _, p, err := b.find(topic); err == nil && !ack.Duplicate {
		b.appended(s, p, fanfare.Stored{Event: event, Topic: topic, Seq: ack.Sequence, Record: msg.Data})
	}
	return fanfare.Receipt{
		ID:         event.ID,
		Topic:      topic,
		Seq:        ack.Sequence,
		Cursor:     fanfare.CursorAt(s.epoch, ack.Sequence, event.ID).Encode(topic),
		Durability: durability,
		Duplicate:  ack.Duplicate,
	}, nil
}

// AppendAll stores the entries, those of a topic in their order, and returns
// their receipts when all are on disk. After an error the receipts are those of
// the first entries, as many as are known to be stored; others may be too. The
// same entries may then be appended again, and are stored once.
//
// Errors: as of [Bus.Append]; after another than unavailable nothing is stored.
func (b *Bus) AppendAll(ctx context.Context, entries []fanfare.Entry) ([]fanfare.Receipt, error) {
	receipts := make([]fanfare.Receipt, 0, len(entries))
	for _, entry := range entries {
		receipt, err := b.Append(ctx, entry.Event, entry.Topic)
		if err != nil {
			return receipts, err
		}
		receipts = append(receipts, receipt)
	}
	return receipts, nil
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

// record is the event in its stored form, and the stream it goes to.
func (b *Bus) record(event fanfare.Event, topic fanfare.Topic) (*nats.Msg, string, error) {
	key, err := topicKey(topic)
	if err != nil {
		return nil, "", err
	}
	data, err := fanfare.EncodeCloudEvent(event)
	if err != nil {
		return nil, "", err
	}
	if len(data) > maxEventBytes {
		return nil, "", fanfare.Errorf(fanfare.CodeTooLarge,
			"the event takes %d bytes as stored, %d are allowed: refer to its content by a document", len(data), maxEventBytes)
	}
	p := partition(key, b.opts.Partitions)
	msg := nats.NewMsg(eventSubject(key, p))
	msg.Data = data
	msg.Header.Set(recordHeader, recordVersion)
	msg.Header.Set(jetstream.MsgIDHeader, event.MessageID(tenant, topic))
	return msg, eventStream(p), nil
}
