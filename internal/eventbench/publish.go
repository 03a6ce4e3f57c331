package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"sync"
	"sync/atomic"

	"github.com/fanfare-hub/fanfare"
)

// publishers is how many connections publish at once.
const publishers = 8

// progress is one event of a document.
func progress(document string, percentage int) fanfare.Event {
	return fanfare.Event{
		ID: fanfare.NewID(), Type: fanfare.ProcessingProgress, Service: "eventbench", Subject: fanfare.DocumentTopic(document),
		Payload: fanfare.DocumentPayload{DocumentID: document, Status: fanfare.StatusProcessing, Percentage: percentage, ServiceInstance: "eventbench-1"},
	}
}

// publish sends n events to one document, one a request, and returns the first
// error.
func publish(ctx context.Context, base, document string, n int) error {
	web := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: publishers}}
	defer web.CloseIdleConnections()
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	var left atomic.Int64
	left.Store(int64(n))
	var working sync.WaitGroup
	for range publishers {
		working.Go(func() {
			for left.Add(-1) >= 0 {
				if err := post(ctx, web, base, "application/cloudevents+json", progress(document, 40)); err != nil {
					cancel(err)
					return
				}
			}
		})
	}
	working.Wait()
	return context.Cause(ctx)
}

// post publishes events in one request: one of them, or a batch.
func post(ctx context.Context, web *http.Client, base, mediaType string, events ...fanfare.Event) error {
	body, err := encode(events)
	if err != nil {
		return err
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, base+"/api/events", bytes.NewReader(body))
	if err != nil {
		return err
	}
	request.Header.Set("Content-Type", mediaType)
	response, err := web.Do(request)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	answer, err := io.ReadAll(response.Body)
	if err == nil && response.StatusCode != http.StatusAccepted {
		err = fmt.Errorf("publish: %s: %s", response.Status, answer)
	}
	return err
}

func encode(events []fanfare.Event) ([]byte, error) {
	if len(events) == 1 {
		return fanfare.EncodeCloudEvent(events[0])
	}
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
	return append(body, ']'), nil
}
