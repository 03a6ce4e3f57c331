package publisher_test

import (
	"context"
	"fmt"
	"net/http/httptest"

	"github.com/fanfare-hub/fanfare"
	"github.com/fanfare-hub/fanfare/publisher"
	"github.com/fanfare-hub/fanfare/publisher/publishertest"
)

// A service tells where a document stands.
func Example() {
	hub := &publishertest.Hub{} // in production: fanfare serve
	server := httptest.NewServer(hub)
	defer server.Close()

	p, err := publisher.New(publisher.Options{URL: server.URL, Service: "ocr", ServiceVersion: "1.4.0"})
	if err != nil {
		fmt.Println(err)
		return
	}
	ctx := context.Background()
	err = p.BroadcastProcessingUpdate(ctx, "6f9619ff-8b86-d011-b42d-00cf4fc964ff", fanfare.StatusProcessing, 40)
	fmt.Println(err)
	err = p.BroadcastComplianceAlert(ctx, "GDPR", "3 matches of email", 7, "")
	fmt.Println(err)

	for _, e := range hub.Events() {
		fmt.Println(e.Type, "by", e.Service)
	}
	// Output:
	// <nil>
	// <nil>
	// ProcessingProgress by ocr
	// ComplianceAlert by ocr
}

// A document from start to end: the percentage never falls.
func ExamplePublisher_Document() {
	hub := &publishertest.Hub{}
	server := httptest.NewServer(hub)
	defer server.Close()
	p, err := publisher.New(publisher.Options{URL: server.URL, Service: "ocr"})
	if err != nil {
		fmt.Println(err)
		return
	}

	ctx := context.Background()
	document, err := p.Document("6f9619ff-8b86-d011-b42d-00cf4fc964ff")
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, err := range []error{
		document.Started(ctx),
		document.Processing(ctx, 50, "page 1 of 2"),
		document.Failed(ctx, "damaged", "page 2 cannot be read"),
	} {
		if err != nil {
			fmt.Println(err)
		}
	}
	for _, e := range hub.Events() {
		payload, _ := e.Payload.(fanfare.DocumentPayload)
		fmt.Println(e.Type, payload.Status, payload.Percentage)
	}
	// Output:
	// ProcessingStarted started 0
	// ProcessingProgress processing 50
	// ProcessingFailed failed 50
}

// Many events go in batches.
func ExamplePublisher_PublishAll() {
	hub := &publishertest.Hub{}
	server := httptest.NewServer(hub)
	defer server.Close()
	p, err := publisher.New(publisher.Options{URL: server.URL, Service: "ocr"})
	if err != nil {
		fmt.Println(err)
		return
	}

	receipts, err := p.PublishAll(context.Background(), []fanfare.Event{
		{Type: fanfare.ServiceScaled, Payload: fanfare.ScaledPayload{OldCount: 1, NewCount: 3, Reason: "queue"}},
		{Type: fanfare.HealthStatusChanged, Payload: fanfare.HealthPayload{Status: fanfare.HealthHealthy}},
	})
	for _, r := range receipts {
		fmt.Println(r.Topic, r.Seq)
	}
	fmt.Println(err)
	// Output:
	// service:ocr 1
	// service:ocr 2
	// <nil>
}
