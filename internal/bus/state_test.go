package bus_test

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"reflect"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/fanfare-hub/fanfare"
	"github.com/fanfare-hub/fanfare/internal/bus"
)

// snapshot asks until the newest event of the topic's state has that seq.
func snapshot(t *testing.T, b *bus.Bus, topic fanfare.Topic, seq uint64) (state []fanfare.Stored) {
	t.Helper()
	eventually(t, fmt.Sprintf("state of %s at seq %d", topic, seq), func() bool {
		got, mark, err := b.Snapshot(t.Context(), topic)
		if err != nil {
			t.Fatal(err)
		}
		state = got
		return len(got) > 0 && got[len(got)-1].Seq == seq && mark > 0
	})
	return state
}

func report(service string, n int, kind fanfare.Type) fanfare.Event {
	event := fanfare.Event{
		ID: fmt.Sprintf("%s/%d", service, n), Type: kind, Time: time.Unix(int64(n), 0).UTC(), Service: service, Priority: 5,
		Payload: fanfare.ScaledPayload{Message: "more", OldCount: n, NewCount: n + 1, Reason: "load <&>"},
	}
	if kind == fanfare.HealthStatusChanged {
		event.Payload = fanfare.HealthPayload{Status: fanfare.HealthHealthy, Metrics: fanfare.HealthMetrics{Timestamp: time.Unix(int64(n), 0).UTC()}}
	}
	return event
}

func TestSnapshotOfADocument(t *testing.T) {
	t.Parallel()
	opts := bus.Options{Dir: t.TempDir(), Partitions: 1}
	b := newBus(t, opts)
	topic := fanfare.DocumentTopic(doc)
	if state, _, err := b.Snapshot(t.Context(), topic); len(state) != 0 || err != nil {
		t.Errorf("of a topic without events: %v, %v", state, err)
	}
	appendEvent(t, b, progress(doc, 1), topic)
	appendEvent(t, b, progress(numbered(1).ID, 1), numbered(1))
	event := progress(doc, 2)
	last := appendEvent(t, b, event, topic)
	check := func(state []fanfare.Stored) {
		t.Helper()
		record, err := fanfare.EncodeCloudEvent(event)
		if err != nil || len(state) != 1 || !reflect.DeepEqual(state[0].Event, event) || state[0].Topic != topic || string(state[0].Record) != string(record) {
			t.Errorf("state %+v", state)
		}
	}
	check(snapshot(t, b, topic, last.Seq))
	stop(t, b)
	b = newBus(t, opts)
	check(snapshot(t, b, topic, last.Seq))
	_, _, err := b.Snapshot(t.Context(), fanfare.Topic{})
	wantCode(t, err, fanfare.CodeInvalidTopic)
}

func TestSnapshotOfAService(t *testing.T) {
	t.Parallel()
	opts := bus.Options{Dir: t.TempDir()}
	b := newBus(t, opts)
	topic := fanfare.ServiceTopic("billing")
	want := func(b *bus.Bus, events ...fanfare.Event) {
		t.Helper()
		_, end, err := b.End(t.Context(), topic)
		if err != nil {
			t.Fatal(err)
		}
		var got []fanfare.Event
		for _, s := range snapshot(t, b, topic, end) {
			got = append(got, s.Event)
		}
		if !reflect.DeepEqual(got, events) {
			t.Errorf("state\n%+v\nwant\n%+v", got, events)
		}
	}
	health, scaled := report("billing", 1, fanfare.HealthStatusChanged), report("billing", 2, fanfare.ServiceScaled)
	appendEvent(t, b, health, topic)
	want(b, health)
	appendEvent(t, b, scaled, topic)
	want(b, health, scaled)
	stop(t, b)

	b = newBus(t, opts)
	appendEvent(t, b, progress(doc, 1), topic) // tells no state of the service
	newer := report("billing", 3, fanfare.HealthStatusChanged)
	appendEvent(t, b, newer, topic)
	want(b, scaled, newer)
}

// TestStateOutlivesTheLog has the log eaten by its limit.
func TestStateOutlivesTheLog(t *testing.T) {
	t.Parallel()
	opts := bus.Options{Dir: t.TempDir(), Partitions: 1, Retention: bus.Retention{MaxBytes: 1 << 20}}
	b := newBus(t, opts)
	topic := numbered(1)
	last := appendEvent(t, b, progress(topic.ID, 1), topic)
	snapshot(t, b, topic, last.Seq)
	var other fanfare.Receipt
	for n := range 20 {
		other = appendEvent(t, b, large(doc, n, 150), fanfare.DocumentTopic(doc))
	}
	if events, _, err := b.Read(t.Context(), topic, 0, 1); len(events) != 0 || err != nil {
		t.Fatalf("the log still has %v (%v)", events, err)
	}
	snapshot(t, b, fanfare.DocumentTopic(doc), other.Seq)
	snapshot(t, b, topic, last.Seq)
	stop(t, b)
	b = newBus(t, opts)
	snapshot(t, b, topic, last.Seq)
	if stats := b.Stats(); stats.StateSkipped != 0 || stats.StateFailures != 0 {
		t.Errorf("%+v", stats)
	}
}

// oracle knows the last event that was acknowledged of each topic.
type oracle struct {
	mu   sync.Mutex
	last map[fanfare.Topic]uint64
}

func (o *oracle) acknowledged(topic fanfare.Topic, seq uint64) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.last[topic] = max(o.last[topic], seq)
}

// publish appends random events of few topics until it has n or is refused.
func (o *oracle) publish(ctx context.Context, b *bus.Bus, seed uint64, n int) {
	random := rand.New(rand.NewPCG(seed, 2))
	for i := range n {
		topic := numbered(random.IntN(40))
		event := progress(topic.ID, i)
		event.ID = fmt.Sprintf("%d/%d", seed, i)
		if random.IntN(20) == 0 {
			event.Type = fanfare.ProcessingCompleted
			event.Payload = fanfare.DocumentPayload{DocumentID: topic.ID, Status: fanfare.StatusCompleted, Percentage: 100, ServiceInstance: "i"}
		}
		receipt, err := b.Append(ctx, event, topic)
		if err != nil {
			return
		}
		o.acknowledged(topic, receipt.Seq)
	}
}

func (o *oracle) check(t *testing.T, b *bus.Bus) {
	t.Helper()
	for topic, seq := range o.last {
		last, _, err := b.End(t.Context(), topic)
		if err != nil || last < seq {
			t.Errorf("%s ends with %d (%v), acknowledged was %d", topic, last, err, seq)
		}
		snapshot(t, b, topic, last)
	}
}

// TestStateAgainstAnOracle stops and starts under random events. Whoever asks
// meanwhile never finds a mark above an event that is not in the state.
func TestStateAgainstAnOracle(t *testing.T) {
	t.Parallel()
	opts := bus.Options{Dir: t.TempDir(), Partitions: 2}
	known := &oracle{last: make(map[fanfare.Topic]uint64)}
	const rounds, publishers = 3, 4
	for round := range rounds {
		b := newBus(t, opts)
		end := background(t, func(ctx context.Context) error {
			for n := 0; ctx.Err() == nil; n++ {
				if err := markIsTrue(ctx, b, numbered(n%40)); err != nil && ctx.Err() == nil {
					return err
				}
			}
			return nil
		})
		var wg sync.WaitGroup
		for p := range publishers {
			wg.Go(func() { known.publish(t.Context(), b, uint64(round*publishers+p), 400) })
		}
		wg.Wait()
		end()
		if round == rounds-1 {
			known.check(t, b)
		}
		stop(t, b)
	}
}

func markIsTrue(ctx context.Context, b *bus.Bus, topic fanfare.Topic) error {
	state, mark, err := b.Snapshot(ctx, topic)
	if err != nil {
		return err
	}
	seq := uint64(0)
	if len(state) > 0 {
		seq = state[0].Seq
	}
	events, _, err := b.Read(ctx, topic, seq+1, 1)
	if err != nil {
		return err
	}
	if len(events) > 0 && events[0].Seq <= mark {
		return fmt.Errorf("the state of %s is of seq %d, the mark %d, and there is an event %d", topic, seq, mark, events[0].Seq)
	}
	return nil
}

const crashDir = "FANFARE_TEST_CRASH_DIR"

// TestStateCrashChild is the process that TestStateOutlivesKill kills.
func TestStateCrashChild(t *testing.T) {
	t.Parallel()
	dir := os.Getenv(crashDir)
	if dir == "" {
		t.Skip("runs as a child only")
	}
	b := bus.New(bus.Options{Dir: dir, Partitions: 2})
	if err := b.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	for n := 0; ; n++ {
		topic := numbered(n % 40)
		receipt, err := b.Append(t.Context(), progress(topic.ID, n), topic)
		if err != nil {
			t.Fatal(err)
		}
		line, err := json.Marshal(receipt)
		if err != nil {
			t.Fatal(err)
		}
		fmt.Printf("\nreceipt %s\n", line)
	}
}

func TestStateOutlivesKill(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	known := &oracle{last: make(map[fanfare.Topic]uint64)}
	for round := range 2 {
		child := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestStateCrashChild$", "-test.v")
		child.Env = append(os.Environ(), crashDir+"="+dir)
		out, err := child.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := child.Start(); err != nil {
			t.Fatal(err)
		}
		receipts := 0
		for lines := bufio.NewScanner(out); lines.Scan(); {
			text, ok := strings.CutPrefix(lines.Text(), "receipt ")
			var receipt fanfare.Receipt
			if !ok || json.Unmarshal([]byte(text), &receipt) != nil {
				continue
			}
			known.acknowledged(receipt.Topic, receipt.Seq)
			if receipts++; receipts == 300+500*round { // in the first second, and in a later one
				child.Process.Kill()
			}
		}
		child.Wait() // it was killed
		if receipts == 0 {
			t.Fatal("the child stored nothing")
		}
	}
	b := newBus(t, bus.Options{Dir: dir, Partitions: 2})
	known.check(t, b)
}
