package client_test

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/fanfare-hub/fanfare/signalr/client"
)

// memoryHub is a server of Server-Sent Events without a network, so that time
// can be a bubble's. It is the [http.RoundTripper] of its clients.
type memoryHub struct {
	refuse func(negotiation int) bool // from 1 on; nil refuses none
	posted func(body string) int      // the status of an answer to messages; nil is 200

	mu    sync.Mutex // guards the fields below
	asked []time.Time
	conns []*memoryConn
}

// memoryConn is one connection with a client.
type memoryConn struct {
	out  chan string // what is written to it
	sent chan string // what it has sent, a message each, pings left out
}

const memoryOffer = `{"negotiateVersion":1,"connectionId":"id-%[1]d","connectionToken":"%[1]d",` +
	`"availableTransports":[{"transport":"ServerSentEvents","transferFormats":["Text"]}]}`

// options are those of a client of the hub.
func (h *memoryHub) options() *client.Options {
	return &client.Options{HTTPClient: &http.Client{Transport: h}}
}

// conn is the connection of a number, from 1 on.
func (h *memoryHub) conn(n int) *memoryConn {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.conns[n-1]
}

// attempts are the times of the negotiations.
func (h *memoryHub) attempts() []time.Time {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.asked
}

func (h *memoryHub) RoundTrip(r *http.Request) (*http.Response, error) {
	if r.Body != nil {
		defer r.Body.Close()
	}
	if strings.HasSuffix(r.URL.Path, "/negotiate") {
		return h.negotiate(r), nil
	}
	n, err := strconv.Atoi(r.URL.Query().Get("id"))
	if err != nil {
		return respond(r, http.StatusNotFound, http.NoBody), nil
	}
	c := h.conn(n)
	if r.Method == http.MethodGet {
		response := respond(r, http.StatusOK, &memoryBody{ctx: r.Context(), out: c.out})
		response.Header.Set("Content-Type", "text/event-stream")
		return response, nil
	}
	body, _ := io.ReadAll(r.Body)
	if h.posted != nil {
		if status := h.posted(string(body)); status != http.StatusOK {
			return respond(r, status, http.NoBody), nil
		}
	}
	for message := range strings.SplitSeq(strings.TrimSuffix(string(body), "\x1e"), "\x1e") {
		switch {
		case strings.HasPrefix(message, `{"protocol"`):
			c.say("{}")
		case message != `{"type":6}`:
			c.sent <- message
		}
	}
	return respond(r, http.StatusOK, http.NoBody), nil
}

func (h *memoryHub) negotiate(r *http.Request) *http.Response {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.asked = append(h.asked, time.Now())
	if h.refuse != nil && h.refuse(len(h.asked)) {
		h.conns = append(h.conns, nil)
		return respond(r, http.StatusServiceUnavailable, http.NoBody)
	}
	h.conns = append(h.conns, &memoryConn{out: make(chan string, 1000), sent: make(chan string, 1000)})
	return respond(r, http.StatusOK, io.NopCloser(strings.NewReader(fmt.Sprintf(memoryOffer, len(h.asked)))))
}

func respond(r *http.Request, status int, body io.ReadCloser) *http.Response {
	return &http.Response{StatusCode: status, Header: http.Header{}, Body: body, Request: r}
}

// say sends messages, without their separator, in one event.
func (c *memoryConn) say(messages ...string) {
	c.out <- "data: " + strings.Join(messages, "\x1e") + "\x1e\r\n\r\n"
}

// lose ends the response as a server does that is going away.
func (c *memoryConn) lose() { close(c.out) }

// memoryBody is the response that brings a connection's events.
type memoryBody struct {
	ctx  context.Context
	out  <-chan string
	rest string
}

func (b *memoryBody) Read(p []byte) (int, error) {
	for b.rest == "" {
		select {
		case event, ok := <-b.out:
			if !ok {
				return 0, io.EOF
			}
			b.rest = event
		case <-b.ctx.Done():
			return 0, b.ctx.Err()
		}
	}
	n := copy(p, b.rest)
	b.rest = b.rest[n:]
	return n, nil
}

func (*memoryBody) Close() error { return nil }
