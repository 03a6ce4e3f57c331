package feed_test

import (
	"context"
	"errors"
	"strconv"
	"testing"
	"testing/synctest"
	"time"

	"go.opentelemetry.io/otel/sdk/metric"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"

	"github.com/fanfare-hub/fanfare"
	"github.com/fanfare-hub/fanfare/internal/feed"
)

// bundle is a feed on a log, with one connection.
type bundle struct {
	*testing.T
	log    *memLog
	hub    *fakeHub
	conn   *fakeConn
	feed   *feed.Feed
	sub    *feed.Subscriber
	meters *metric.ManualReader
	stop   func()
}

// inBubble runs a test with a feed, in a bubble of its own time.
func inBubble(t *testing.T, test func(b *bundle)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		b := &bundle{T: t, log: newMemLog(newDice(1)), hub: &fakeHub{}, meters: metric.NewManualReader()}
		b.feed, b.stop = start(t, feed.Options{
			Log: b.log, Sink: b.hub,
			MeterProvider: metric.NewMeterProvider(metric.WithReader(b.meters)),
		})
		b.conn = b.hub.conn(1000)
		b.sub = b.feed.Subscriber(b.conn)
		b.conn.overflowed = func(topic fanfare.Topic, after uint64, stands func() bool) {
			go b.sub.Overflowed(topic, after, stands)
		}
		test(b)
		b.sub.Close()
		b.stop()
		if b.hub.twice > 0 {
			t.Error("a connection joined twice")
		}
	})
}

func (b *bundle) subscribe(topic fanfare.Topic, form feed.Form, begin feed.Start) feed.Receipt {
	b.Helper()
	receipt, err := b.sub.Subscribe(b.Context(), topic, form, begin)
	if err != nil {
		b.Fatal(err)
	}
	return receipt
}

// told is what the client has received since the last call.
func (b *bundle) told() string {
	synctest.Wait()
	return describeAll(b.conn.drain())
}

func (b *bundle) want(want string) {
	b.Helper()
	if got := b.told(); got != want {
		b.Errorf("told %q, want %q", got, want)
	}
}

func (b *bundle) lose(percent int) {
	b.log.with(func() { b.log.faults.loseLive = percent })
}

func (b *bundle) counted(name string) (n int64) {
	b.Helper()
	var all metricdata.ResourceMetrics
	if err := b.meters.Collect(b.Context(), &all); err != nil {
		b.Fatal(err)
	}
	for _, scope := range all.ScopeMetrics {
		for _, m := range scope.Metrics {
			if sum, ok := m.Data.(metricdata.Sum[int64]); ok && m.Name == name {
				n += sum.DataPoints[0].Value
			}
		}
	}
	return n
}

func (b *bundle) wantCounted(name string, want int64) {
	b.Helper()
	if got := b.counted(name); got != want {
		b.Errorf("%s is %d, want %d", name, got, want)
	}
}

func TestALostLastEventIsASecondLate(t *testing.T) {
	t.Parallel()
	inBubble(t, func(b *bundle) {
		b.log.append(document, progress("1"))
		b.subscribe(document, feed.Envelopes, feed.Start{From: feed.FromNow})
		b.lose(100)
		b.log.append(document, completed("2"))
		begin := time.Now()
		wait(b.Context(), 900*time.Millisecond)
		for b.told() != "1>2" {
			wait(b.Context(), 10*time.Millisecond)
			if time.Since(begin) > 1200*time.Millisecond {
				b.Fatal("the last event has not come within a second and a moment")
			}
		}
		b.wantCounted("fanfare.feed.holes", 1)
	})
}

func TestDoubtHasTheLogAskedAtOnce(t *testing.T) {
	t.Parallel()
	inBubble(t, func(b *bundle) {
		b.log.append(document, progress("1"))
		b.subscribe(document, feed.Envelopes, feed.Start{From: feed.FromNow})
		wait(b.Context(), 300*time.Millisecond)
		b.lose(100)
		b.log.append(document, completed("2"))
		b.log.doubt()
		wait(b.Context(), 101*time.Millisecond)
		b.want("1>2")
	})
}

func TestALiveEventOnItsWayIsNotReadFromTheLog(t *testing.T) {
	t.Parallel()
	inBubble(t, func(b *bundle) {
		b.log.append(document, progress("1"))
		b.subscribe(document, feed.Envelopes, feed.Start{From: feed.FromNow})
		b.log.with(func() { b.log.faults.slow = 50 * time.Millisecond })
		reads := b.log.called("read")
		for i := range 200 {
			b.log.append(document, completed(strconv.Itoa(i+2)))
			wait(b.Context(), 60*time.Millisecond)
		}
		if got := b.log.called("read"); got != reads {
			b.Errorf("the log was read %d times", got-reads)
		}
		b.wantCounted("fanfare.feed.holes", 0)
	})
}

func TestAHoleIsReadBeforeWhatFollows(t *testing.T) {
	t.Parallel()
	inBubble(t, func(b *bundle) {
		b.log.append(user, alert("1"))
		b.subscribe(user, feed.Envelopes, feed.Start{From: feed.FromNow})
		b.lose(100)
		b.log.append(user, alert("2"))
		b.log.append(user, alert("3"))
		b.lose(0)
		b.log.append(user, alert("4"))
		b.want("1>2, 2>3, 3>4")
		b.wantCounted("fanfare.feed.holes", 1)
		b.wantCounted("fanfare.feed.gaps", 0)
	})
}

func TestADuplicateIsIgnoredAndCounted(t *testing.T) {
	t.Parallel()
	inBubble(t, func(b *bundle) {
		b.log.append(user, alert("1"))
		b.subscribe(user, feed.Envelopes, feed.Start{From: feed.FromNow})
		b.log.with(func() { b.log.faults.repeatLive = 100 })
		b.log.append(user, alert("2"))
		b.want("1>2")
		b.wantCounted("fanfare.feed.duplicates", 1)
	})
}

func TestWhatTheLogHasLostIsAGap(t *testing.T) {
	t.Parallel()
	inBubble(t, func(b *bundle) {
		b.log.append(user, alert("1"))
		b.subscribe(user, feed.Envelopes, feed.Start{From: feed.FromNow})
		b.lose(100)
		b.log.append(user, alert("2"))
		b.log.eat(3)
		b.lose(0)
		b.log.append(user, alert("3"))
		b.want("1>3 gap:1")
		b.log.append(user, alert("4"))
		b.want("3>4")
		b.wantCounted("fanfare.feed.gaps", 1)
	})
}

func TestTheFirstEventOfAllMayFollowOneThatIsLost(t *testing.T) {
	t.Parallel()
	inBubble(t, func(b *bundle) {
		b.subscribe(user, feed.Envelopes, feed.Start{From: feed.FromNow})
		b.lose(100)
		b.log.append(user, alert("1"))
		b.log.eat(2)
		b.lose(0)
		b.log.append(user, alert("2"))
		b.want("0>2 gap:0")
	})
}

func TestAnEventThatIsGoneBeforeItIsReadIsSaidToBeMissing(t *testing.T) {
	t.Parallel()
	inBubble(t, func(b *bundle) {
		b.log.append(user, alert("1"))
		b.subscribe(user, feed.Envelopes, feed.Start{From: feed.FromNow})
		b.log.with(func() { b.log.failing["read"] = fanfare.Errorf(fanfare.CodeUnavailable, "away") })
		b.lose(100)
		b.log.append(user, alert("2"))
		wait(b.Context(), 2*time.Second) // the log has told of it, and cannot be read
		b.log.eat(3)
		b.log.with(func() { b.log.failing["read"] = nil })
		wait(b.Context(), 6*time.Second)
		b.want("1>2 empty gap:1")
		b.lose(0)
		b.log.append(user, alert("3"))
		b.want("2>3 gap:2")
	})
}

func TestRepairGoesOnWhenTheLogIsBack(t *testing.T) {
	t.Parallel()
	inBubble(t, func(b *bundle) {
		b.log.append(user, alert("1"))
		b.subscribe(user, feed.Envelopes, feed.Start{From: feed.FromNow})
		b.log.with(func() { b.log.failing["read"] = errors.New("away") })
		b.lose(100)
		b.log.append(user, alert("2"))
		b.lose(0)
		b.log.append(user, alert("3"))
		b.want("")
		b.log.with(func() { b.log.failing["read"] = nil })
		wait(b.Context(), 1100*time.Millisecond)
		b.want("1>2, 2>3")
	})
}

func TestATopicIsFollowedOnceAndDroppedAfterTheLast(t *testing.T) {
	t.Parallel()
	inBubble(t, func(b *bundle) {
		followed := func(topic fanfare.Topic) (n int) {
			b.log.with(func() { n = b.log.followed[topic] })
			return n
		}
		b.subscribe(user, feed.Callbacks, feed.Start{From: feed.FromNow})
		r, err := b.feed.Read(b.Context(), user, feed.Start{From: feed.FromNow})
		if err != nil {
			b.Fatal(err)
		}
		if n := followed(user); n != 1 {
			b.Fatalf("followed %d times", n)
		}
		wait(b.Context(), 7*time.Second)
		b.wantCounted("fanfare.feed.topics", 1)
		r.Close()
		r.Close()
		wait(b.Context(), 7*time.Second)
		if n := followed(user); n != 1 {
			b.Fatalf("followed %d times while subscribed", n)
		}
		if err := b.sub.Unsubscribe(user, feed.Callbacks); err != nil {
			b.Fatal(err)
		}
		wait(b.Context(), 3*time.Second)
		b.subscribe(user, feed.Callbacks, feed.Start{From: feed.FromNow})
		wait(b.Context(), 7*time.Second)
		if n := b.log.called("follow"); n != 2 { // the other one is start's
			b.Errorf("followed anew %d times", n-2)
		}
		if err := b.sub.Unsubscribe(user, feed.Callbacks); err != nil {
			b.Fatal(err)
		}
		wait(b.Context(), 7*time.Second)
		if n := followed(user); n != 0 {
			b.Errorf("still followed")
		}
		b.wantCounted("fanfare.feed.topics", 0)
	})
}

func TestTheSinkIsCalledOnlyForAFormThatSomebodyHas(t *testing.T) {
	t.Parallel()
	inBubble(t, func(b *bundle) {
		r, err := b.feed.Read(b.Context(), user, feed.Start{From: feed.FromNow})
		if err != nil {
			b.Fatal(err)
		}
		defer r.Close()
		for i, step := range []struct {
			change func()
			told   int
		}{
			{func() {}, 0},
			{func() { b.subscribe(user, feed.Callbacks, feed.Start{From: feed.FromNow}) }, 1},
			{func() { b.subscribe(user, feed.Envelopes, feed.Start{From: feed.FromNow}) }, 1},
			{func() { b.sub.Close() }, 0},
		} {
			step.change()
			b.hub.told = 0
			b.log.append(user, alert(strconv.Itoa(i)))
			if synctest.Wait(); b.hub.told != step.told {
				b.Errorf("step %d: the sink was called %d times, want %d", i, b.hub.told, step.told)
			}
		}
	})
}

func TestNothingWorksBeforeAndAfterRun(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		log, hub := newMemLog(newDice(1)), &fakeHub{}
		f, err := feed.New(feed.Options{Log: log, Sink: hub})
		if err != nil {
			t.Fatal(err)
		}
		s := f.Subscriber(hub.conn(10))
		refused := func() {
			t.Helper()
			_, readErr := f.Read(t.Context(), user, feed.Start{})
			_, _, historyErr := f.History(t.Context(), user, feed.Start{}, 10)
			_, subscribeErr := s.Subscribe(t.Context(), user, feed.Callbacks, feed.Start{})
			for _, err := range []error{readErr, historyErr, subscribeErr} {
				if fanfare.CodeOf(err) != fanfare.CodeUnavailable {
					t.Errorf("%v, want unavailable", err)
				}
			}
		}
		refused()
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan error)
		go func() { done <- f.Run(ctx) }()
		synctest.Wait()
		r, err := f.Read(t.Context(), user, feed.Start{})
		if err != nil {
			t.Fatal(err)
		}
		waiting := make(chan error)
		go func() {
			_, err := r.Next(t.Context())
			waiting <- err
		}()
		synctest.Wait()
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
		if err := <-waiting; fanfare.CodeOf(err) != fanfare.CodeUnavailable {
			t.Errorf("a reader that waits ends with %v", err)
		}
		r.Close()
		refused()
		s.Close()
		if log.followed[user] != 0 {
			t.Error("a topic is still followed")
		}
	})
}

func TestNewSaysWhatIsMissing(t *testing.T) {
	t.Parallel()
	if _, err := feed.New(feed.Options{}); err == nil {
		t.Error("made without a log")
	}
}
