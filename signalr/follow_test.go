package signalr_test

import (
	"strconv"
	"strings"
	"testing"

	"github.com/fanfare-hub/fanfare/signalr"
)

// A follower reads what is sent of one key: message i says so, and has the
// Position i.
type follower struct {
	*client

	b        *bundle
	query    string // to come back with; empty without stateful reconnect
	received int    // messages that have a number
	again    int    // of them, how many come once more
	next     uint64
}

// numbered sends messages i to end to a target, under one key.
func (b *bundle) numbered(t *testing.T, target signalr.Target, i, end uint64, before func() error) {
	t.Helper()
	for ; i < end; i++ {
		if err := before(); err != nil {
			t.Error(err)
			return
		}
		how := signalr.Delivery{Key: "log", Logged: true, Position: i}
		if err := message.To(t.Context(), target.With(how), strconv.FormatUint(i, 10)+strings.Repeat("x", 8<<10)); err != nil {
			t.Error(err)
			return
		}
	}
}

// readTo reads messages up to that one, and acknowledges them.
func (f *follower) readTo(end uint64) {
	f.t.Helper()
	for f.next < end {
		record, err := f.client.next()
		switch {
		case err != nil:
			f.t.Fatalf("read: %v; want message %d", err, f.next)
		case strings.HasPrefix(record, `{"type":9`):
			f.again = f.received + 1 - number(f.t, record)
		case !strings.HasPrefix(record, `{"type":1`): // a Ping, an Ack
		case f.again > 0:
			f.again--
		default:
			f.take(record)
		}
	}
}

func (f *follower) take(record string) {
	f.t.Helper()
	if want := said(strconv.FormatUint(f.next, 10) + strings.Repeat("x", 8<<10)); record != want {
		f.t.Fatalf("got %.60s, want message %d", record, f.next)
	}
	f.received, f.next = f.received+1, f.next+1
	if f.query != "" {
		f.send(ack(f.received))
	}
}

func number(tb testing.TB, record string) int {
	tb.Helper()
	n, err := strconv.Atoi(strings.TrimSuffix(strings.TrimPrefix(record, `{"type":9,"sequenceId":`), "}"))
	if err != nil {
		tb.Fatalf("%s: %v", record, err)
	}
	return n
}

// comeBack goes on with another socket.
func (f *follower) comeBack(t *testing.T) {
	t.Helper()
	f.conn.Close()
	f.client = f.b.dial(t, f.query)
	f.send(sequence(1))
}

// A socket that falls behind gets each message once and in order: up to After
// as it was sent, from there on from where it is stored. A client that comes
// back does not lose what had a number, nor what waited.
func TestOverflowOnASocket(t *testing.T) {
	t.Parallel()
	for name, stateful := range map[string]bool{"plain": false, "stateful": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b, _ := resumable(t, &signalr.ServerOptions{QueueLimit: 64 << 10}, nil)
			f := &follower{b: b}
			if stateful {
				f.client, f.query = b.stateful(t)
			} else {
				f.client = b.connect(t)
			}
			sent := uint64(0)
			for b.server.Stats().Skipped == 0 { // the socket has buffers too
				b.numbered(t, b.hub.All(), sent, sent+10, func() error { return nil })
				sent += 10
			}
			got, err := b.hub.NextOverflow(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			if f.readTo(got.After / 2); stateful {
				f.comeBack(t)
			}
			f.readTo(got.After)
			if err := got.Caller.Forget(got.Key); err != nil {
				t.Fatal(err)
			}
			done := make(chan struct{})
			go func() {
				defer close(done)
				b.numbered(t, got.Caller.Self(), got.After, sent+300, func() error { return got.Caller.AwaitRoom(t.Context()) })
			}()
			f.readTo(sent + 300)
			<-done
			if s := b.server.Stats(); s.Overflowed != 0 || int(sent-got.After) != int(s.Skipped) {
				t.Errorf("after %d of %d: %+v", got.After, sent, s)
			}
		})
	}
}
