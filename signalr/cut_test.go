package signalr_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/fanfare-hub/fanfare/signalr"
	"github.com/fanfare-hub/fanfare/signalr/internal/ws"
)

// A client whose socket is cut at random while messages go both ways gets each
// of them once and in order, and so does the server.
func TestCutAtRandom(t *testing.T) {
	t.Parallel()
	cuts, total := 100, 10_000
	if testing.Short() {
		cuts, total = 20, 2000
	}
	heard := make(chan string, total)
	b := setup(t, options{
		server:   &signalr.ServerOptions{TickInterval: time.Millisecond, QueueLimit: 64 << 20},
		endpoint: &signalr.EndpointOptions{AllowStatefulReconnects: true},
		prepare: func(h *signalr.Hub) {
			room(h)
			h.Handle("Hear", func(text string) { heard <- text })
		},
	})
	p := newPeer(t, b)
	go func() {
		for i := range total {
			message.To(context.Background(), b.hub.All(), strconv.Itoa(i))
		}
	}()
	p.run(total, cuts)
	for i := range total {
		if got := receive(t, heard); got != strconv.Itoa(i) {
			t.Fatalf("the server heard %s, want %d", got, i)
		}
	}
}

// peer is a client with stateful reconnect by hand.
type peer struct {
	*client

	b        *bundle
	query    string
	kept     []string // sent, not acknowledged
	sent     int      // how many were
	received int      // the number of the newest
	next     int      // the number that comes next
	got      int      // messages of the hub
	random   *rand.Rand
}

func newPeer(t *testing.T, b *bundle) *peer {
	t.Helper()
	c, query := b.stateful(t)
	return &peer{client: c, b: b, query: query, next: 1, random: rand.New(rand.NewPCG(1, 1))}
}

// run sends and receives so many messages, through so many cuts.
func (p *peer) run(total, cuts int) {
	each := 2 * total / (cuts + 1)
	for budget := each; p.got < total || len(p.kept) > 0 || p.sent < total; budget-- {
		if p.sent < total && len(p.kept) < 50 {
			p.say(fmt.Sprintf(`{"type":1,"target":"Hear","arguments":["%d"]}`, p.sent))
		}
		if p.got < total || len(p.kept) >= 50 || p.sent == total {
			p.hear()
		}
		if budget == 0 && cuts > 0 {
			budget, cuts = 1+p.random.IntN(2*each), cuts-1
			p.reconnect()
		}
	}
	if cuts > 0 {
		p.t.Errorf("%d cuts are left", cuts)
	}
}

func (p *peer) say(record string) {
	p.sent++
	p.kept = append(p.kept, record)
	_ = p.conn.WriteMessage(ws.Text, []byte(record+"\x1e"))
}

// hear takes one record.
func (p *peer) hear() {
	record, err := p.client.next()
	if err != nil {
		p.t.Fatalf("after %d messages: %v", p.got, err)
	}
	var n int
	switch {
	case scan(record, `{"type":8,"sequenceId":%d}`, &n):
		p.kept = p.kept[max(0, len(p.kept)-(p.sent-n)):]
	case scan(record, `{"type":9,"sequenceId":%d}`, &n):
		p.next = n
	case strings.HasPrefix(record, `{"type":1,`):
		if p.next++; p.next <= p.received+1 {
			return // it came before
		}
		p.received++
		if record != said(strconv.Itoa(p.got)) {
			p.t.Fatalf("got %s, want %d", record, p.got)
		}
		if p.got++; p.got%7 == 0 {
			_ = p.conn.WriteMessage(ws.Text, []byte(ack(p.received)+"\x1e"))
		}
	}
}

func scan(record, format string, n *int) bool {
	found, err := fmt.Sscanf(record, format, n)
	return err == nil && found == 1
}

// reconnect cuts the socket, sometimes only after the next one is there.
func (p *peer) reconnect() {
	old := p.conn
	if p.random.IntN(2) == 0 {
		old.Close()
	}
	p.client = p.b.dial(p.t, p.query)
	old.Close()
	p.send(sequence(p.sent - len(p.kept) + 1))
	for _, record := range p.kept {
		p.send(record)
	}
}
