//go:build unix

package e2e

import (
	"context"
	"encoding/json"
	"net"
	"net/http"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/fanfare-hub/fanfare"
	"github.com/fanfare-hub/fanfare/signalr/client"
)

// The bad line: a KiB at a time, and little room in the client's own system,
// which the server cannot see into.
const (
	slowChunk  = 1 << 10
	slowPace   = 10 * time.Millisecond
	slowBuffer = 4 << 10
)

// slowConn reads a chunk for each tick, once it is slow.
type slowConn struct {
	net.Conn

	slow *atomic.Bool
	read *atomic.Int64 // bytes since then
	tick *time.Ticker
}

func (c *slowConn) Read(p []byte) (int, error) {
	if !c.slow.Load() {
		return c.Conn.Read(p)
	}
	<-c.tick.C
	n, err := c.Conn.Read(p[:min(len(p), slowChunk)])
	c.read.Add(int64(n))
	return n, err
}

// followSlowly connects a client behind the bad line; it is slow from the
// moment that the function returned says so.
func followSlowly(t *testing.T, base string, each func(fanfare.Envelope), topics ...fanfare.Topic) (slow *atomic.Bool, read *atomic.Int64) {
	t.Helper()
	slow, read = &atomic.Bool{}, &atomic.Int64{}
	dialer := &net.Dialer{Control: func(_, _ string, raw syscall.RawConn) (err error) {
		failed := raw.Control(func(fd uintptr) {
			err = syscall.SetsockoptInt(int(fd), syscall.SOL_SOCKET, syscall.SO_RCVBUF, slowBuffer)
		})
		if failed != nil {
			return failed
		}
		return err
	}}
	tick := time.NewTicker(slowPace)
	t.Cleanup(tick.Stop)
	dial := func(ctx context.Context, network, address string) (net.Conn, error) {
		conn, err := dialer.DialContext(ctx, network, address)
		if err != nil {
			return nil, err
		}
		return &slowConn{Conn: conn, slow: slow, read: read, tick: tick}, nil
	}
	c := client.New(base+"/aspire-realtime", &client.Options{HTTPClient: &http.Client{Transport: &http.Transport{DialContext: dial}}})
	c.On("ReceiveEvent", func(data json.RawMessage) {
		e, err := fanfare.DecodeEnvelope(data)
		if err != nil {
			t.Error(err)
		}
		each(e)
	})
	if err := c.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		slow.Store(false)
		c.Stop(context.Background())
	})
	for _, topic := range topics {
		if err := c.Invoke(t.Context(), nil, "Subscribe", topic.String(), map[string]string{"from": "start"}); err != nil {
			t.Fatal(err)
		}
	}
	return slow, read
}

// TestSlowClientOnABusyDocument: who takes a KiB at a time sees the end of a
// document after some KiB, not after all that went by; every event is there or
// covered, for it and for a fast client beside it.
func TestSlowClientOnABusyDocument(t *testing.T) {
	t.Parallel()
	const events, batch = 4_000, 100 // some two MB of envelopes
	base, document := startServer(t), fanfare.DeriveID(t.Name())
	topic := fanfare.DocumentTopic(document)
	fast := followWithGo(t, base, topic)
	behind, ended := newAccount(t), make(chan struct{})
	slow, read := followSlowly(t, base, func(e fanfare.Envelope) {
		behind.envelope(e)
		if e.Event.Terminal() {
			close(ended)
		}
	}, topic)
	slow.Store(true)
	var receipts []stored
	for len(receipts) < events {
		list := make([]fanfare.Event, batch)
		for i := range list {
			done := len(receipts) + i + 1
			list[i] = step(document, done, statusAt(done, events), done*100/events)
		}
		receipts = append(receipts, publish(t, base, list...)...)
	}
	within(t, fast.terminal)
	atEnd := read.Load()
	within(t, ended)
	late := read.Load() - atEnd
	t.Logf("the terminal state came after %d KiB more, %d events were covered", late>>10, behind.covered)
	if late > 64<<10 {
		t.Errorf("the terminal state came after %d KiB more", late>>10)
	}
	behind.settle(receipts)
	if behind.covered == 0 {
		t.Error("nothing was covered: the test shows nothing")
	}
	fast.mu.Lock()
	defer fast.mu.Unlock()
	fast.account.settle(receipts)
}

// TestCriticalOvertakes: what is critical comes to a slow client before what
// waits of other topics, and not before what waits of its own.
func TestCriticalOvertakes(t *testing.T) {
	t.Parallel()
	const waiting = 500
	base := startServer(t)
	busy, critical := fanfare.ServiceTopic("busy"), fanfare.ServiceTopic("critical")
	order := make(chan fanfare.Envelope, 2*waiting)
	slow, _ := followSlowly(t, base, func(e fanfare.Envelope) { order <- e }, busy, critical)
	slow.Store(true)
	var events []fanfare.Event
	for n := range waiting {
		events = append(events, fanfare.Event{
			ID: fanfare.NewID(), Type: fanfare.ServiceScaled, Service: busy.ID, Payload: fanfare.ScaledPayload{Message: "busy", NewCount: n},
		})
	}
	publish(t, base, events...)
	calm := publish(t, base, fanfare.Event{
		ID: fanfare.NewID(), Type: fanfare.ServiceScaled, Service: critical.ID, Payload: fanfare.ScaledPayload{Message: "calm"},
	})
	alarm := publish(t, base, fanfare.Event{
		ID: fanfare.NewID(), Type: fanfare.HealthStatusChanged, Service: critical.ID, Payload: fanfare.HealthPayload{Status: fanfare.HealthCritical},
	})
	var before, own int
	for e, _ := within(t, order); e.Event.ID != alarm[0].ID; e, _ = within(t, order) {
		if before++; e.Event.ID == calm[0].ID {
			own++
		}
	}
	t.Logf("%d of %d came before what is critical", before, waiting+1)
	if before > waiting/2 || own != 1 {
		t.Errorf("%d of %d events came before what is critical, of its own topic %d of 1", before, waiting+1, own)
	}
}
