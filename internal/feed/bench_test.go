package feed_test

import (
	"context"
	"runtime"
	"strconv"
	"testing"

	"github.com/fanfare-hub/fanfare"
	"github.com/fanfare-hub/fanfare/internal/feed"
)

// directLog is a memLog whose live feed the benchmark is.
type directLog struct {
	*memLog
	deliver chan func(fanfare.Stored)
}

func (l *directLog) Live(ctx context.Context, deliver func(fanfare.Stored), _ func()) error {
	l.deliver <- deliver
	<-ctx.Done()
	return nil
}

// quietHub is a sink that does nothing.
type quietHub struct{}

func (quietHub) Callback(context.Context, fanfare.Envelope) {}
func (quietHub) Event(context.Context, fanfare.Envelope)    {}

// startDirect runs a feed; the caller delivers.
func startDirect(b *testing.B) (f *feed.Feed, deliver func(fanfare.Stored)) {
	b.Helper()
	log := &directLog{memLog: newMemLog(newDice(1)), deliver: make(chan func(fanfare.Stored), 1)}
	for _, topic := range []fanfare.Topic{user, document, service} {
		log.append(topic, eventOf(topic, "first"))
	}
	f, err := feed.New(feed.Options{Log: log, Sink: quietHub{}})
	if err != nil {
		b.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error)
	go func() { done <- f.Run(ctx) }()
	b.Cleanup(func() {
		cancel()
		<-done
	})
	return f, <-log.deliver
}

// BenchmarkDeliver is one live event in order: with a ring, its cursor, and the
// call of the sink.
func BenchmarkDeliver(b *testing.B) {
	f, deliver := startDirect(b)
	s := f.Subscriber((&fakeHub{}).conn(10))
	defer s.Close()
	if _, err := s.Subscribe(b.Context(), user, feed.Envelopes, feed.Start{From: feed.FromNow}); err != nil {
		b.Fatal(err)
	}
	stored := fanfare.Stored{Event: alert("id"), Topic: user, Prev: 1, Seq: 10, Record: make([]byte, 500)}
	b.ReportAllocs()
	for b.Loop() {
		deliver(stored)
		stored.Prev, stored.Seq = stored.Seq, stored.Seq+1
	}
}

// BenchmarkSubscribeNow is a connection that joins a topic that others follow,
// and leaves it.
func BenchmarkSubscribeNow(b *testing.B) {
	f, _ := startDirect(b)
	hub := &fakeHub{}
	s := f.Subscriber(hub.conn(10))
	defer s.Close()
	begin := feed.Start{From: feed.FromNow}
	r, err := f.Read(b.Context(), service, begin)
	if err != nil {
		b.Fatal(err)
	}
	defer r.Close()
	b.ReportAllocs()
	for b.Loop() {
		if _, err := s.Subscribe(b.Context(), service, feed.Callbacks, begin); err != nil {
			b.Fatal(err)
		}
		if err := s.Unsubscribe(service, feed.Callbacks); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkTopicMemory is what a followed topic takes besides its ring, with
// one subscription on a connection of its own.
func BenchmarkTopicMemory(b *testing.B) {
	const topics = 10_000
	f, _ := startDirect(b)
	names := make([]fanfare.Topic, topics)
	for i := range names {
		names[i] = fanfare.UserTopic("user " + strconv.Itoa(i))
	}
	conn := silentConn{}
	for b.Loop() {
		subs := make([]*feed.Subscriber, topics)
		before := heap()
		for i := range subs {
			subs[i] = f.Subscriber(conn)
			if _, err := subs[i].Subscribe(b.Context(), names[i], feed.Callbacks, feed.Start{From: feed.FromNow}); err != nil {
				b.Fatal(err)
			}
		}
		b.ReportMetric(float64(heap()-before)/topics, "B/topic")
		for _, s := range subs {
			s.Close()
		}
	}
}

func heap() uint64 {
	runtime.GC()
	runtime.GC()
	var stats runtime.MemStats
	runtime.ReadMemStats(&stats)
	return stats.HeapAlloc
}

// silentConn takes no memory of its own.
type silentConn struct{}

func (silentConn) Join(fanfare.Topic, feed.Form) error                     { return nil }
func (silentConn) Leave(fanfare.Topic, feed.Form) error                    { return nil }
func (silentConn) Send(context.Context, fanfare.Envelope, feed.Form) error { return nil }
func (silentConn) AwaitRoom(context.Context) error                         { return nil }
func (silentConn) Forget(fanfare.Topic) error                              { return nil }
