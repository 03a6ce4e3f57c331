package signalr_test

import (
	"strconv"
	"strings"
	"sync"
	"testing"
	"testing/synctest"

	"github.com/fanfare-hub/fanfare/signalr"
	"github.com/fanfare-hub/fanfare/signalr/internal/ws"
)

// SR-17, CLI-12: a client that comes back before the loss of its socket was
// noticed is let in, and the older socket closed.
func TestTakeOver(t *testing.T) {
	t.Parallel()
	b, seen := resumable(t, nil, nil)
	first, query := b.stateful(t)
	first.say("one")
	for i := range 3 {
		next := b.dial(t, query)
		next.send(sequence(2 + i))
		next.await(`{"type":9`)
		for _, err := first.next(); err == nil; _, err = first.next() {
			continue
		}
		next.send(`{"type":1,"invocationId":"x` + strconv.Itoa(i) + `","target":"Say","arguments":["still"]}`)
		next.await(`{"type":3,"invocationId":"x` + strconv.Itoa(i) + `"`)
		first = next
	}
	if n := seen.connected.Load(); n != 1 || b.server.Connections() != 1 {
		t.Errorf("OnConnected ran %d times, %d connections", n, b.server.Connections())
	}
}

// SR-17: a client that answers the Close frame of its older socket goes on all
// the same.
func TestTakeOverFromWhoAnswers(t *testing.T) {
	t.Parallel()
	b, seen := resumable(t, nil, nil)
	c, query := b.stateful(t)
	for i := range 200 {
		old := c
		var answering sync.WaitGroup
		answering.Go(func() {
			for {
				if _, _, err := old.conn.ReadMessage(nil); err != nil {
					old.conn.WriteClose(ws.CodeNormal, "")
					return
				}
			}
		})
		c = b.dial(t, query)
		c.send(sequence(1 + i))
		c.await(`{"type":9`)
		answering.Wait()
		c.send(`{"type":1,"invocationId":"` + strconv.Itoa(i) + `","target":"Id","arguments":[]}`)
		c.await(`{"type":3,"invocationId":"` + strconv.Itoa(i) + `"`)
	}
	if n := seen.connected.Load(); n != 1 {
		t.Errorf("OnConnected ran %d times", n)
	}
}

// SR-17: nor does the new socket wait for what the old one does not take.
func TestTakeOverFromAFullSocket(t *testing.T) {
	t.Parallel()
	b, _ := resumable(t, nil, nil)
	_, query := b.stateful(t)
	witness, large := b.connect(t), strings.Repeat("x", 12<<20)
	if err := message.To(t.Context(), b.hub.All(), large); err != nil {
		t.Fatal(err)
	}
	witness.want(said(large)) // the other one's socket is full by now
	c := b.dial(t, query)
	c.send(sequence(1))
	c.await(sequence(1))
}

// SR-13, SR-17: what a client says while its older socket is being closed is
// answered behind the replay all the same, even if it is the end.
func TestTakeOverThatIsRefusedAtOnce(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		release := make(chan struct{})
		o, seen := returning(nil, &signalr.HubOptions{DetailedErrors: true})
		b := overPipes(t, o, release)
		first, query := b.stateful(t)
		first.say("one")
		c := b.dial(t, query)
		var sending sync.WaitGroup
		sending.Go(func() { c.send(sequence(3)) })
		synctest.Wait() // the server is about to go over to it
		close(release)
		c.want(sequence(1), said("one"), `{"type":3,"invocationId":"i",`+void+`}`, gap)
		c.wantClosed()
		sending.Wait()
		if receive(t, seen.disconnected) == nil {
			t.Error("OnDisconnected got no error")
		}
	})
}
