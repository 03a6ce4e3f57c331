package fanfare

import (
	"encoding/json"
	"strconv"
)

// GapType is the type of an envelope that says only that events may be missing.
const GapType = typePrefix + "Gap"

// Gap says that events of the topic after this seq may be missing before the
// envelope that it stands on.
type Gap struct {
	After uint64 `json:"after"`
}

// Envelope is what a follower of a topic receives: an event with its position,
// and what is to be known about what lies before it. One without a Payload is
// of the type [GapType]: it carries the Gap alone, with the Seq to go on from.
// It is not changed after it was made, and may be shared.
type Envelope struct {
	Stored

	Cursor   string // the position after this envelope
	Snapshot bool   // the topic's present state, not what follows the last envelope
	Covers   int    // older events that were conflated into this one; Prev is the oldest one's
	Gap      *Gap   // nil: nothing is missing
}

// GapOnly reports whether the envelope carries no event.
func (e Envelope) GapOnly() bool { return e.Event.Payload == nil }

// Covering returns the envelope as it is when older ones were conflated into
// it: prev is the oldest one's Prev, covers counts the events.
func (e Envelope) Covering(prev uint64, covers int) Envelope {
	e.Prev, e.Covers = prev, e.Covers+covers
	return e
}

// MarshalJSON writes the event's CloudEvents form, then the members of the
// position.
func (e Envelope) MarshalJSON() ([]byte, error) {
	record, err := e.record()
	if err != nil {
		return nil, err
	}
	b := make([]byte, 0, len(record)+len(e.Cursor)+200)
	b = append(b, record[:len(record)-1]...)
	return e.appendPosition(b), nil
}

// record is the event without its position.
func (e Envelope) record() ([]byte, error) {
	switch {
	case e.GapOnly():
		return e.gapRecord()
	case e.Record != nil:
		return e.Record, nil
	}
	return EncodeCloudEvent(e.Event)
}

func (e Envelope) gapRecord() ([]byte, error) {
	var o object
	o.put("specversion", specVersion)
	o.put("id", DeriveID(e.Topic.String(), "gap", strconv.FormatUint(e.Seq, 10)))
	o.put("type", GapType)
	o.put("source", sourcePrefix+e.Event.Service)
	o.moment("time", e.Event.Time)
	o.put("subject", e.Topic.String())
	return o.bytes()
}

func (e Envelope) appendPosition(b []byte) []byte {
	topic, _ := json.Marshal(e.Topic.String()) //nolint:errchkjson // a string always can
	b = append(append(b, `,"topic":`...), topic...)
	b = strconv.AppendUint(append(b, `,"seq":`...), e.Seq, 10)
	b = strconv.AppendUint(append(b, `,"prev":`...), e.Prev, 10)
	b = append(append(append(b, `,"cursor":"`...), e.Cursor...), '"')
	if e.Snapshot {
		b = append(b, `,"snapshot":true`...)
	}
	if e.Covers > 0 {
		b = strconv.AppendInt(append(b, `,"covers":`...), int64(e.Covers), 10)
	}
	if e.Gap != nil {
		b = strconv.AppendUint(append(b, `,"gap":{"after":`...), e.Gap.After, 10)
		b = append(b, '}')
	}
	return append(b, '}')
}

// DecodeEnvelope reads an envelope as a follower of a topic receives it.
// Unknown members are passed over. The error is CodeInvalidArgument,
// CodeInvalidTopic.
func DecodeEnvelope(data []byte) (Envelope, error) {
	var position struct {
		Type     string `json:"type"`
		Topic    string `json:"topic"`
		Seq      uint64 `json:"seq"`
		Prev     uint64 `json:"prev"`
		Cursor   string `json:"cursor"`
		Snapshot bool   `json:"snapshot"`
		Covers   int    `json:"covers"`
		Gap      *Gap   `json:"gap"`
	}
	if err := json.Unmarshal(data, &position); err != nil {
		return Envelope{}, Errorf(CodeInvalidArgument, "envelope is no JSON object of its form: %s", describeJSON(err))
	}
	topic, err := ParseTopic(position.Topic)
	if err != nil {
		return Envelope{}, err
	}
	e := Envelope{
		Stored: Stored{Topic: topic, Seq: position.Seq, Prev: position.Prev},
		Cursor: position.Cursor, Snapshot: position.Snapshot, Covers: position.Covers, Gap: position.Gap,
	}
	if position.Type == GapType {
		return e, nil
	}
	e.Event, err = DecodeCloudEvent(data)
	return e, err
}
