package bus

import (
	"context"
	"fmt"
	"math/rand/v2"
	"runtime"
	"testing"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"github.com/fanfare-hub/fanfare"
)

// A store as it is after a while: a million events, a hundred of each topic,
// mixed. With -short a tenth.
const (
	benchTopics = 10_000
	benchEach   = 100
)

func benchTopic(n int) fanfare.Topic {
	return fanfare.DocumentTopic(fmt.Sprintf("00000000-0000-4000-8000-%012d", n))
}

// BenchmarkStored measures on that store, made once with 16 partitions and once
// as one stream: replay/1 is what replay/16 is to be compared with. It is
// filled without a sync for each event, and its states are caught up before.
func BenchmarkStored(b *testing.B) {
	each := benchEach
	if testing.Short() {
		each /= 10
	}
	for _, partitions := range []int{16, 1} {
		opts := Options{Dir: b.TempDir(), Partitions: partitions}
		fill(b, opts, each)
		bus := benchStart(b, opts)
		caughtUp(b, bus, fmt.Sprintf("%d streams", partitions))
		b.Run(fmt.Sprintf("replay/%d", partitions), func(b *testing.B) { benchReplay(b, bus, each) })
		if err := bus.Stop(context.Background()); err != nil {
			b.Fatal(err)
		}
		b.Run(fmt.Sprintf("start/%d", partitions), func(b *testing.B) { benchStarts(b, opts) })
	}
}

func benchStart(b *testing.B, opts Options) *Bus {
	b.Helper()
	bus := New(opts)
	if err := bus.Start(b.Context()); err != nil {
		b.Fatal(err)
	}
	return bus
}

// fill has the bus make the streams, and a server that syncs later fill them.
func fill(b *testing.B, opts Options, each int) {
	b.Helper()
	if err := benchStart(b, opts).Stop(context.Background()); err != nil {
		b.Fatal(err)
	}
	ns, err := server.NewServer(&server.Options{
		DontListen: true, NoSigs: true, JetStream: true, StoreDir: opts.Dir,
		JetStreamMaxStore: storeCeiling, JetStreamMaxMemory: memoryCeiling, NoLog: true,
	})
	if err != nil {
		b.Fatal(err)
	}
	ns.Start()
	defer ns.WaitForShutdown()
	defer ns.Shutdown()
	conn, err := nats.Connect("", nats.InProcessServer(ns))
	if err != nil {
		b.Fatal(err)
	}
	defer conn.Close()
	js, err := jetstream.New(conn, jetstream.WithPublishAsyncMaxPending(4096))
	if err != nil {
		b.Fatal(err)
	}
	for n := range each {
		for d := range benchTopics {
			benchPublish(b, js, opts.Partitions, benchTopic(d), n)
		}
	}
	select {
	case <-js.PublishAsyncComplete():
	case <-time.After(time.Minute):
		b.Fatal("the store takes no more")
	}
}

func benchPublish(b *testing.B, js jetstream.JetStream, partitions int, topic fanfare.Topic, n int) {
	b.Helper()
	data, err := fanfare.EncodeCloudEvent(update(n))
	if err != nil {
		b.Fatal(err)
	}
	key, err := topicKey(topic)
	if err != nil {
		b.Fatal(err)
	}
	msg := &nats.Msg{
		Subject: eventSubject(key, partition(key, partitions)),
		Header:  nats.Header{recordHeader: {recordVersion}}, Data: data,
	}
	if _, err := js.PublishMsgAsync(msg, jetstream.WithStallWait(time.Minute)); err != nil {
		b.Fatal(err)
	}
}

// caughtUp returns when the states are kept; how long that took is logged.
func caughtUp(b *testing.B, bus *Bus, what string) {
	b.Helper()
	start := time.Now()
	ticker := time.NewTicker(100 * time.Millisecond)
	defer ticker.Stop()
	for p := range bus.opts.Partitions {
		look, err := bus.session.Load().look(b.Context(), eventStream(p), "")
		if err != nil {
			b.Fatal(err)
		}
		for shelf := &bus.session.Load().keepers.list[p].shelf; ; <-ticker.C {
			shelf.mu.Lock()
			mark := shelf.mark
			shelf.mu.Unlock()
			if mark >= look.State.LastSeq {
				break
			}
		}
	}
	b.Logf("%s: the states of a store without any were kept after %s", what, time.Since(start))
}

func benchReplay(b *testing.B, bus *Bus, each int) {
	b.Helper()
	random := rand.New(rand.NewPCG(1, 2))
	for b.Loop() {
		events, more, err := bus.Read(b.Context(), benchTopic(random.IntN(benchTopics)), 0, each)
		if err != nil || more || len(events) != each {
			b.Fatalf("%d events, more: %t, %v", len(events), more, err)
		}
	}
}

func benchStarts(b *testing.B, opts Options) {
	b.Helper()
	for b.Loop() {
		bus := benchStart(b, opts)
		b.StopTimer()
		if err := bus.Stop(context.Background()); err != nil {
			b.Fatal(err)
		}
		b.StartTimer()
	}
}

// BenchmarkFollowed is the memory of a followed topic, on both sides of the
// connection, and what a look at all of them costs when nothing has come.
func BenchmarkFollowed(b *testing.B) {
	const topics = 100_000
	bus := benchStart(b, Options{Dir: b.TempDir()})
	b.Cleanup(func() { bus.Stop(context.Background()) })
	before := inUse()
	start := time.Now()
	for n := range topics {
		if err := bus.Follow(b.Context(), benchTopic(n)); err != nil {
			b.Fatal(err)
		}
	}
	took := time.Since(start)
	bytes := float64(inUse()-before) / topics
	b.Run("grown", func(b *testing.B) {
		for b.Loop() {
			if grown, err := bus.Grown(b.Context()); err != nil || len(grown) > 0 {
				b.Fatal(grown, err)
			}
		}
		b.ReportMetric(bytes, "B/topic")
		b.ReportMetric(float64(took.Nanoseconds())/topics, "ns/follow")
	})
}

func inUse() uint64 {
	runtime.GC()
	runtime.GC()
	var stats runtime.MemStats
	runtime.ReadMemStats(&stats)
	return stats.HeapInuse + stats.StackInuse
}

// BenchmarkSnapshot asks for states that are there.
func BenchmarkSnapshot(b *testing.B) {
	bus := benchStart(b, Options{Dir: b.TempDir()})
	b.Cleanup(func() { bus.Stop(context.Background()) })
	const topics = 100
	for n := range topics {
		if _, err := bus.Append(b.Context(), update(n), benchTopic(n)); err != nil {
			b.Fatal(err)
		}
	}
	caughtUp(b, bus, "a hundred events")
	n := 0
	for b.Loop() {
		n++
		if state, _, err := bus.Snapshot(b.Context(), benchTopic(n%topics)); err != nil || len(state) != 1 {
			b.Fatal(state, err)
		}
	}
}

// BenchmarkKeep is what an Append pays for the state of its topic.
func BenchmarkKeep(b *testing.B) {
	bus := benchStart(b, Options{Dir: b.TempDir()})
	b.Cleanup(func() { bus.Stop(context.Background()) })
	s := bus.session.Load()
	s.keepers.stop()
	shelf := &s.keepers.list[0].shelf
	shelf.reset(0, 1)
	event := update(1)
	record, err := fanfare.EncodeCloudEvent(event)
	if err != nil {
		b.Fatal(err)
	}
	seq := uint64(0)
	for b.Loop() {
		seq++
		bus.appended(s, 0, fanfare.Stored{Event: event, Topic: benchTopic(int(seq % 1000)), Seq: seq, Record: record})
	}
}
