package signalr_test

import (
	"bufio"
	"context"
	"io"
	"net/http"
	"strings"
	"testing"
)

const shake = `{"protocol":"json","version":1}` + "\x1e"

// webClient is a client that sends by POST requests.
type webClient struct {
	t   *testing.T
	b   *bundle
	id  string
	url string // with the token

	paper string // in the Authorization header
}

// web negotiates.
func (b *bundle) web(t *testing.T) *webClient {
	t.Helper()
	n := b.negotiate(t, "?negotiateVersion=1")
	return &webClient{t: t, b: b, id: n.ConnectionID, url: b.url + "?id=" + n.ConnectionToken}
}

// webAs negotiates as the holder of these papers.
func (b *bundle) webAs(t *testing.T, paper string) *webClient {
	t.Helper()
	n := b.negotiate(t, "?negotiateVersion=1", "Authorization", paper)
	return &webClient{t: t, b: b, id: n.ConnectionID, url: b.url + "?id=" + n.ConnectionToken, paper: paper}
}

// as makes later requests carry these papers.
func (c *webClient) as(paper string) *webClient {
	copied := *c
	copied.paper = paper
	return &copied
}

// reply is what came of a request.
type reply struct {
	status int
	header http.Header
	body   string
	err    error
}

// request sends one.
func (c *webClient) request(ctx context.Context, method, body string, header ...string) reply {
	r, err := http.NewRequestWithContext(ctx, method, c.url, strings.NewReader(body))
	if err != nil {
		return reply{err: err}
	}
	if c.paper != "" {
		r.Header.Set("Authorization", c.paper)
	}
	for i := 0; i < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	response, err := c.b.http.Client().Do(r)
	if err != nil {
		return reply{err: err}
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	return reply{response.StatusCode, response.Header, string(text), err}
}

// expect wants a response with that status and body.
func (c *webClient) expect(method, body string, status int, text string, header ...string) {
	c.t.Helper()
	got := c.request(c.t.Context(), method, body, header...)
	if got.err != nil {
		c.t.Fatal(got.err)
	}
	if got.status != status || got.body != text {
		c.t.Errorf("%s: got %d %q, want %d %q", method, got.status, got.body, status, text)
	}
}

func (c *webClient) post(text string) {
	c.t.Helper()
	c.expect(http.MethodPost, text, http.StatusOK, "")
}

func (c *webClient) send(records ...string) {
	c.t.Helper()
	c.post(strings.Join(records, "\x1e") + "\x1e")
}

// poll wants a poll to bring these records.
func (c *webClient) poll(records ...string) {
	c.t.Helper()
	text := ""
	if len(records) > 0 {
		text = strings.Join(records, "\x1e") + "\x1e"
	}
	c.expect(http.MethodGet, "", http.StatusOK, text)
}

// polling opens a connection by long polling and does the handshake.
func (b *bundle) polling(t *testing.T) *webClient {
	t.Helper()
	c := b.web(t)
	c.open()
	return c
}

// open makes the first polls and the handshake.
func (c *webClient) open() {
	c.t.Helper()
	c.t.Cleanup(func() { // or Shutdown would wait for the next poll
		if got := c.request(context.Background(), http.MethodDelete, ""); got.err != nil {
			c.t.Error(got.err)
		}
	})
	c.poll() // LP-02
	c.post(shake)
	for { // its polls may be short
		switch got := c.request(c.t.Context(), http.MethodGet, ""); {
		case got.status == http.StatusOK && got.body == "":
			continue
		case got.body != "{}\x1e":
			c.t.Fatalf("got %+v, want the answer to the handshake", got)
		}
		return
	}
}

// start lets a poll wait.
func (c *webClient) start(ctx context.Context) <-chan reply {
	done := make(chan reply, 1)
	go func() { done <- c.request(ctx, http.MethodGet, "") }()
	return done
}

// events is an open stream of Server-Sent Events.
type events struct {
	*webClient

	header http.Header
	lines  *bufio.Reader
	hangUp context.CancelFunc
}

// listen opens a stream; the handshake is still to come.
func (c *webClient) listen() *events {
	c.t.Helper()
	ctx, cancel := context.WithCancel(c.t.Context())
	c.t.Cleanup(cancel)
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, c.url, http.NoBody)
	if err != nil {
		c.t.Fatal(err)
	}
	r.Header.Set("Accept", "text/event-stream")
	if c.paper != "" {
		r.Header.Set("Authorization", c.paper)
	}
	response, err := c.b.http.Client().Do(r)
	if err != nil {
		c.t.Fatal(err)
	}
	c.t.Cleanup(func() { response.Body.Close() })
	s := &events{webClient: c, header: response.Header, lines: bufio.NewReader(response.Body), hangUp: cancel}
	s.wantLines(":\r\n") // SSE-02
	return s
}

// streaming opens a stream and does the handshake.
func (b *bundle) streaming(t *testing.T) *events {
	t.Helper()
	s := b.web(t).listen()
	s.post(shake)
	s.want(`{}`)
	return s
}

// wantLines reads exactly that.
func (s *events) wantLines(want string) {
	s.t.Helper()
	got := make([]byte, len(want))
	if n, err := io.ReadFull(s.lines, got); err != nil || string(got) != want {
		s.t.Fatalf("got %q, %v; want %q", got[:n], err, want)
	}
}

// want reads an event for each record.
func (s *events) want(records ...string) {
	s.t.Helper()
	for _, record := range records {
		s.wantLines("data: " + record + "\x1e\r\n\r\n")
	}
}

// wantEnd wants the stream to end in good order.
func (s *events) wantEnd() {
	s.t.Helper()
	if rest, err := io.ReadAll(s.lines); err != nil || len(rest) > 0 {
		s.t.Errorf("got %q, %v; want the end", rest, err)
	}
}
