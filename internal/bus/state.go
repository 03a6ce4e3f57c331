package bus

import (
	"cmp"
	"context"
	"encoding/json"
	"maps"
	"slices"
	"strconv"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"github.com/fanfare-hub/fanfare"
)

// The bucket of the topics' present states: a key-value bucket as NATS tools
// know them, with a stream that takes a batch as one.
const (
	stateStream   = "KV_STATE"
	statePrefix   = "$KV.STATE."      // $KV.STATE.{tenant}.{kind}.{base64url id}: the snapshot
	markPrefix    = "$KV.STATE.mark." // and the number of a partition: looked through up to this seq
	stateKeys     = statePrefix + ">" // all of both
	maxStateBytes = 8 << 30           // of the bucket on disk; the oldest go first
	stateWindow   = 2 * time.Minute   // of message ids, which are not used: the server wants one
)

// StateRetention says how long the last state of a topic is kept, whatever has
// become of its events: the oldest go first.
type StateRetention struct {
	MaxAge    time.Duration // after the topic's last state event; default 90 days
	MaxTopics int64         // default 1,000,000
}

// stateSlot is the last event that tells of one thing.
type stateSlot struct {
	Seq    uint64          `json:"seq"`
	Record json.RawMessage `json:"record"`
}

// stateValue is a topic's snapshot: the slots by the names that
// [fanfare.StateOf] gives them.
type stateValue map[string]stateSlot

func (b *Bus) openState(ctx context.Context, js jetstream.JetStream) error {
	limits := b.opts.State
	return stream{stateStream, func(cfg *jetstream.StreamConfig) {
		cfg.Subjects = []string{stateKeys}
		cfg.Storage = jetstream.FileStorage
		cfg.Retention = jetstream.LimitsPolicy
		cfg.Discard = jetstream.DiscardOld
		cfg.MaxMsgsPerSubject = 1
		cfg.MaxMsgs = limits.MaxTopics + int64(b.opts.Partitions)
		cfg.MaxAge = limits.MaxAge
		cfg.MaxBytes = maxStateBytes
		cfg.Duplicates = min(stateWindow, limits.MaxAge)
		cfg.AllowDirect = true
		cfg.AllowAtomicPublish = true
	}}.ensure(ctx, js)
}

// Snapshot returns the topic's last state events, oldest first, and up to which
// seq the log was looked through for them: without one, there is no state event
// at or before it, but for one that is older than what [StateRetention] keeps.
// Their Prev is 0. Errors: invalid_topic, unavailable.
//
// Value and mark are of one moment: the server finds and loads all that one
// question asks for under a lock that a batch takes as a whole. Were they read
// one after the other, a value written in between would be missed beside a mark
// that says it is there.
func (b *Bus) Snapshot(ctx context.Context, topic fanfare.Topic) (state []fanfare.Stored, mark uint64, err error) {
	s, key, p, err := b.find(topic)
	if err != nil {
		return nil, 0, err
	}
	damaged := false
	q := question{MultiLast: []string{statePrefix + key, markSubject(p)}}
	_, err = s.looks.ask(ctx, s, stateStream, q, func(msg *nats.Msg) (err error) {
		if msg.Header.Get(subjectHeader) == markSubject(p) {
			mark, err = strconv.ParseUint(string(msg.Data), 10, 64)
			return err
		}
		if state, err = decodeState(msg.Data, topic); err != nil {
			b.unreadable(ctx, statePrefix+key, msg, err)
			damaged = true
		}
		return nil
	})
	if err != nil {
		return nil, 0, err
	}
	if damaged {
		return nil, 0, nil // nothing is known: all is in the log, as far as that reaches
	}
	return state, mark, nil
}

func markSubject(p int) string { return markPrefix + strconv.Itoa(p) }

// encode writes the value with its records as they are: encoding/json would
// write them anew.
func (v stateValue) encode() []byte {
	b := []byte{'{'}
	for _, name := range slices.Sorted(maps.Keys(v)) {
		if len(b) > 1 {
			b = append(b, ',')
		}
		b = append(append(append(b, '"'), name...), `":{"seq":`...)
		b = strconv.AppendUint(b, v[name].Seq, 10)
		b = append(append(append(b, `,"record":`...), v[name].Record...), '}')
	}
	return append(b, '}')
}

func decodeState(data []byte, topic fanfare.Topic) ([]fanfare.Stored, error) {
	var value stateValue
	if err := json.Unmarshal(data, &value); err != nil {
		return nil, err
	}
	state := make([]fanfare.Stored, 0, len(value))
	for _, slot := range value {
		event, err := fanfare.DecodeCloudEvent(slot.Record)
		if err != nil {
			return nil, err
		}
		state = append(state, fanfare.Stored{Event: event, Topic: topic, Seq: slot.Seq, Record: slot.Record})
	}
	slices.SortFunc(state, func(a, b fanfare.Stored) int { return cmp.Compare(a.Seq, b.Seq) })
	return state, nil
}
