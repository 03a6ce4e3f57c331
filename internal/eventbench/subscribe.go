package main

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"time"

	"github.com/fanfare-hub/fanfare"
	"github.com/fanfare-hub/fanfare/signalr/client"
)

// latencies are of calls, in milliseconds.
type latencies struct {
	P50 float64 `json:"p50Ms"`
	P99 float64 `json:"p99Ms"`
}

// The load beside the subscriptions.
const (
	busyTopics = 100
	busyBatch  = 20
	busyEvery  = 10 * time.Millisecond // 2,000 events a second
)

// timeSubscriptions times n subscriptions to busy documents, and n calls that
// need no log.
func timeSubscriptions(ctx context.Context, n int) (subscribe, answer latencies, err error) {
	server, err := start(ctx, "log")
	if err != nil {
		return latencies{}, latencies{}, err
	}
	defer server.stop()
	documents := make([]string, busyTopics)
	for i := range documents {
		documents[i] = fanfare.NewID()
	}
	loading, stop := context.WithCancel(ctx)
	loaded := make(chan error, 1)
	go func() { loaded <- load(loading, server.base, documents) }()
	defer func() {
		stop()
		if failed := <-loaded; err == nil {
			err = failed
		}
	}()
	return timeCalls(ctx, server.base, documents, n)
}

func timeCalls(ctx context.Context, base string, documents []string, n int) (subscribe, answer latencies, err error) {
	snapshots := make(chan struct{}, 1)
	c := client.New(base+"/aspire-realtime", nil)
	c.On("ReceiveEvent", func(data json.RawMessage) {
		var e struct {
			Snapshot bool `json:"snapshot"`
		}
		if json.Unmarshal(data, &e) == nil && e.Snapshot {
			snapshots <- struct{}{}
		}
	})
	if err := c.Start(ctx); err != nil {
		return subscribe, answer, err
	}
	defer func() { _ = c.Stop(ctx) }() // nothing is asked of it any more
	var subscribed, answered []time.Duration
	for i := range n {
		topic := fanfare.DocumentTopic(documents[i%len(documents)]).String()
		began := time.Now()
		if err := c.Invoke(ctx, nil, "Subscribe", topic, nil); err != nil {
			return subscribe, answer, err
		}
		select {
		case <-snapshots:
		case <-time.After(10 * time.Second):
			return subscribe, answer, fmt.Errorf("no snapshot of %s", topic)
		}
		subscribed = append(subscribed, time.Since(began))
		began = time.Now()
		if err := c.Invoke(ctx, nil, "Unsubscribe", topic); err != nil {
			return subscribe, answer, err
		}
		answered = append(answered, time.Since(began))
	}
	return quantiles(subscribed), quantiles(answered), nil
}

// load publishes to the documents in turn until ctx ends.
func load(ctx context.Context, base string, documents []string) error {
	web := &http.Client{}
	defer web.CloseIdleConnections()
	tick := time.NewTicker(busyEvery)
	defer tick.Stop()
	for n := 0; ; n += busyBatch {
		events := make([]fanfare.Event, busyBatch)
		for i := range events {
			events[i] = progress(documents[(n+i)%len(documents)], 40)
		}
		err := post(ctx, web, base, "application/cloudevents-batch+json", events...)
		if ctx.Err() != nil {
			return nil
		}
		if err != nil {
			return err
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return nil
		}
	}
}

func quantiles(times []time.Duration) latencies {
	slices.Sort(times)
	at := func(q float64) float64 { return times[int(q*float64(len(times)-1))].Seconds() * 1000 }
	return latencies{P50: at(0.5), P99: at(0.99)}
}
