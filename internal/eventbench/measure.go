package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"sync/atomic"
	"time"

	"github.com/fanfare-hub/fanfare"
	"github.com/fanfare-hub/fanfare/signalr/client"
)

// cost is the CPU time of one event with that many subscribers.
type cost struct {
	Subscribers int       `json:"subscribers"`
	Straight    []float64 `json:"straightUs"`
	Log         []float64 `json:"logUs"`
	Ratio       float64   `json:"ratio"`
	Goal        float64   `json:"goal"`
}

// result is what a run has found.
type result struct {
	Costs     []cost    `json:"costs"`
	Subscribe latencies `json:"subscribe"`
	Answer    latencies `json:"answer"`
}

// goals are the ratios that were asked for, by subscribers.
var goals = []cost{{Subscribers: 1, Goal: 4}, {Subscribers: 100, Goal: 1.3}} //nolint:gochecknoglobals // constants that Go cannot write as such

func measure(ctx context.Context, s settings) (result, error) {
	r := result{Costs: slices.Clone(goals)}
	for range s.rounds {
		for i := range r.Costs {
			c := &r.Costs[i]
			straight, err := perEvent(ctx, "straight", s.events, c.Subscribers)
			if err != nil {
				return r, err
			}
			log, err := perEvent(ctx, "log", s.events, c.Subscribers)
			if err != nil {
				return r, err
			}
			c.Straight, c.Log = append(c.Straight, straight), append(c.Log, log)
		}
	}
	for i := range r.Costs {
		r.Costs[i].Ratio = median(r.Costs[i].Log) / median(r.Costs[i].Straight)
	}
	var err error
	r.Subscribe, r.Answer, err = timeSubscriptions(ctx, s.subscribe)
	return r, err
}

// perEvent is the server's CPU time of one event, in microseconds.
func perEvent(ctx context.Context, kind string, events, subscribers int) (float64, error) {
	server, err := start(ctx, kind)
	if err != nil {
		return 0, err
	}
	defer server.stop()
	document := fanfare.NewID()
	all, got := make(chan struct{}), &atomic.Int64{}
	for range subscribers {
		c, err := follow(ctx, server.base, fanfare.DocumentTopic(document), func() {
			if got.Add(1) == int64(events*subscribers) {
				close(all)
			}
		})
		if err != nil {
			return 0, err
		}
		defer func() { _ = c.Stop(ctx) }() // nothing is asked of it any more
	}
	before, err := server.cpu()
	if err != nil {
		return 0, err
	}
	if err := publish(ctx, server.base, document, events); err != nil {
		return 0, err
	}
	select {
	case <-all:
	case <-ctx.Done():
		return 0, ctx.Err()
	case <-time.After(time.Minute):
		return 0, fmt.Errorf("%s: %d of %d events came", kind, got.Load(), events*subscribers)
	}
	after, err := server.cpu()
	return float64((after - before).Microseconds()) / float64(events), err
}

// follow has a client of its own subscribe to a topic.
func follow(ctx context.Context, base string, topic fanfare.Topic, each func()) (*client.Client, error) {
	c := client.New(base+"/aspire-realtime", nil)
	c.On("ReceiveEvent", func(json.RawMessage) { each() })
	if err := c.Start(ctx); err != nil {
		return nil, err
	}
	err := c.Invoke(ctx, nil, "Subscribe", topic.String(), map[string]string{"from": "now"})
	if err != nil {
		return nil, errors.Join(err, c.Stop(ctx))
	}
	return c, nil
}

func median(values []float64) float64 {
	sorted := slices.Sorted(slices.Values(values))
	return sorted[len(sorted)/2]
}

// print writes the tables of docs/performance.md.
func (r result) print(w io.Writer) {
	fmt.Fprintln(w, "| subscribers | goal | x straight | straight, µs | through the log, µs |")
	fmt.Fprintln(w, "|---|---|---|---|---|")
	for _, c := range r.Costs {
		fmt.Fprintf(w, "| %d | %.1f | %.2f | %s | %s |\n", c.Subscribers, c.Goal, c.Ratio, spread(c.Straight), spread(c.Log))
	}
	fmt.Fprintf(w, "\nSubscribe to its snapshot, 2,000 events/s beside: p50 %.2f ms, p99 %.2f ms; a bare answer: %.2f, %.2f\n",
		r.Subscribe.P50, r.Subscribe.P99, r.Answer.P50, r.Answer.P99)
}

func spread(values []float64) string {
	return fmt.Sprintf("%.0f (%.0f-%.0f)", median(values), slices.Min(values), slices.Max(values))
}
