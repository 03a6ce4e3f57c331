package feed_test

import (
	"context"
	"strconv"
	"testing"
	"testing/synctest"
	"time"

	"github.com/fanfare-hub/fanfare"
	"github.com/fanfare-hub/fanfare/internal/feed"
)

// TestAReaderIsOwedEverythingFromItsBeginning eats events that are stored after
// a reader has begun, and that it has not read yet.
func TestAReaderIsOwedEverythingFromItsBeginning(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name   string
		before int // events that are stored first
		begin  feed.From
		wait   bool   // the reader comes to the head first
		eaten  uint64 // of three more
		want   string
	}{
		{"from the start, waiting", 0, feed.FromBeginning, true, 3, "0>3 gap:0"},
		{"from the start, not yet reading", 0, feed.FromBeginning, false, 3, "0>3 gap:0"},
		{"from the start, what was there before is not owed", 1, feed.FromBeginning, false, 2, "0>2, 2>3, 3>4"},
		{"from now", 1, feed.FromNow, false, 4, "1>4 gap:1"},
		{"all is gone", 1, feed.FromNow, false, 5, "1>4 empty gap:1"},
		{"nothing is gone", 1, feed.FromNow, true, 1, "1>2, 2>3, 3>4"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				log := newMemLog(newDice(1))
				f, stop := start(t, feed.Options{Log: log, Sink: &fakeHub{}, RingEvents: 1})
				for range c.before {
					log.append(user, alert("before"))
				}
				r, err := f.Read(t.Context(), user, feed.Start{From: c.begin})
				if err != nil {
					t.Fatal(err)
				}
				if c.wait {
					readAll(t, r)
				}
				for i := range 3 {
					log.append(user, alert(strconv.Itoa(i)))
				}
				synctest.Wait()
				log.eat(c.eaten)
				if got := describeAll(readAll(t, r)); got != c.want {
					t.Errorf("told %q, want %q", got, c.want)
				}
				r.Close()
				stop()
			})
		})
	}
}

func TestAReaderGoesOnAfterAnError(t *testing.T) {
	t.Parallel()
	inBubble(t, func(b *bundle) {
		for i := range 3 {
			b.log.append(user, alert(strconv.Itoa(i)))
		}
		r, err := b.feed.Read(b.Context(), user, feed.Start{From: feed.FromBeginning})
		if err != nil {
			b.Fatal(err)
		}
		defer r.Close()
		b.log.with(func() { b.log.failing["read"] = fanfare.Errorf(fanfare.CodeUnavailable, "away") })
		if _, err := r.Next(b.Context()); fanfare.CodeOf(err) != fanfare.CodeUnavailable {
			b.Errorf("%v, want unavailable", err)
		}
		b.log.with(func() { b.log.failing["read"] = nil })
		if got := describeAll(readAll(b.T, r)); got != "0>1, 1>2, 2>3" {
			b.Errorf("told %q", got)
		}
	})
}

func TestCloseWakesAReaderThatWaits(t *testing.T) {
	t.Parallel()
	inBubble(t, func(b *bundle) {
		r, err := b.feed.Read(b.Context(), user, feed.Start{From: feed.FromNow})
		if err != nil {
			b.Fatal(err)
		}
		done := make(chan error)
		go func() {
			_, err := r.Next(context.Background())
			done <- err
		}()
		wait(b.Context(), time.Second)
		r.Close()
		if err := <-done; fanfare.CodeOf(err) != fanfare.CodeUnavailable {
			b.Errorf("%v, want unavailable", err)
		}
	})
}
