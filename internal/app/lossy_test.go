package app

import (
	"context"
	"math/rand/v2"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/fanfare-hub/fanfare"
	"github.com/fanfare-hub/fanfare/internal/bus"
	"github.com/fanfare-hub/fanfare/internal/feed"
)

// lossy is the real log, on whose live feed events are lost.
type lossy struct {
	*bus.Bus

	lose func(fanfare.Stored) bool
	lost atomic.Int64
}

// Live hands over what is not lost, and tells nobody of the rest.
func (l *lossy) Live(ctx context.Context, deliver func(fanfare.Stored), doubt func()) error {
	return l.Bus.Live(ctx, func(stored fanfare.Stored) {
		if l.lose(stored) {
			l.lost.Add(1)
			return
		}
		deliver(stored)
	}, doubt)
}

// nobody is a sink without members.
type nobody struct{}

func (nobody) Callback(context.Context, fanfare.Envelope) {}
func (nobody) Event(context.Context, fanfare.Envelope)    {}

// TestLostLiveEvents loses every third live event, and the last one of every
// topic: readers get all of them from the log, in order.
func TestLostLiveEvents(t *testing.T) {
	t.Parallel()
	log := &lossy{Bus: startBus(t)}
	random := rand.New(rand.NewPCG(3, 4))
	var chance sync.Mutex
	log.lose = func(stored fanfare.Stored) bool {
		chance.Lock()
		defer chance.Unlock()
		return stored.Event.Terminal() || random.IntN(3) == 0
	}
	follow, err := feed.New(feed.Options{Log: log, Sink: nobody{}})
	if err != nil {
		t.Fatal(err)
	}
	running, stop := context.WithCancel(t.Context())
	var done sync.WaitGroup
	done.Go(func() {
		if err := follow.Run(running); err != nil {
			t.Error(err)
		}
	})
	defer done.Wait()
	defer stop()
	<-follow.Ready()
	const topics, events = 10, 60
	var readers sync.WaitGroup
	for i := range topics {
		topic := fanfare.DocumentTopic(fanfare.DeriveID(t.Name(), strconv.Itoa(i)))
		reader, err := follow.Read(t.Context(), topic, feed.Start{From: feed.FromBeginning})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(reader.Close)
		readers.Go(func() { readToTheEnd(t, reader, events) })
		readers.Go(func() { appendLife(t, log, topic, events) })
	}
	readers.Wait()
	if lost := log.lost.Load(); lost < topics {
		t.Errorf("%d were lost: the test shows nothing", lost)
	}
}

func startBus(t *testing.T) *bus.Bus {
	t.Helper()
	b := bus.New(bus.Options{Dir: t.TempDir()})
	if err := b.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
		defer cancel()
		if err := b.Stop(ctx); err != nil {
			t.Error(err)
		}
	})
	return b
}

func appendLife(t *testing.T, log *lossy, topic fanfare.Topic, events int) {
	t.Helper()
	for n := 1; n <= events; n++ {
		event := fanfare.Event{
			ID: strconv.Itoa(n), Type: fanfare.ProcessingProgress, Service: "elsewhere", Time: time.Now().UTC(), Subject: topic,
			Payload: fanfare.DocumentPayload{DocumentID: topic.ID, Status: fanfare.StatusProcessing, Percentage: n},
		}
		if n == events {
			event.Type, event.Payload = fanfare.ProcessingCompleted, fanfare.DocumentPayload{DocumentID: topic.ID, Status: fanfare.StatusCompleted, Percentage: 100}
		}
		if _, err := log.Append(t.Context(), event, topic); err != nil {
			t.Error(err)
			return
		}
	}
}

func readToTheEnd(t *testing.T, reader *feed.Reader, events int) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	var chain fanfare.Chain
	for n := 1; n <= events; n++ {
		e, err := reader.Next(ctx)
		if err != nil {
			t.Errorf("after %d events: %v", n-1, err)
			return
		}
		if err := chain.Follow(e); err != nil {
			t.Error(err)
		}
		if e.Event.ID != strconv.Itoa(n) || e.Gap != nil {
			t.Errorf("event %d is %s, gap %v", n, e.Event.ID, e.Gap)
		}
	}
}
