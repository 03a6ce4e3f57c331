package ws_test

import (
	"errors"
	"net"
	"os"
	"sync"
	"testing"
	"time"

	"github.com/fanfare-hub/fanfare/signalr/internal/ws"
)

// resumed counts the calls of Resume by a channel.
type resumed chan struct{}

func (r resumed) Resume() { r <- struct{}{} }

func openLot(t *testing.T) *ws.Lot {
	t.Helper()
	lot, err := ws.NewLot()
	if err != nil {
		t.Fatal(err)
	}
	var serving sync.WaitGroup
	serving.Go(lot.Serve)
	t.Cleanup(func() {
		lot.Close()
		serving.Wait()
	})
	return lot
}

// TestParkedConnectionIsResumed: by bytes, by the peer's end, by a deadline, by
// Close; each time once, and reading then tells what it was.
func TestParkedConnectionIsResumed(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		before, after func(server, client *ws.Conn)
		want          error
	}{
		"bytes": {after: func(_, client *ws.Conn) { client.WriteMessage(ws.Text, []byte("m")) }},
		"early": {before: func(_, client *ws.Conn) { client.WriteMessage(ws.Text, []byte("m")) }},
		"ended": {after: func(_, client *ws.Conn) { client.Close() }, want: net.ErrClosed},
		"deadline": {
			after: func(server, _ *ws.Conn) { server.SetReadDeadline(time.Unix(1, 0)) }, want: os.ErrDeadlineExceeded,
		},
		"closed": {after: func(server, _ *ws.Conn) { server.Close() }, want: net.ErrClosed},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			lot := openLot(t)
			server, client := dialed(t, false)
			if c.before != nil {
				c.before(server, client)
			}
			r := make(resumed, 2)
			if err := lot.Park(server, r); err != nil {
				t.Fatal(err)
			}
			if c.after != nil {
				c.after(server, client)
			}
			<-r
			_, got, err := server.ReadMessage(nil)
			switch {
			case c.want == nil && (err != nil || string(got) != "m"):
				t.Errorf("read %q, %v", got, err)
			case c.want != nil && err == nil, errors.Is(c.want, os.ErrDeadlineExceeded) && !errors.Is(err, c.want):
				t.Errorf("read %q, %v; want %v", got, err, c.want)
			}
			server.Close()
			if len(r) > 0 {
				t.Error("resumed twice")
			}
		})
	}
}

// TestLeaveAndParkAgain: who leaves is not resumed, and a new stay is not
// ended by what belonged to the one before.
func TestLeaveAndParkAgain(t *testing.T) {
	t.Parallel()
	lot := openLot(t)
	server, client := dialed(t, false)
	first, second := make(resumed, 2), make(resumed, 2)
	if lot.Leave(server) {
		t.Error("left before it came")
	}
	if err := lot.Park(server, first); err != nil || !lot.Leave(server) || lot.Leave(server) {
		t.Fatalf("parking and leaving failed: %v", err)
	}
	if err := lot.Park(server, second); err != nil {
		t.Fatal(err)
	}
	if err := client.WriteMessage(ws.Text, []byte("m")); err != nil {
		t.Fatal(err)
	}
	<-second
	if len(first) > 0 {
		t.Error("the first stay was resumed")
	}
}

// TestResumeIsCalledOnce whoever comes first: bytes, a deadline or the end.
func TestResumeIsCalledOnce(t *testing.T) {
	t.Parallel()
	lot := openLot(t)
	for range 50 {
		server, client := dialed(t, false)
		r := make(resumed, 4)
		if err := lot.Park(server, r); err != nil {
			t.Fatal(err)
		}
		var all sync.WaitGroup
		all.Go(func() { client.WriteMessage(ws.Text, []byte("m")) })
		all.Go(func() { server.SetReadDeadline(time.Unix(1, 0)) })
		all.Go(func() { server.Close() })
		all.Wait()
		<-r
		if lot.Leave(server) || len(r) > 0 {
			t.Fatal("resumed and still there, or twice")
		}
	}
}

func TestNotEverybodyCanPark(t *testing.T) {
	t.Parallel()
	lot := openLot(t)
	secure, _ := dialed(t, true)
	closed, _ := dialed(t, false)
	closed.Close()
	busy, client := dialed(t, false)
	if err := client.WriteMessage(ws.Text, []byte("m")); err != nil {
		t.Fatal(err)
	}
	if err := busy.Wait(); err != nil {
		t.Fatal(err)
	}
	for name, conn := range map[string]*ws.Conn{"TLS": secure, "closed": closed, "bytes unused": busy} {
		if err := lot.Park(conn, make(resumed)); !errors.Is(err, ws.ErrLot) {
			t.Errorf("%s: got %v, want ErrLot", name, err)
		}
	}
}
