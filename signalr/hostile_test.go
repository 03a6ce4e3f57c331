package signalr_test

import (
	"context"
	"fmt"
	"io"
	"iter"
	"math/rand/v2"
	"net"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/fanfare-hub/fanfare/signalr"
	"github.com/fanfare-hub/fanfare/signalr/internal/ws"
)

// SEC-02, SEC-04, SIZE-05, MP-26: what a client can send to harm, each with
// the end that it gets, or none where it is only nonsense.
func TestHostileMessages(t *testing.T) {
	t.Parallel()
	const (
		closed = `{"type":7,"error":"Connection closed with an error.","allowReconnect":true}` + "\x1e"
		packed = "\x25\x93\x07\xd9\x20Connection closed with an error.\xc3"
		alive  = ""
	)
	frame := func(body string) string { return string(rune(len(body))) + body }
	for name, c := range map[string]struct {
		pack bool
		sent string
		want string
	}{
		"ten megabytes":          {sent: strings.Repeat("x", 10<<20), want: closed},
		"ten megabytes of array": {sent: `{"type":1,"target":"Say","arguments":[` + strings.Repeat("0,", 5<<20), want: closed},
		"deep JSON":              {sent: `{"type":1,"target":"Say","arguments":[` + strings.Repeat("[", 10_000) + "\x1e", want: closed},
		"deep object":            {sent: `{"type":1,"target":"Say","x":` + strings.Repeat(`{"a":`, 5000) + "\x1e", want: closed},
		"no JSON":                {sent: "\x00\x01\x02\x1e", want: closed},
		"nothing":                {sent: "\x1e", want: closed},
		"unknown types":          {sent: strings.Repeat(`{"type":99}`+"\x1e", 100), want: alive},
		"a huge type":            {sent: `{"type":2147483647}` + "\x1e", want: alive},
		"too large a type":       {sent: `{"type":99999999999999999999}` + "\x1e", want: closed},
		"unknown streams": {
			sent: strings.Repeat(`{"type":2,"invocationId":"1","item":1}`+"\x1e"+`{"type":3,"invocationId":"2"}`+"\x1e", 100), want: alive,
		},
		"many streams with one id": {sent: strings.Repeat(`{"type":1,"target":"Sum","arguments":[],"streamIds":["1"]}`+"\x1e", 300), want: alive},
		"one id twice":             {sent: `{"type":1,"target":"Sum","arguments":[],"streamIds":["1","1"]}` + "\x1e", want: alive},
		"thousands of arguments":   {sent: `{"type":1,"target":"Say","arguments":[0` + strings.Repeat(",0", 10_000) + "]}\x1e", want: alive},

		"pack: a length of 2 GiB":   {pack: true, sent: "\xff\xff\xff\xff\x07" + strings.Repeat("\x91", 40_000), want: packed},
		"pack: a length beyond":     {pack: true, sent: "\xff\xff\xff\xff\xff\x01", want: packed},
		"pack: four billion items":  {pack: true, sent: frame("\xdd\xff\xff\xff\xff"), want: packed},
		"pack: as many arguments":   {pack: true, sent: frame("\x96\x01\x80\xc0\xa3Say\xdd\xff\xff\xff\xff"), want: alive},
		"pack: as many headers":     {pack: true, sent: frame("\x96\x01\xdf\xff\xff\xff\xff"), want: packed},
		"pack: a target of 4 GiB":   {pack: true, sent: frame("\x96\x01\x80\xc0\xdb\xff\xff\xff\xff"), want: packed},
		"pack: deep arrays":         {pack: true, sent: "\x88\x27" + "\x96\x01\x80\xc0\xa3Say" + strings.Repeat("\x91", 4992), want: alive},
		"pack: an unknown type":     {pack: true, sent: frame("\x92\x63\x80"), want: alive},
		"pack: the type is a float": {pack: true, sent: frame("\x92\xca\x00\x00\x00\x00\x80"), want: packed},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := setup(t, options{prepare: hostile})
			healthy := b.connect(t)
			bad := b.dial(t)
			bad.raw(`{"protocol":"` + map[bool]string{false: "json", true: "messagepack"}[c.pack] + `","version":1}` + "\x1e")
			bad.want(`{}`)
			ignoreBroken(bad, c.sent) // the server need not take all of it
			switch {
			case c.want == alive && c.pack:
				ignoreBroken(bad, frame("\x95\x01\x80\xa1e\xa7Nothing\x90"))
				bad.wantMessage("\x07\x95\x03\x80\xa1e\x03\xc0")
			case c.want == alive:
				bad.send(`{"type":1,"invocationId":"end","target":"Nothing","arguments":[]}`)
				bad.await(`{"type":3,"invocationId":"end"`)
			default:
				bad.wantEnd(c.want)
			}
			healthy.invoke("Nothing", `[]`, void)
		})
	}
}

func hostile(h *signalr.Hub) {
	room(h)
	h.Handle("Say", func(any) {})
	h.Handle("Nothing", func() {})
	h.Handle("Sum", func(items iter.Seq2[int, error]) error {
		for _, err := range items {
			if err != nil {
				return err
			}
		}
		return nil
	})
}

// ignoreBroken sends bytes to a server that may hang up meanwhile.
func ignoreBroken(c *client, text string) { _ = c.conn.WriteMessage(ws.Binary, []byte(text)) }

// wantMessage wants that to be the next message.
func (c *client) wantMessage(want string) {
	c.t.Helper()
	if _, got, err := c.conn.ReadMessage(nil); string(got) != want || err != nil {
		c.t.Errorf("got %q, %v", got, err)
	}
}

// wantEnd wants the connection to end in good order, with these bytes.
func (c *client) wantEnd(last string) {
	c.t.Helper()
	var got []byte
	for {
		_, message, err := c.conn.ReadMessage(nil)
		if err == nil {
			got = append(got, message...)
			continue
		}
		if want := `websocket closed by the peer: 1000 ""`; err.Error() != want || !strings.HasSuffix(string(got), last) {
			c.t.Errorf("got %q, then %v", got[:min(len(got), 1000)], err)
		}
		c.conn.WriteClose(ws.CodeNormal, "")
		return
	}
}

// attacker connects again and again, each time to do harm.
type attacker struct {
	t       *testing.T
	address string
	random  *rand.Rand
}

// SEC-02, DOWN-05: connections full of junk, a hundred thousand of them under
// make soak. Who behaves is served meanwhile, and nothing is left of the others.
func TestJunkConnections(t *testing.T) { //nolint:paralleltest // it measures the heap
	connections := 10_000
	switch {
	case os.Getenv("SOAK") != "":
		connections = 100_000
	case testing.Short():
		connections = 3_000
	}
	b := setup(t, options{
		server:  &signalr.ServerOptions{TickInterval: 20 * time.Millisecond, DisconnectTimeout: 100 * time.Millisecond},
		hub:     &signalr.HubOptions{HandshakeTimeout: 500 * time.Millisecond},
		prepare: hostile,
	})
	address := b.http.Listener.Addr().String()
	before := heap()
	stop := b.behave(t)
	kinds := []func(*attacker){
		(*attacker).randomBytes, (*attacker).randomRequest, (*attacker).randomFrames, (*attacker).randomRecords, (*attacker).halfHandshake, (*attacker).slowHandshake, (*attacker).negotiateOnly, (*attacker).postEarly,
	}
	var next atomic.Int64
	var clients sync.WaitGroup
	for worker := range 128 {
		clients.Go(func() {
			a := &attacker{t, address, rand.New(rand.NewPCG(uint64(worker), 7))}
			for i := next.Add(1); i <= int64(connections); i = next.Add(1) {
				kinds[int(i)%len(kinds)](a)
			}
		})
	}
	clients.Wait()
	if calls := stop(); calls == 0 {
		t.Error("who behaved was not served")
	}
	b.waitOpen(t, 0)
	waitFor(t, func() bool { return heap() < before+8<<20 })
}

// behave has a client call again and again until it is stopped.
func (b *bundle) behave(t *testing.T) (stop func() (calls int)) {
	t.Helper()
	c := b.connect(t)
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan int, 1)
	go func() {
		calls := 0
		for ; ctx.Err() == nil; calls++ {
			c.invoke("Nothing", `[]`, void)
		}
		done <- calls
	}()
	return func() int {
		cancel()
		calls := receive(t, done)
		c.conn.Close()
		return calls
	}
}

// open connects from one of many addresses, so that ports do not run out.
func (a *attacker) open() net.Conn {
	dialer := net.Dialer{LocalAddr: &net.TCPAddr{IP: net.IPv4(127, 0, byte(1+a.random.IntN(64)), byte(1+a.random.IntN(250)))}}
	conn, err := dialer.DialContext(a.t.Context(), "tcp", a.address)
	if err != nil {
		a.t.Errorf("connect: %v", err)
		return nil
	}
	_ = conn.SetDeadline(time.Now().Add(patience))
	return conn
}

// talk sends text and reads to the end, unless the client hangs up before.
func (a *attacker) talk(texts ...string) {
	conn := a.open()
	if conn == nil {
		return
	}
	defer conn.Close()
	for _, text := range texts {
		if _, err := io.WriteString(conn, text); err != nil {
			return
		}
	}
	if a.random.IntN(4) > 0 {
		return
	}
	if tcp, ok := conn.(*net.TCPConn); ok {
		_ = tcp.CloseWrite()
	}
	_, _ = io.Copy(io.Discard, conn)
}

func (a *attacker) noise(size int) string {
	bytes := make([]byte, a.random.IntN(size))
	for i := range bytes {
		bytes[i] = byte(a.random.Uint32())
	}
	return string(bytes)
}

func (a *attacker) randomBytes() {
	a.talk(a.noise(2000))
}

func (a *attacker) randomRequest() {
	methods, paths := []string{"GET", "POST", "DELETE", "PUT", "OPTIONS"}, []string{"/hub", "/hub/negotiate", "/hub?id=x", "/", "/hub?id=%00"}
	a.talk(methods[a.random.IntN(len(methods))] + " " + paths[a.random.IntN(len(paths))] + " HTTP/1.1\r\nHost: a\r\nAccept: " +
		[]string{"*/*", "text/event-stream"}[a.random.IntN(2)] + "\r\nContent-Length: 5\r\n\r\n" + a.noise(10))
}

const upgrade = "GET /hub HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n" +
	"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"

// masked is a client's frame with a mask of zeros.
func masked(payload string) string {
	head := []byte{0x81, 0x80 | byte(min(len(payload), 126))}
	if len(payload) >= 126 {
		head = append(head, byte(len(payload)>>8), byte(len(payload)))
	}
	return string(append(head, 0, 0, 0, 0)) + payload
}

func (a *attacker) randomFrames() {
	a.talk(upgrade, a.noise(500))
}

func (a *attacker) randomRecords() {
	records := []string{
		`{"type":1,"invocationId":"1","target":"Nothing","arguments":[]}`, `{"type":4,"invocationId":"1","target":"Nothing","arguments":[]}`,
		`{"type":1,"target":"Sum","arguments":[],"streamIds":["1"]}`, `{"type":2,"invocationId":"1","item":"x"}`, `{"type":6}`, `{"type":99}`,
		`{"type":3,"invocationId":"1"}`, `{"type":9,"sequenceId":-1}`, `{"type":7}`, `[`, `{`, `null`,
	}
	text := shake
	var textSb279 strings.Builder
	for range a.random.IntN(20) {
		textSb279.WriteString(records[a.random.IntN(len(records))] + "\x1e")
	}
	text += textSb279.String()
	a.talk(upgrade, masked(text))
}

func (a *attacker) halfHandshake() {
	a.talk(upgrade, masked(shake[:a.random.IntN(len(shake))]))
}

// slowHandshake sends a byte at a time, until the server has enough of it.
func (a *attacker) slowHandshake() {
	a.talk(strings.Split(upgrade+masked(shake[:20]), "")...)
}

func (a *attacker) negotiateOnly() {
	a.talk("POST /hub/negotiate?negotiateVersion=1 HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Length: 0\r\n\r\n")
}

// postEarly posts to a connection that gets no transport.
func (a *attacker) postEarly() {
	conn := a.open()
	if conn == nil {
		return
	}
	defer conn.Close()
	_, _ = io.WriteString(conn, "POST /hub/negotiate?negotiateVersion=1 HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n")
	answer := make([]byte, 2048)
	n, _ := conn.Read(answer)
	_, rest, _ := strings.Cut(string(answer[:n]), `"connectionToken":"`)
	token, _, _ := strings.Cut(rest, `"`)
	fmt.Fprintf(conn, "POST /hub?id=%s HTTP/1.1\r\nHost: a\r\nContent-Length: %d\r\n\r\n%s", token, len(shake), shake)
	_, _ = conn.Read(answer)
}
