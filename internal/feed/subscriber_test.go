package feed_test

import (
	"context"
	"errors"
	"maps"
	"strconv"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/fanfare-hub/fanfare"
	"github.com/fanfare-hub/fanfare/internal/feed"
)

// TestEveryInstantOfSubscribingIsTheSame subscribes ten thousand times while
// events go by: none is missed, none comes twice, whatever the instant.
func TestEveryInstantOfSubscribingIsTheSame(t *testing.T) {
	t.Parallel()
	const subscribers, instants = 50, 200
	log, hub := newMemLog(newDice(1)), &fakeHub{}
	log.faults.loseLive = 1
	f, stop := start(t, feed.Options{Log: log, Sink: hub, RingEvents: 16})
	publishing, enough := context.WithCancel(t.Context())
	var publisher, clients sync.WaitGroup
	publisher.Go(func() {
		for i := 0; publishing.Err() == nil; i++ {
			log.append(service, alert(strconv.Itoa(i)))
			if i%50 == 0 {
				log.append(service, health(strconv.Itoa(-i)))
				log.keepState(log.mark + 40)
			}
			wait(publishing, 200*time.Microsecond)
		}
	})
	for n := range subscribers {
		clients.Go(func() {
			d := newDice(uint64(n))
			for range instants {
				if err := subscribeOnce(t.Context(), f, hub, log, d); err != nil {
					t.Error(err)
					return
				}
			}
		})
	}
	clients.Wait()
	enough()
	publisher.Wait()
	stop()
}

// subscribeOnce follows the topic for some events.
func subscribeOnce(ctx context.Context, f *feed.Feed, hub *fakeHub, log *memLog, d *dice) error {
	conn := hub.conn(1 << 20)
	s := f.Subscriber(conn)
	defer s.Close()
	c := &checker{log: log, topic: service}
	var seq uint64
	log.with(func() { seq = log.seq })
	begin := []feed.Start{
		{From: feed.FromNow},
		{},
		{From: feed.FromCursor, Cursor: fanfare.CursorBefore(log.epoch, seq-min(seq, uint64(d.in(60))))},
	}[d.in(3)]
	c.cursorSeq = begin.Cursor.Seq
	c.subscribing(begin.From)
	if _, err := s.Subscribe(ctx, service, feed.Envelopes, begin); err != nil {
		return err
	}
	c.subscribed()
	for range 1 + d.in(10) {
		e, ok := conn.take(ctx)
		if !ok {
			return ctx.Err()
		}
		c.take(e)
		if e.Gap != nil {
			return errors.New("a gap: " + describe(e))
		}
	}
	return c.broken
}

func TestSubscribingAgainReplaces(t *testing.T) {
	t.Parallel()
	inBubble(t, func(b *bundle) {
		b.log.append(user, alert("1"))
		b.subscribe(user, feed.Callbacks, feed.Start{From: feed.FromNow})
		b.subscribe(user, feed.Envelopes, feed.Start{From: feed.FromBeginning})
		b.want("0>1")
		b.log.append(user, alert("2"))
		b.want("1>2") // once
		b.subscribe(user, feed.Envelopes, feed.Start{From: feed.FromBeginning})
		b.want("0>1, 1>2")
		if err := b.sub.Unsubscribe(user, feed.Callbacks); err != nil {
			b.Fatal(err)
		}
		b.log.append(user, alert("3"))
		b.want("2>3") // the other form's end is not this one's
		if err := b.sub.Unsubscribe(user, feed.Envelopes); err != nil {
			b.Fatal(err)
		}
		b.log.append(user, alert("4"))
		b.want("")
	})
}

func TestAFailedSubscribeLeavesWhatThereWas(t *testing.T) {
	t.Parallel()
	inBubble(t, func(b *bundle) {
		b.subscribe(document, feed.Callbacks, feed.Start{From: feed.FromNow})
		b.log.with(func() { b.log.failing["snapshot"] = fanfare.Errorf(fanfare.CodeUnavailable, "away") })
		if _, err := b.sub.Subscribe(b.Context(), document, feed.Envelopes, feed.Start{}); fanfare.CodeOf(err) != fanfare.CodeUnavailable {
			b.Fatalf("%v, want unavailable", err)
		}
		b.log.append(document, completed("1"))
		b.want("0>1")
	})
}

func TestFromNowOnAFollowedTopicAsksNothing(t *testing.T) {
	t.Parallel()
	inBubble(t, func(b *bundle) {
		b.subscribe(service, feed.Callbacks, feed.Start{From: feed.FromNow})
		before := map[string]int{}
		b.log.with(func() { maps.Copy(before, b.log.calls) })
		for range 10 {
			s := b.feed.Subscriber(b.hub.conn(10))
			if _, err := s.Subscribe(b.Context(), service, feed.Callbacks, feed.Start{From: feed.FromNow}); err != nil {
				b.Fatal(err)
			}
			defer s.Close()
		}
		for name, n := range before {
			if got := b.log.called(name); got != n {
				b.Errorf("%s was called %d times", name, got-n)
			}
		}
		b.wantCounted("fanfare.feed.replays", 0)
	})
}

func TestAReplayKeepsTheClientsPace(t *testing.T) {
	t.Parallel()
	inBubble(t, func(b *bundle) {
		const events = 500
		for i := range events {
			b.log.append(user, alert(strconv.Itoa(i)))
		}
		b.conn.limit = 20
		b.subscribe(user, feed.Envelopes, feed.Start{From: feed.FromBeginning})
		c := &checker{log: b.log, topic: user}
		c.subscribing(feed.FromBeginning)
		for c.last < events {
			synctest.Wait()
			if n := len(b.conn.queue); n > 20 {
				b.Fatalf("%d envelopes wait", n)
			}
			e, _ := b.conn.take(b.Context())
			c.take(e)
		}
		if c.broken != nil || b.conn.overflows > 0 {
			b.Errorf("%v, %d overflows", c.broken, b.conn.overflows)
		}
	})
}

func TestAnOverflowGoesBackToTheLog(t *testing.T) {
	t.Parallel()
	for _, begin := range []feed.Start{{From: feed.FromNow}, {From: feed.FromBeginning}, {}} {
		inBubble(t, func(b *bundle) {
			b.log.append(service, health("0"))
			b.log.keepState(1)
			c := &checker{log: b.log, topic: service}
			c.subscribing(begin.From)
			b.conn.limit = 16
			b.subscribe(service, feed.Envelopes, begin)
			c.subscribed()
			synctest.Wait()
			for i := range 300 {
				b.log.append(service, alert(strconv.Itoa(i)))
				synctest.Wait()
				if i%7 == 0 {
					if e, ok := b.conn.take(b.Context()); ok {
						c.take(e)
					}
				}
			}
			for c.broken == nil && c.last < 301 {
				e, _ := b.conn.take(b.Context())
				c.take(e)
			}
			if err := c.atEnd(); err != nil {
				b.Error(err)
			}
			if n := int64(b.conn.overflows); n == 0 || b.counted("fanfare.feed.overflows") != n {
				b.Errorf("%d overflows, %d counted", n, b.counted("fanfare.feed.overflows"))
			}
		})
	}
}

func TestAnOverflowOfWhatIsNotSubscribedIsOnlyForgotten(t *testing.T) {
	t.Parallel()
	inBubble(t, func(b *bundle) {
		b.sub.Overflowed(user, 7, always)
		if b.conn.forgotten != 1 {
			b.Error("not forgotten")
		}
		b.log.append(user, alert("1"))
		b.want("")
	})
}

// TestAnOverflowWaitsForWhoeverSends has a catch-up in hand that was told to
// stop and has not noticed: what it still sends is passed over, and it does not
// join beside the one that follows it.
func TestAnOverflowWaitsForWhoeverSends(t *testing.T) {
	t.Parallel()
	for _, live := range []bool{true, false} { // it goes along the ring, or along the log
		inBubble(t, func(b *bundle) {
			first := b.log.append(user, alert("1"))
			if live {
				r, err := b.feed.Read(b.Context(), user, feed.Start{From: feed.FromNow})
				if err != nil {
					b.Fatal(err)
				}
				defer r.Close()
			}
			for i := range 10 {
				b.log.append(user, alert(strconv.Itoa(i+2)))
			}
			synctest.Wait()
			b.conn.hold = make(chan struct{})
			b.subscribe(user, feed.Envelopes, feed.Start{From: feed.FromCursor, Cursor: fanfare.CursorAt(b.log.epoch, first.Seq, "1")})
			b.conn.hold <- struct{}{}
			b.conn.hold <- struct{}{}
			b.want("1>2, 2>3")
			b.conn.behind[user] = 1
			b.sub.Overflowed(user, 3, always)
			synctest.Wait()
			close(b.conn.hold)
			b.want("3>4, 4>5, 5>6, 6>7, 7>8, 8>9, 9>10, 10>11")
			b.log.append(user, alert("12"))
			b.want("11>12")
		})
	}
}

func always() bool { return true }

// TestAnOverflowOfTheOneBefore comes late: the subscription that it was of has
// been replaced.
func TestAnOverflowOfTheOneBefore(t *testing.T) {
	t.Parallel()
	inBubble(t, func(b *bundle) {
		for i := range 4 {
			b.log.append(user, alert(strconv.Itoa(i+1)))
		}
		b.subscribe(user, feed.Envelopes, feed.Start{From: feed.FromBeginning})
		b.want("0>1, 1>2, 2>3, 3>4")
		b.sub.Overflowed(user, 2, func() bool { return false })
		b.want("")
	})
}

// TestWhatWaitedOfTheOneBeforeIsDropped: a subscription that takes another
// one's place must not take its events in the queue for its own, when that
// overflows.
func TestWhatWaitedOfTheOneBeforeIsDropped(t *testing.T) {
	t.Parallel()
	inBubble(t, func(b *bundle) {
		for i := range 10 {
			b.log.append(user, alert(strconv.Itoa(i+1)))
		}
		b.conn.limit = 6
		b.subscribe(user, feed.Envelopes, feed.Start{From: feed.FromNow})
		for i := range 3 {
			b.log.append(user, alert(strconv.Itoa(i+11)))
		}
		synctest.Wait() // they wait for the client
		b.subscribe(user, feed.Envelopes, feed.Start{From: feed.FromBeginning})
		for i := range 8 {
			b.log.append(user, alert(strconv.Itoa(i+14)))
		}
		synctest.Wait()
		for seq := range 21 {
			e, ok := b.conn.take(b.Context())
			if !ok {
				b.Fatal("no more")
			}
			if e.Seq != uint64(seq+1) || e.Prev != uint64(seq) {
				b.Fatalf("got %d after %d, want %d after %d", e.Seq, e.Prev, seq+1, seq)
			}
		}
	})
}

func TestASnapshotThatWasDroppedIsSentAgain(t *testing.T) {
	t.Parallel()
	inBubble(t, func(b *bundle) {
		b.log.append(service, health("1"))
		b.log.append(service, alert("2"))
		b.log.keepState(2)
		b.conn.behind[service] = 1
		b.subscribe(service, feed.Envelopes, feed.Start{})
		b.want("")
		b.sub.Overflowed(service, 0, always)
		b.want("0>1 snapshot, 1>2")
	})
}

func TestAnOverflowEndsWithItsSubscription(t *testing.T) {
	t.Parallel()
	inBubble(t, func(b *bundle) {
		b.conn.limit, b.conn.overflowed = 4, nil // nobody tells of it in time
		b.subscribe(user, feed.Envelopes, feed.Start{From: feed.FromNow})
		for i := range 5 {
			b.log.append(user, alert(strconv.Itoa(i)))
		}
		b.want("")
		b.subscribe(user, feed.Envelopes, feed.Start{From: feed.FromNow})
		b.log.append(user, alert("5"))
		b.want("5>6")
	})
}

func TestSubscriptionsOfAConnectionAreLimited(t *testing.T) {
	t.Parallel()
	inBubble(t, func(b *bundle) {
		for i := range 1000 {
			b.subscribe(fanfare.UserTopic(strconv.Itoa(i)), feed.Callbacks, feed.Start{From: feed.FromNow})
		}
		_, err := b.sub.Subscribe(b.Context(), user, feed.Callbacks, feed.Start{})
		if fanfare.CodeOf(err) != fanfare.CodeInvalidArgument {
			b.Errorf("%v, want invalid_argument", err)
		}
		b.subscribe(fanfare.UserTopic("7"), feed.Envelopes, feed.Start{}) // replaces
	})
}

func TestSubscribeRefusesWhatIsWrong(t *testing.T) {
	t.Parallel()
	inBubble(t, func(b *bundle) {
		for _, c := range []struct {
			topic fanfare.Topic
			form  feed.Form
			begin feed.Start
			code  fanfare.Code
		}{
			{fanfare.Topic{}, feed.Callbacks, feed.Start{}, fanfare.CodeInvalidTopic},
			{fanfare.DocumentTopic("x"), feed.Callbacks, feed.Start{}, fanfare.CodeInvalidTopic},
			{user, 7, feed.Start{}, fanfare.CodeInvalidArgument},
			{user, feed.Callbacks, feed.Start{From: 99}, fanfare.CodeInvalidArgument},
		} {
			if _, err := b.sub.Subscribe(b.Context(), c.topic, c.form, c.begin); fanfare.CodeOf(err) != c.code {
				b.Errorf("%v, want %s", err, c.code)
			}
		}
		b.sub.Close()
		if _, err := b.sub.Subscribe(b.Context(), user, feed.Callbacks, feed.Start{}); fanfare.CodeOf(err) != fanfare.CodeUnavailable {
			b.Errorf("%v after Close, want unavailable", err)
		}
		if _, _, err := b.feed.History(b.Context(), user, feed.Start{}, 0); fanfare.CodeOf(err) != fanfare.CodeInvalidArgument {
			b.Errorf("%v, want invalid_argument", err)
		}
	})
}

func TestCloseEndsACatchUpThatWaits(t *testing.T) {
	t.Parallel()
	inBubble(t, func(b *bundle) {
		for i := range 100 {
			b.log.append(user, alert(strconv.Itoa(i)))
		}
		b.conn.limit = 10
		b.subscribe(user, feed.Envelopes, feed.Start{From: feed.FromBeginning})
		synctest.Wait() // nobody takes anything
		b.sub.Close()
		b.sub.Close()
		b.told()
		b.log.append(user, alert("last"))
		b.want("")
	})
}
