package e2e

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"testing"

	"github.com/fanfare-hub/fanfare"
)

// stored is what the server answers for an event that it keeps.
type stored struct {
	ID        string
	Topic     string
	Seq       uint64
	Cursor    string
	Duplicate bool
}

// step is the nth event of a document that another service works on.
func step(document string, n int, status fanfare.Status, percentage int) fanfare.Event {
	kind := fanfare.ProcessingProgress
	if status == fanfare.StatusCompleted {
		kind = fanfare.ProcessingCompleted
	}
	return fanfare.Event{
		ID: fmt.Sprintf("%s/%d", document, n), Type: kind, Service: "elsewhere", Subject: fanfare.DocumentTopic(document),
		Payload: fanfare.DocumentPayload{DocumentID: document, Status: status, Percentage: percentage, ServiceInstance: "elsewhere-1"},
	}
}

// batchRequest is a request that publishes events together.
func batchRequest(base string, events []fanfare.Event) (*http.Request, error) {
	body := []byte{'['}
	for i, e := range events {
		data, err := fanfare.EncodeCloudEvent(e)
		if err != nil {
			return nil, err
		}
		if i > 0 {
			body = append(body, ',')
		}
		body = append(body, data...)
	}
	request, err := http.NewRequest(http.MethodPost, base+"/api/events", bytes.NewReader(append(body, ']')))
	if err != nil {
		return nil, err
	}
	request.Header.Set("Content-Type", "application/cloudevents-batch+json")
	return request, nil
}

// publish stores events, which must be accepted.
func publish(t *testing.T, base string, events ...fanfare.Event) []stored {
	t.Helper()
	request, err := batchRequest(base, events)
	if err != nil {
		t.Fatal(err)
	}
	status, _, answer := send(t, request.WithContext(t.Context()))
	if status != http.StatusAccepted {
		t.Fatalf("publish: %d %s", status, answer)
	}
	var receipts []stored
	if err := json.Unmarshal(answer, &receipts); err != nil || len(receipts) != len(events) {
		t.Fatalf("publish: %d receipts, %v: %s", len(receipts), err, answer)
	}
	return receipts
}
