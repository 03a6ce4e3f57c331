package fanfare

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"strconv"
)

// The limits of a batch: what is stored together, and stands in memory at once.
const (
	MaxBatchEvents = 500
	MaxBatchBytes  = 4 << 20 // of its JSON
)

// BatchError is an error that is about one event of a batch.
type BatchError struct {
	Index int // of the event, from 0
	Err   error
}

// Error names the event by its index.
func (e *BatchError) Error() string { return "event " + strconv.Itoa(e.Index) + ": " + e.Err.Error() }

// Unwrap returns the event's own error.
func (e *BatchError) Unwrap() error { return e.Err }

// DecodeCloudEvents reads a CloudEvents 1.0 JSON batch, an array of what
// [DecodeCloudEvent] reads; an empty one is a batch too. The error is a
// [*BatchError] where one event is bad, CodeTooLarge for a batch of more than
// [MaxBatchEvents], and CodeInvalidArgument for what is no array.
func DecodeCloudEvents(data []byte) ([]Event, error) {
	d := json.NewDecoder(bytes.NewReader(data))
	if start, err := d.Token(); err != nil || start != json.Delim('[') {
		return nil, Errorf(CodeInvalidArgument, "batch is no JSON array: want one of events, as in [{\"specversion\":\"1.0\", …}]")
	}
	var events []Event
	for d.More() {
		if len(events) == MaxBatchEvents {
			return nil, Errorf(CodeTooLarge, "the batch has more than %d events: send it in parts", MaxBatchEvents)
		}
		e, err := nextOfBatch(d)
		if err != nil {
			return nil, &BatchError{Index: len(events), Err: err}
		}
		events = append(events, e)
	}
	if err := endOfBatch(d); err != nil {
		return nil, Errorf(CodeInvalidArgument, "batch is no JSON array: %s", err)
	}
	return events, nil
}

func nextOfBatch(d *json.Decoder) (Event, error) {
	var raw json.RawMessage
	if err := d.Decode(&raw); err != nil {
		return Event{}, Errorf(CodeInvalidArgument, "event is no JSON object: %s", describeJSON(err))
	}
	return DecodeCloudEvent(raw)
}

// endOfBatch takes the closing bracket, behind which nothing may come.
func endOfBatch(d *json.Decoder) error {
	if _, err := d.Token(); err != nil {
		return err
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return errors.New("something comes behind it")
	}
	return nil
}
