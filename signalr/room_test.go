package signalr_test

import (
	"context"
	"errors"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/fanfare-hub/fanfare/signalr"
)

// meet is a server whose connections' Callers come out of the channel.
func meet(t *testing.T, server *signalr.ServerOptions) (*bundle, <-chan *signalr.Caller) {
	t.Helper()
	callers := make(chan *signalr.Caller, 16)
	b := setup(t, options{server: server, prepare: func(h *signalr.Hub) {
		room(h)
		h.OnConnected(func(_ context.Context, c *signalr.Caller) error { callers <- c; return nil })
	}})
	return b, callers
}

// AwaitRoom waits while more than half of the queue is full, and no longer
// than the connection.
func TestAwaitRoom(t *testing.T) {
	t.Parallel()
	b, callers := meet(t, &signalr.ServerOptions{QueueLimit: 4 << 10})
	c := b.polling(t)
	caller, witness := receive(t, callers), b.connect(t)
	if err := caller.AwaitRoom(t.Context()); err != nil {
		t.Fatal(err)
	}
	fill := func() {
		text := strings.Repeat("x", 3000)
		if err := message.To(t.Context(), caller.Self(), text); err != nil {
			t.Fatal(err)
		}
		b.send(t, witness)
	}
	fill()
	done := make(chan error, 1)
	go func() { done <- caller.AwaitRoom(context.Background()) }()
	select {
	case err := <-done:
		t.Fatalf("there was room: %v", err)
	default:
	}
	c.poll(said(strings.Repeat("x", 3000)))
	if err := receive(t, done); err != nil {
		t.Error(err)
	}
	fill()
	go func() { done <- caller.AwaitRoom(context.Background()) }()
	caller.Abort()
	if err := receive(t, done); !errors.Is(err, signalr.ErrConnectionEnded) {
		t.Errorf("room on a connection that has ended: %v", err)
	}
}

// Who waits for room before each send overflows nothing, however fast it is:
// what is on its way to the queue counts too.
func TestAwaitRoomPaces(t *testing.T) {
	t.Parallel()
	b, callers := meet(t, &signalr.ServerOptions{QueueLimit: 8 << 10})
	c := b.polling(t)
	caller := receive(t, callers)
	const messages = 1000
	padding := strings.Repeat("x", 2000)
	done := make(chan error, 1)
	go func() {
		for i := range messages {
			err := errors.Join(caller.AwaitRoom(t.Context()), message.To(t.Context(), caller.Self(), strconv.Itoa(i)+padding))
			if err != nil {
				done <- err
				return
			}
		}
		done <- nil
	}()
	got, want := "", strings.Builder{}
	for i := range messages {
		want.WriteString(said(strconv.Itoa(i)+padding) + "\x1e")
	}
	for len(got) < want.Len() {
		reply := receive(t, c.start(t.Context()))
		if reply.err != nil || reply.body == "" {
			t.Fatalf("got %d, %v after %d bytes of %d", reply.status, reply.err, len(got), want.Len())
		}
		got += reply.body
	}
	if got != want.String() {
		t.Error("something else came")
	}
	if err := receive(t, done); err != nil {
		t.Error(err)
	}
}

// A Caller may be used from any goroutine, as long as its connection lives:
// what one of them does keeps its order, sends to groups included.
func TestCallerOutsideOfMethods(t *testing.T) {
	t.Parallel()
	for _, shards := range []int{1, 3} {
		t.Run(strconv.Itoa(shards), func(t *testing.T) {
			t.Parallel()
			b, callers := meet(t, &signalr.ServerOptions{Shards: shards})
			const clients, goroutines, turns = 3, 4, 50
			var working, reading sync.WaitGroup
			for range clients {
				c := b.connect(t)
				caller := receive(t, callers)
				for g := range goroutines {
					working.Go(func() { comeAndGo(t, b.hub, caller, strconv.Itoa(g), turns) })
				}
				reading.Go(func() { c.inOrder(t, goroutines, turns) })
			}
			working.Wait()
			reading.Wait()
		})
	}
}

// comeAndGo sends to a group of its own: twice as a member in each turn, and
// twice not.
func comeAndGo(t *testing.T, hub *signalr.Hub, caller *signalr.Caller, name string, turns int) {
	t.Helper()
	group := name + " of " + caller.ConnectionID()
	say := func(what string, i int) error {
		return message.To(t.Context(), hub.Group(group), name+" "+what+" "+strconv.Itoa(i))
	}
	for i := range turns {
		err := errors.Join(
			say("out", i), caller.Join(group), say("in", 2*i), caller.AwaitRoom(t.Context()),
			say("in", 2*i+1), caller.Leave(group), say("out", i),
		)
		if err != nil {
			t.Error(err)
			return
		}
	}
}

// inOrder reads what the goroutines of comeAndGo send.
func (c *client) inOrder(t *testing.T, goroutines, turns int) {
	t.Helper()
	next := make([]int, goroutines)
	for range 2 * goroutines * turns {
		record, err := c.next()
		if err != nil {
			t.Errorf("read: %v; got %v", err, next)
			return
		}
		_, text, _ := strings.Cut(record, `["`)
		g, err := strconv.Atoi(text[:1])
		if err != nil || g >= goroutines {
			t.Errorf("got %s, %v", record, err)
			return
		}
		if want := said(strconv.Itoa(g) + " in " + strconv.Itoa(next[g])); record != want {
			t.Errorf("got %s, want %s", record, want)
			return
		}
		next[g]++
	}
}

// After its connection's end a Caller says so, during it too.
func TestCallerAfterTheEnd(t *testing.T) {
	t.Parallel()
	b, callers := meet(t, nil)
	c := b.connect(t)
	caller := receive(t, callers)
	ended := make(chan error, 1)
	go func() {
		for {
			if err := errors.Join(caller.Join("g"), caller.Leave("g")); err != nil {
				ended <- err
				return
			}
		}
	}()
	c.conn.Close()
	if err := receive(t, ended); !errors.Is(err, signalr.ErrConnectionEnded) {
		t.Errorf("while it ended: %v", err)
	}
	for name, err := range map[string]error{
		"Join": caller.Join("g"), "Leave": caller.Leave("g"), "Forget": caller.Forget("k"), "AwaitRoom": caller.AwaitRoom(t.Context()),
	} {
		if !errors.Is(err, signalr.ErrConnectionEnded) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if err := message.To(t.Context(), caller.Self(), "x"); err != nil { // SEND-02
		t.Errorf("Send: %v", err)
	}
	if caller.Items() == nil || caller.ConnectionID() == "" {
		t.Error("what it knew is gone")
	}
}
