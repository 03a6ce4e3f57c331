package hub_test

import (
	"context"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/fanfare-hub/fanfare"
	"github.com/fanfare-hub/fanfare/signalr/client"
	"github.com/fanfare-hub/fanfare/signalr/hubproto"
)

// receipt is the answer of Subscribe.
type receipt struct {
	Topic   string `json:"topic" msgpack:"topic"`
	Cursor  string `json:"cursor" msgpack:"cursor"`
	Resumed bool   `json:"resumed" msgpack:"resumed"`
}

// follower is a client that gets envelopes.
func (b *bundle) follower(t *testing.T) (*client.Client, chan fanfare.Envelope) {
	t.Helper()
	c, envelopes := client.New(b.url, nil), make(chan fanfare.Envelope, 1024)
	c.On("ReceiveEvent", func(data json.RawMessage) {
		e, err := fanfare.DecodeEnvelope(data)
		if err != nil {
			t.Error(err)
		}
		envelopes <- e
	})
	c.On("ReceiveProcessingUpdate", func(_, status string, _ int) { t.Error("an update by callback:", status) })
	if err := c.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Stop(context.Background()) })
	next(t, b.emitted)
	return c, envelopes
}

func follow(t *testing.T, c *client.Client, arguments ...any) (r receipt) {
	t.Helper()
	if err := c.Invoke(t.Context(), &r, "Subscribe", arguments...); err != nil {
		t.Fatal(err)
	}
	return r
}

// want checks the next envelope against what the chain and the test expect.
func want(t *testing.T, chain *fanfare.Chain, envelopes <-chan fanfare.Envelope, stored fanfare.Receipt) fanfare.Envelope {
	t.Helper()
	e := next(t, envelopes)
	if err := chain.Follow(e); err != nil {
		t.Error(err)
	}
	if e.Event.ID != stored.ID || e.Seq != stored.Seq || e.Cursor != stored.Cursor || e.Topic != stored.Topic || e.Gap != nil {
		t.Errorf("got %+v, want the event of %+v", e, stored)
	}
	return e
}

// TestSubscribe follows a topic from its state, leaves, and comes back with a
// cursor on another connection.
func TestSubscribe(t *testing.T) {
	t.Parallel()
	b := setup(t, "")
	topic := fanfare.DocumentTopic(guid)
	c, envelopes := b.follower(t)
	empty := follow(t, c, topic.String(), nil)
	if empty.Topic != topic.String() || empty.Resumed || empty.Cursor == "" {
		t.Errorf("on a topic without events: %+v", empty)
	}
	emit := func(status fanfare.Status, percentage int) fanfare.Receipt {
		return b.emit(t, fanfare.Event{Type: fanfare.ProcessingProgress, Payload: progress(status, percentage, 1)}, topic)
	}
	var chain fanfare.Chain
	want(t, &chain, envelopes, emit(fanfare.StatusProcessing, 10))
	last := want(t, &chain, envelopes, emit(fanfare.StatusProcessing, 20))
	if err := c.Stop(t.Context()); err != nil {
		t.Fatal(err)
	}
	missed := []fanfare.Receipt{emit(fanfare.StatusProcessing, 30), emit(fanfare.StatusCompleted, 100)}
	next(t, b.emitted)
	c, envelopes = b.follower(t)
	if r := follow(t, c, topic.String(), map[string]string{"cursor": last.Cursor}); !r.Resumed || r.Cursor != last.Cursor {
		t.Errorf("resumed: %+v", r)
	}
	for _, stored := range missed {
		want(t, &chain, envelopes, stored)
	}
	// The receipt of the first subscription stands before everything.
	var again fanfare.Chain
	if r := follow(t, c, topic.String(), map[string]string{"cursor": empty.Cursor}); !r.Resumed {
		t.Errorf("from before any event: %+v", r)
	}
	for _, percentage := range []int{10, 20, 30, 100} {
		e := next(t, envelopes)
		if err := again.Follow(e); err != nil {
			t.Error(err)
		}
		if p, ok := e.Event.Payload.(fanfare.DocumentPayload); !ok || p.Percentage != percentage {
			t.Errorf("got %+v, want %d per cent", e.Event.Payload, percentage)
		}
	}
}

// TestSubscriptionsReplaceEachOther: a connection has a topic in one form.
func TestSubscriptionsReplaceEachOther(t *testing.T) {
	t.Parallel()
	b := setup(t, "")
	topic := fanfare.DocumentTopic(guid)
	c, calls := b.connect(t)
	envelopes := make(chan string, 64)
	c.On("ReceiveEvent", func(e struct{ ID string }) { envelopes <- e.ID })
	subscribe(t, c, guid)
	follow(t, c, topic.String(), map[string]string{"from": "now"})
	first := b.emit(t, fanfare.Event{Type: fanfare.ProcessingProgress, Payload: progress(fanfare.StatusProcessing, 10, 1)}, topic)
	if got := next(t, envelopes); got != first.ID {
		t.Errorf("got the envelope %s, want %s", got, first.ID)
	}
	subscribe(t, c, guid) // its state, then all that follows, by callback again
	b.emitProgress(t, progress(fanfare.StatusProcessing, 20, 1))
	for got := next(t, calls); got.args[2] != 20; got = next(t, calls) {
		if got.args[2] != 10 {
			t.Errorf("got %v", got)
		}
	}
	if len(calls) != 0 || len(envelopes) != 0 {
		t.Errorf("%d calls and %d envelopes too many", len(calls), len(envelopes))
	}
	if err := c.Invoke(t.Context(), nil, "Unsubscribe", topic.String()); err != nil {
		t.Error("leaving in the other form:", err)
	}
}

// TestStreamTopic streams what a subscription would send, beside one.
func TestStreamTopic(t *testing.T) {
	t.Parallel()
	b := setup(t, "")
	topic := fanfare.ServiceTopic("scaler")
	c, _ := b.connect(t)
	var stored []fanfare.Receipt
	emit := func(n int) {
		stored = append(stored, b.emit(t, fanfare.Event{
			Type: fanfare.ServiceScaled, Service: "scaler", Payload: fanfare.ScaledPayload{Message: "scaled", OldCount: n, NewCount: n + 1},
		}, topic))
	}
	emit(1)
	emit(2)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	var chain fanfare.Chain
	received := 0
	for data, err := range client.Stream[json.RawMessage](ctx, c, "StreamTopic", topic.String(), map[string]string{"from": "start"}) {
		if err != nil {
			t.Fatal(err)
		}
		e, err := fanfare.DecodeEnvelope(data)
		if err != nil {
			t.Fatal(err)
		}
		if err := chain.Follow(e); err != nil {
			t.Error(err)
		}
		if e.Event.ID != stored[received].ID {
			t.Errorf("got %s, want %s", e.Event.ID, stored[received].ID)
		}
		if received++; received == 5 {
			break
		}
		if received >= 2 {
			emit(received + 1) // while it is being read
		}
	}
	if received != 5 {
		t.Errorf("the stream ended after %d", received)
	}
}

// TestStreamsAreLimited: one stream too many is refused, and another one may
// begin once one has ended.
func TestStreamsAreLimited(t *testing.T) {
	t.Parallel()
	b := setup(t, "")
	c, _ := b.connect(t)
	b.emit(t, fanfare.Event{Type: fanfare.ServiceScaled, Service: "a", Payload: fanfare.ScaledPayload{Message: "scaled"}}, fanfare.ServiceTopic("a"))
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	begun, ended := make(chan error), make(chan struct{}, 64)
	begin := func(ctx context.Context) {
		defer func() { ended <- struct{}{} }()
		for _, err := range client.Stream[json.RawMessage](ctx, c, "StreamTopic", "service:a", map[string]string{"from": "start"}) {
			if ctx.Err() != nil {
				return
			}
			begun <- err
		}
	}
	for range 32 {
		go begin(ctx)
		if err := next(t, begun); err != nil {
			t.Fatal(err)
		}
	}
	go begin(ctx)
	if err := next(t, begun); err == nil || !strings.Contains(err.Error(), "invalid_argument: a connection may stream 32 topics") {
		t.Errorf("the 33rd: %v", err)
	}
	cancel()
	for range 33 {
		next(t, ended)
	}
	again, stop := context.WithCancel(t.Context())
	defer stop()
	for { // the server hears of the end a little later
		go begin(again)
		if err := next(t, begun); err == nil {
			return
		}
		next(t, ended)
	}
}

// TestEnvelopeInMessagePack: whole numbers arrive as integers, times as strings.
func TestEnvelopeInMessagePack(t *testing.T) {
	t.Parallel()
	b := setup(t, "")
	c, envelopes := client.New(b.url, &client.Options{Protocol: hubproto.NewMessagePack(nil)}), make(chan map[string]any, 8)
	c.On("ReceiveEvent", func(e map[string]any) { envelopes <- e })
	if err := c.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	defer c.Stop(context.Background())
	topic := fanfare.ServiceTopic("a")
	if r := follow(t, c, topic.String(), map[string]string{"from": "now"}); r.Topic != topic.String() {
		t.Errorf("the receipt is %+v", r)
	}
	stored := b.emit(t, fanfare.Event{Type: fanfare.HealthStatusChanged, Service: "a", Payload: fanfare.HealthPayload{
		Status: fanfare.HealthWarning, Metrics: fanfare.HealthMetrics{CPUUsage: 80.5, ThreadCount: 7, Timestamp: time.Unix(0, 0).UTC()},
	}}, topic)
	e := next(t, envelopes)
	data, _ := e["data"].(map[string]any)
	metrics, _ := data["metrics"].(map[string]any)
	if got, ok := whole(e["seq"]); !ok || got != stored.Seq {
		t.Errorf("seq is %T %v, want the integer %d", e["seq"], e["seq"], stored.Seq)
	}
	if got, ok := whole(metrics["thread_count"]); !ok || got != 7 {
		t.Errorf("thread_count is %T %v, want the integer 7", metrics["thread_count"], metrics["thread_count"])
	}
	if metrics["cpu_usage"] != 80.5 || metrics["timestamp"] != "1970-01-01T00:00:00Z" || e["topic"] != topic.String() {
		t.Errorf("got %v", e)
	}
}

func whole(value any) (uint64, bool) {
	switch v := value.(type) {
	case int64:
		return uint64(v), v >= 0
	case uint64:
		return v, true
	}
	return 0, false
}
