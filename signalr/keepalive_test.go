package signalr_test

import (
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/fanfare-hub/fanfare/signalr"
	hubclient "github.com/fanfare-hub/fanfare/signalr/client"
)

// PING-03: pings do not queue up behind what a client does not take, and
// nobody else's wait for it.
func TestPingsSkipBlockedClients(t *testing.T) {
	t.Parallel()
	b := setup(t, options{
		server:  &signalr.ServerOptions{TickInterval: 5 * time.Millisecond, QueueLimit: 64 << 20},
		hub:     &signalr.HubOptions{KeepAliveInterval: time.Nanosecond}, // each tick
		prepare: room,
	})
	blocked, other := b.connect(t), b.connect(t)
	id := blocked.idAmongPings()
	long := strings.Repeat("x", 8<<20) // more than any socket's buffers
	if err := message.To(t.Context(), b.hub.Client(id), long); err != nil {
		t.Fatal(err)
	}
	other.idAmongPings() // those before it do not count
	const pings = 20
	for range pings {
		other.want(`{"type":6}`)
	}
	if err := message.To(t.Context(), b.hub.Client(id), "behind"); err != nil {
		t.Fatal(err)
	}
	blocked.skipPings(said(long))
	if skipped := blocked.skipPings(said("behind")); skipped >= pings {
		t.Errorf("%d pings waited behind a message", skipped)
	}
}

// skipPings reads up to a record and returns the number of pings before it.
func (c *client) skipPings(want string) int {
	c.t.Helper()
	for pings := 0; ; pings++ {
		switch got, err := c.next(); {
		case err != nil:
			c.t.Fatal(err)
		case got == want:
			return pings
		case got != `{"type":6}`:
			c.t.Fatalf("got %.80s, want %.80s", got, want)
		}
	}
}

// idAmongPings asks for the connection's id.
func (c *client) idAmongPings() string {
	c.t.Helper()
	c.send(`{"type":1,"invocationId":"id","target":"Id","arguments":[]}`)
	for {
		record, err := c.next()
		if err != nil {
			c.t.Fatal(err)
		}
		if id, ok := strings.CutPrefix(record, `{"type":3,"invocationId":"id","result":"`); ok {
			return strings.TrimSuffix(id, `"}`)
		}
	}
}

// PING-06, PING-07, PING-08: neither a method that runs nor bytes that are no
// message yet keep a silent client.
func TestSilentClientsAreGivenUp(t *testing.T) {
	t.Parallel()
	for name, sends := range map[string][]string{
		"a method runs": {`{"type":6}` + "\x1e", `{"type":1,"target":"Wait","arguments":["a"]}` + "\x1e"},
		"a stream runs": {`{"type":6}` + "\x1e", `{"type":4,"invocationId":"1","target":"Forever","arguments":[]}` + "\x1e"},
		"half a message": {
			`{"type":6}` + "\x1e", `{"type":1,"tar`, `get":"Wait","argu`, `ments":["a"]`,
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			g := newGates()
			b := setup(t, options{
				server: &signalr.ServerOptions{TickInterval: 5 * time.Millisecond},
				hub:    &signalr.HubOptions{ClientTimeoutInterval: 50 * time.Millisecond},
				prepare: func(h *signalr.Hub) {
					g.register(h)
					h.Handle("Forever", forever)
				},
			})
			c := b.connect(t)
			for _, text := range sends {
				c.raw(text)
			}
			for {
				record, err := c.next()
				if err != nil {
					t.Fatal(err)
				}
				if record == failedClose {
					break
				}
				if record != item("1", "0") {
					t.Fatalf("got %s", record)
				}
			}
			c.wantClosed()
		})
	}
}

// PING-06, PING-07: whatever a client says in whole messages keeps it, and
// nothing else does.
func TestTalkingClientsAreKept(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := inMemory(t, options{prepare: methods})
		c := b.Connect(t, &hubclient.Options{KeepAliveInterval: time.Hour}) // after its first ping
		for range 5 {
			<-time.After(signalr.DefaultClientTimeoutInterval - time.Second)
			var got string
			if err := c.Invoke(t.Context(), &got, "Echo", "x"); err != nil {
				t.Fatal(err)
			}
		}
		<-time.After(signalr.DefaultClientTimeoutInterval + 2*time.Second)
		synctest.Wait()
		if b.Connections() > 0 {
			t.Error("a silent client was kept")
		}
	})
}

// PING-09: clients ping every 15 s and give up a server that is silent for
// 30 s.
func TestDefaultsFitClients(t *testing.T) {
	t.Parallel()
	const clientPings, clientPatience, tick = 15 * time.Second, 30 * time.Second, time.Second
	if worst := signalr.DefaultKeepAliveInterval + tick; worst >= clientPatience {
		t.Errorf("a ping after up to %v, clients wait %v", worst, clientPatience)
	}
	if signalr.DefaultClientTimeoutInterval < 2*clientPings {
		t.Errorf("clients are given up after %v, and ping every %v", signalr.DefaultClientTimeoutInterval, clientPings)
	}
}
