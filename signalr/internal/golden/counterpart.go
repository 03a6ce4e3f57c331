package golden

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"

	"github.com/fanfare-hub/fanfare/signalr/hubproto"
	"github.com/fanfare-hub/fanfare/signalr/internal/ws"
)

// Counterpart is the server of a [Script] as its clients see it, over real
// sockets: it hands out the recorded negotiations in their order, and says and
// hears what it is told to. It is an [http.Handler].
type Counterpart struct {
	mu    sync.Mutex
	peers []*peer // those that are not negotiated yet; guarded by mu

	all map[string]*peer // by the channel's name
}

// peer is one connection with a client.
type peer struct {
	channel *Channel
	heard   chan string  // messages of the client, MessagePack as what it means
	out     chan []byte  // frames to it
	end     chan ws.Code // holds the end, behind what is in out

	mu     sync.Mutex // guards the fields below
	shaken bool
	polled bool
	rest   []byte
}

// NewCounterpart returns the server of a script.
func NewCounterpart(s *Script) *Counterpart {
	c := &Counterpart{all: map[string]*peer{}}
	for _, channel := range s.Channels {
		p := &peer{
			channel: channel, heard: make(chan string, 1000), out: make(chan []byte, 1000),
			end: make(chan ws.Code, 1),
		}
		c.peers, c.all[channel.Name] = append(c.peers, p), p
	}
	return c
}

// Hear returns the next message of a client, MessagePack as what it means. Pings
// and Acks are left out: they come when the client likes.
func (c *Counterpart) Hear(ctx context.Context, channel string) (string, error) {
	for {
		select {
		case message := <-c.all[channel].heard:
			if kind := typeOf(message); kind != hubproto.TypePing && kind != hubproto.TypeAck {
				return message, nil
			}
		case <-ctx.Done():
			return "", fmt.Errorf("the client says nothing: %w", ctx.Err())
		}
	}
}

// Say sends bytes to a client.
func (c *Counterpart) Say(channel string, frame []byte) { c.all[channel].out <- frame }

// End ends a client's transport behind what was said.
func (c *Counterpart) End(channel string, code int) {
	c.all[channel].end <- ws.Code(code) //nolint:gosec // codes have 16 bits
}

// Cut ends a client's WebSocket without a Close frame, behind what was said; the
// client may open another one.
func (c *Counterpart) Cut(channel string) { c.all[channel].end <- abnormal }

// ServeHTTP plays one request's part.
func (c *Counterpart) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if path, found := strings.CutSuffix(r.URL.Path, "/negotiate"); found {
		c.negotiate(w, r, path)
		return
	}
	p := c.all[strings.TrimSuffix(r.URL.Query().Get("id"), ".token")]
	switch {
	case p == nil || !p.channel.allows(r, r.URL.Path):
		http.Error(w, "not the recorded request", http.StatusNotFound)
	case ws.IsUpgrade(r):
		p.serveWebSocket(w, r)
	case r.Header.Get("Accept") == "text/event-stream":
		p.serveEvents(w, r)
	case r.Method == http.MethodGet:
		p.servePoll(w, r)
	case r.Method == http.MethodPost:
		body, _ := io.ReadAll(r.Body) // what is missing is found missing
		p.hear(body)
	default:
		w.WriteHeader(http.StatusAccepted)
	}
}

func (c *Counterpart) negotiate(w http.ResponseWriter, r *http.Request, path string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.peers) == 0 || !c.peers[0].channel.allows(r, path) {
		http.Error(w, "not the recorded negotiation", http.StatusNotFound)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	_, _ = io.WriteString(w, c.peers[0].channel.answer) //nolint:gosec // recorded, and for tests
	c.peers = c.peers[1:]
}

// allows says whether a request goes where it was recorded, with the token that
// was recorded.
func (c *Channel) allows(r *http.Request, path string) bool {
	hub, _, _ := strings.Cut(c.Path, "?")
	token := strings.TrimPrefix(r.Header.Get("Authorization"), "Bearer ")
	return path == hub && token == c.Token
}

// hear takes bytes of the client apart.
func (p *peer) hear(data []byte) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.rest = append(p.rest, data...)
	for len(p.rest) > 0 {
		var codec hubproto.Codec = hubproto.NewJSON(nil)
		packed := p.channel.Binary && p.shaken
		if packed {
			codec = hubproto.NewMessagePack(nil)
		}
		record, rest, err := codec.Next(p.rest, 0)
		switch {
		case err != nil:
			p.heard <- err.Error()
			return
		case record == nil:
			return
		case packed:
			p.heard <- Means(record)
		default:
			p.heard <- string(record)
		}
		p.shaken, p.rest = true, rest
	}
}

// next waits for what is to be sent; at the end it returns the code.
func (p *peer) next(ctx context.Context) (frame []byte, code ws.Code, err error) {
	select {
	case frame = <-p.out:
		return frame, 0, nil
	default:
	}
	select {
	case frame = <-p.out:
		return frame, 0, nil
	case code = <-p.end:
		select {
		case frame = <-p.out:
			p.end <- code
			return frame, 0, nil
		default:
			return nil, code, nil
		}
	case <-ctx.Done():
		return nil, 0, ctx.Err()
	}
}

func (p *peer) serveWebSocket(w http.ResponseWriter, r *http.Request) {
	conn, err := ws.Accept(w, r)
	if err != nil {
		return // the client sees the refusal
	}
	ctx, cancel := context.WithCancel(context.WithoutCancel(r.Context()))
	var writing sync.WaitGroup
	writing.Go(func() { p.write(ctx, conn) })
	for {
		_, data, err := conn.ReadMessage(nil)
		if err != nil {
			if _, closed := errors.AsType[*ws.CloseError](err); closed {
				_ = conn.WriteClose(ws.CodeNormal, "") // an answer, or too late
			}
			break
		}
		p.hear(data)
	}
	cancel()
	writing.Wait()
	_ = conn.Close()
}

func (p *peer) write(ctx context.Context, conn *ws.Conn) {
	opcode := ws.Text
	if p.channel.Binary {
		opcode = ws.Binary
	}
	for {
		frame, code, err := p.next(ctx)
		switch {
		case err != nil:
			return
		case code == abnormal:
			_ = conn.Close()
			return
		case code != 0:
			_ = conn.WriteClose(code, "") // the reader sees what became of it
			return
		}
		_ = conn.WriteMessage(opcode, frame) // likewise
	}
}

func (p *peer) serveEvents(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Type", "text/event-stream")
	_, _ = io.WriteString(w, ":\r\n")
	for {
		_ = http.NewResponseController(w).Flush() // a client that is gone ends the context
		frame, _, err := p.next(r.Context())
		if err != nil || frame == nil {
			return
		}
		_, _ = fmt.Fprintf(w, "data: %s\r\n\r\n", frame) //nolint:gosec // recorded, and for tests
	}
}

func (p *peer) servePoll(w http.ResponseWriter, r *http.Request) {
	p.mu.Lock()
	first := !p.polled
	p.polled = true
	p.mu.Unlock()
	if first {
		return
	}
	frame, _, err := p.next(r.Context())
	switch {
	case err != nil:
	case frame == nil:
		w.WriteHeader(http.StatusNoContent)
	default:
		_, _ = w.Write(frame) //nolint:gosec // recorded, and for tests
	}
}
