package fanfare

import "encoding/json"

// Receipt is what the log answers when it has stored an event.
type Receipt struct {
	ID         string
	Topic      Topic
	Seq        uint64
	Cursor     string // the position at the event
	Durability string // "disk", "quorum" or "memory"
	Duplicate  bool   // stored before; Seq is the first one's
}

// wireReceipt is a Receipt as it stands in the answer of POST /api/events.
type wireReceipt struct {
	ID         string `json:"id"`
	Topic      string `json:"topic"`
	Seq        uint64 `json:"seq"`
	Cursor     string `json:"cursor"`
	Durability string `json:"durability"`
	Duplicate  bool   `json:"duplicate"`
}

// MarshalJSON writes the receipt as it stands on the wire.
func (r Receipt) MarshalJSON() ([]byte, error) {
	return json.Marshal(wireReceipt{
		ID: r.ID, Topic: r.Topic.String(), Seq: r.Seq, Cursor: r.Cursor, Durability: r.Durability, Duplicate: r.Duplicate,
	})
}

// UnmarshalJSON reads what MarshalJSON writes, and passes over what it does not
// know. The error of a bad topic is CodeInvalidTopic.
func (r *Receipt) UnmarshalJSON(data []byte) error {
	var w wireReceipt
	if err := json.Unmarshal(data, &w); err != nil {
		return Errorf(CodeInvalidArgument, "receipt is no JSON object of its form: %s", describeJSON(err))
	}
	topic, err := ParseTopic(w.Topic)
	if err != nil {
		return err
	}
	*r = Receipt{ID: w.ID, Topic: topic, Seq: w.Seq, Cursor: w.Cursor, Durability: w.Durability, Duplicate: w.Duplicate}
	return nil
}
