package signalr

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
)

// A full inbox makes the sender wait, as long as its context lets it.
func TestInboxIsBounded(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := newInbox(taskCost)
		ctx, cancel := context.WithCancel(t.Context())
		big := task{kind: taskOwn, bytes: make([]byte, 1000)}
		if err := b.post(ctx, big); err != nil { // an empty one takes anything
			t.Fatal(err)
		}
		results := make(chan error, 1)
		go func() { results <- b.post(ctx, task{}) }()
		synctest.Wait()
		select {
		case err := <-results:
			t.Fatalf("a full inbox took a task: %v", err)
		default:
		}
		b.force(task{kind: taskRemove})
		if n := len(b.take()); n != 2 {
			t.Errorf("took %d tasks", n)
		}
		if err := <-results; err != nil {
			t.Errorf("after room was made: %v", err)
		}
		go func() { results <- b.post(ctx, task{}) }()
		cancel()
		if err := <-results; !errors.Is(err, context.Canceled) {
			t.Errorf("after cancel: %v", err)
		}
		go func() { results <- b.post(context.Background(), task{}) }()
		synctest.Wait()
		b.close()
		if err := <-results; !errors.Is(err, ErrServerClosed) {
			t.Errorf("after close: %v", err)
		}
	})
}

//nolint:paralleltest // AllocsPerRun counts the allocations of the whole process
func TestInboxAllocatesNothing(t *testing.T) {
	b := newInbox(1 << 20)
	ctx, frame := t.Context(), []byte("frame")
	allocs := testing.AllocsPerRun(100, func() {
		for range 10 {
			if err := b.post(ctx, task{kind: taskOwn, bytes: frame}); err != nil {
				t.Error(err)
			}
		}
		b.recycle(b.take())
	})
	if allocs > 0 {
		t.Errorf("%v allocations", allocs)
	}
}

// A run that was copied stays as it was while the other one grows, and nobody
// else's bytes are written to.
func TestRunPrefix(t *testing.T) {
	t.Parallel()
	backing := []byte("one-----")
	var shared run
	shared.add(backing[:3])
	first := shared.prefix()
	shared.add([]byte("two"))
	second := shared.prefix()
	shared.add([]byte("three"))
	second.add([]byte("mine"))
	first.add([]byte("mine"))
	for got, want := range map[string]string{
		string(shared.bytes): "onetwothree", string(first.bytes): "onemine",
		string(second.bytes): "onetwomine", string(backing): "one-----",
	} {
		if got != want {
			t.Errorf("got %s, want %s", got, want)
		}
	}
}

// TestPostAllocatesNothing: to hand an encoded frame to a shard costs nothing
// that the collector must find, once the inbox has grown to what comes.
//
//nolint:paralleltest // AllocsPerRun counts the allocations of the whole process
func TestPostAllocatesNothing(t *testing.T) {
	b := newInbox(1 << 20)
	frame := task{kind: taskOwn, bytes: make([]byte, 100)}
	ctx := t.Context()
	allocs := testing.AllocsPerRun(100, func() {
		for range 10 {
			if err := b.post(ctx, frame); err != nil {
				t.Error(err)
			}
		}
		b.recycle(b.take())
	})
	if allocs > 0 {
		t.Errorf("%v allocations", allocs)
	}
}

// BenchmarkPost is many senders at one inbox, which somebody empties.
func BenchmarkPost(b *testing.B) {
	inbox := newInbox(16 << 20)
	ctx, cancel := context.WithCancel(b.Context())
	done := make(chan struct{})
	go func() {
		defer close(done)
		for ctx.Err() == nil {
			select {
			case <-inbox.wake:
				inbox.recycle(inbox.take())
			case <-ctx.Done():
			}
		}
	}()
	frame := task{kind: taskOwn, bytes: make([]byte, 100)}
	b.ReportAllocs()
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			if err := inbox.post(ctx, frame); err != nil {
				b.Error(err)
			}
		}
	})
	cancel()
	<-done
}
