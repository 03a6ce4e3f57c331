package publisher

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"iter"

	"github.com/fanfare-hub/fanfare"
)

// shift makes an index within a batch one within the call.
func shift(err error, by int) error {
	if e, ok := errors.AsType[*fanfare.BatchError](err); ok {
		return &fanfare.BatchError{Index: e.Index + by, Err: e.Err}
	}
	return err
}

// batches yields the records in as few runs as the limits allow, in order.
func batches(records [][]byte) iter.Seq[[][]byte] {
	return func(yield func([][]byte) bool) {
		for len(records) > 0 {
			n := fits(records)
			if !yield(records[:n]) {
				return
			}
			records = records[n:]
		}
	}
}

// fits is how many of the records the next batch takes. No record is so large
// that it takes none.
func fits(records [][]byte) int {
	size := len("[]")
	for n, record := range records {
		size += len(record) + len(",")
		if n == fanfare.MaxBatchEvents || size > fanfare.MaxBatchBytes {
			return n
		}
	}
	return len(records)
}

func (p *Publisher) sendBatch(ctx context.Context, records [][]byte) ([]fanfare.Receipt, error) {
	var body bytes.Buffer
	body.WriteByte('[')
	body.Write(bytes.Join(records, []byte{','}))
	body.WriteByte(']')
	answer, err := p.send(ctx, message{mediaType: "application/cloudevents-batch+json", body: body.Bytes()})
	if err != nil {
		return nil, err
	}
	var receipts []fanfare.Receipt
	if err := json.Unmarshal(answer, &receipts); err != nil {
		return nil, unreadable(err)
	}
	if len(receipts) != len(records) {
		return nil, unreadable(fmt.Errorf("%d receipts for %d events", len(receipts), len(records)))
	}
	return receipts, nil
}
