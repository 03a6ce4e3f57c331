package e2e

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/fanfare-hub/fanfare"
	"github.com/fanfare-hub/fanfare/signalr/client"
)

// goFollower follows one topic by the Go client, through restarts of the
// server.
type goFollower struct {
	t      *testing.T
	topic  fanfare.Topic
	client *client.Client

	mu       sync.Mutex
	account  *account      // guarded by mu
	terminal chan struct{} // closed with the terminal state
}

func followWithGo(t *testing.T, base string, topic fanfare.Topic) *goFollower {
	t.Helper()
	f := &goFollower{t: t, topic: topic, account: newAccount(t), terminal: make(chan struct{})}
	f.client = client.New(base+"/aspire-realtime", &client.Options{
		Reconnect:     client.ReconnectAfter(delays(1000, 50*time.Millisecond)...),
		OnReconnected: func(string) { f.subscribe() },
	})
	f.client.On("ReceiveEvent", f.take)
	if err := f.client.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { f.client.Stop(context.Background()) })
	f.subscribe()
	return f
}

func delays(n int, each time.Duration) []time.Duration {
	all := make([]time.Duration, n)
	for i := range all {
		all[i] = each
	}
	return all
}

// subscribe goes on behind the last envelope. A server that dies meanwhile is
// asked again after the next reconnect.
func (f *goFollower) subscribe() {
	options := map[string]string{"from": "start"}
	f.mu.Lock()
	if cursor := f.account.chain.Cursor(); cursor != "" {
		options = map[string]string{"cursor": cursor}
	}
	f.mu.Unlock()
	var receipt struct {
		Topic, Cursor string
		Resumed       bool
	}
	err := f.client.Invoke(f.t.Context(), &receipt, "Subscribe", f.topic.String(), options)
	if err != nil {
		f.t.Logf("subscribe to %s: %v", f.topic, err)
		return
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if receipt.Resumed {
		f.account.resumed++
	}
}

func (f *goFollower) take(data json.RawMessage) {
	e, err := fanfare.DecodeEnvelope(data)
	if err != nil {
		f.t.Error(err)
		return
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if err := f.account.chain.Follow(e); err != nil {
		f.t.Error(err)
	}
	f.account.seen[e.Event.ID]++
	f.account.covered += e.Covers
	if e.Gap != nil {
		f.t.Errorf("%s: a gap after %d", f.topic, e.Gap.After)
	}
	if e.Event.Terminal() {
		close(f.terminal)
	}
}

// steadyPublisher publishes one document's progress, batch by batch, and sends
// a batch again until it is acknowledged.
type steadyPublisher struct {
	base     string
	document string
	acked    *atomic.Int64
	receipts []stored
}

const perBatch = 50

// run publishes until enough says so, then the terminal state.
func (p *steadyPublisher) run(ctx context.Context, enough func() bool) error {
	for !enough() {
		if err := p.batch(ctx, perBatch, fanfare.StatusProcessing, 40); err != nil {
			return err
		}
	}
	return p.batch(ctx, 1, fanfare.StatusCompleted, 100)
}

func (p *steadyPublisher) batch(ctx context.Context, size int, status fanfare.Status, percentage int) error {
	events := make([]fanfare.Event, size)
	for i := range events {
		events[i] = step(p.document, len(p.receipts)+i+1, status, percentage)
	}
	for {
		receipts, err := p.try(ctx, events)
		if err == nil {
			p.receipts = append(p.receipts, receipts...)
			p.acked.Add(int64(len(receipts)))
			return nil
		}
		if ctx.Err() != nil {
			return fmt.Errorf("not acknowledged in time: %w", err)
		}
	}
}

func (p *steadyPublisher) try(ctx context.Context, events []fanfare.Event) (receipts []stored, err error) {
	request, err := batchRequest(p.base, events)
	if err != nil {
		return nil, err
	}
	response, err := http.DefaultClient.Do(request.WithContext(ctx))
	if err != nil {
		return nil, err
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusAccepted {
		return nil, fmt.Errorf("status %d", response.StatusCode)
	}
	err = json.NewDecoder(response.Body).Decode(&receipts)
	return receipts, err
}

// TestKill9UnderEvents kills the server while events pour in, starts it again,
// and has clients resume by cursor: nothing that was acknowledged is lost, and
// nothing comes twice.
func TestKill9UnderEvents(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("SKIPPED with -short: builds the binary and kills it under load")
	}
	const documents, killAt, stopAt = 8, 15_000, 30_000
	binary, data, address := build(t), t.TempDir(), freeAddress(t)
	first := serveOn(t, binary, data, address, "--event-rate", "0")
	publishers, followers := make([]*steadyPublisher, documents), make([]*goFollower, documents)
	acked := &atomic.Int64{}
	for i := range documents {
		document := fanfare.DeriveID(t.Name(), strconv.Itoa(i))
		publishers[i] = &steadyPublisher{base: first.base, document: document, acked: acked}
		followers[i] = followWithGo(t, first.base, fanfare.DocumentTopic(document))
	}
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	errs, began := make(chan error, documents), time.Now()
	for _, p := range publishers {
		go func() { errs <- p.run(ctx, func() bool { return acked.Load() >= stopAt }) }()
	}
	await(t, "half of the events are stored", func() bool { return acked.Load() >= killAt })
	t.Logf("killed after %d events, %.0f a second", acked.Load(), float64(acked.Load())/time.Since(began).Seconds())
	first.kill()
	serveOn(t, binary, data, address, "--event-rate", "0")
	for range publishers {
		if err := <-errs; err != nil {
			t.Error(err)
		}
	}
	for i, f := range followers {
		if _, ok := within(t, f.terminal); ok {
			t.Fatal("unreachable")
		}
		f.settle(publishers[i].receipts)
	}
}

// settle holds what came against what was acknowledged.
func (f *goFollower) settle(receipts []stored) {
	f.t.Helper()
	f.mu.Lock()
	defer f.mu.Unlock()
	f.account.t = f.t
	f.account.settle(receipts)
	if f.account.resumed == 0 {
		f.t.Errorf("%s was not resumed: the test shows nothing", f.topic)
	}
}
