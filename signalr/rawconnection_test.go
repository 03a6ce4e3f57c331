package signalr_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/fanfare-hub/fanfare/signalr"
	"github.com/fanfare-hub/fanfare/signalr/internal/ws"
)

// raw serves a handler at /hub.
func raw(t *testing.T, handler signalr.ConnectionHandler, o *signalr.EndpointOptions) *bundle {
	t.Helper()
	server := newServer(&signalr.ServerOptions{TickInterval: 5 * time.Millisecond})
	server.MapConnection("/hub", handler, o)
	return serve(t, &bundle{server: server})
}

func echo(_ context.Context, c *signalr.RawConnection) error {
	_, err := io.Copy(c, c)
	return err
}

// EP-10, SSE-03, POST-09: bytes in, bytes out, over each transport.
func TestRawEcho(t *testing.T) {
	t.Parallel()
	b := raw(t, echo, nil)

	socket := b.dial(t)
	if err := socket.conn.WriteMessage(ws.Binary, []byte("any bytes")); err != nil {
		t.Fatal(err)
	}
	if op, got, err := socket.conn.ReadMessage(nil); op != ws.Text || string(got) != "any bytes" || err != nil {
		t.Errorf("got %s %q, %v", op, got, err)
	}
	if err := socket.conn.WriteClose(ws.CodeNormal, ""); err != nil {
		t.Fatal(err)
	}
	socket.wantClosed()

	stream := b.web(t).listen()
	stream.post("two\nlines")
	stream.wantLines("data: two\r\ndata: lines\r\n\r\n")
	stream.post("")
	stream.post("after nothing")
	stream.wantLines("data: after nothing\r\n\r\n")
	stream.hangUp()

	polls := b.web(t)
	polls.poll()
	polls.post("any \x00\xff bytes")
	polls.expect(http.MethodGet, "", http.StatusOK, "any \x00\xff bytes")
	waiting := polls.start(t.Context())
	polls.expect(http.MethodDelete, "", http.StatusAccepted, "")
	if got := receive(t, waiting); got.status != http.StatusNoContent && got.status != http.StatusNotFound {
		t.Errorf("got %+v", got)
	}
	b.waitOpen(t, 0)
}

// WS-12: how a handler ends is how its WebSocket does.
func TestRawEnds(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		handler signalr.ConnectionHandler
		code    ws.Code
	}{
		"well":     {func(context.Context, *signalr.RawConnection) error { return nil }, ws.CodeNormal},
		"by error": {func(context.Context, *signalr.RawConnection) error { return errors.New("failed") }, ws.CodeInternalError},
		"by panic": {func(context.Context, *signalr.RawConnection) error { panic("at the handler") }, ws.CodeInternalError},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := raw(t, func(ctx context.Context, c *signalr.RawConnection) error {
				c.SetBinary(true)
				if _, err := c.Write([]byte{0xFF}); err != nil {
					return err
				}
				return test.handler(ctx, c)
			}, nil)
			client := b.dial(t)
			if op, got, err := client.conn.ReadMessage(nil); op != ws.Binary || string(got) != "\xff" || err != nil {
				t.Errorf("got %s %q, %v", op, got, err)
			}
			_, _, err := client.conn.ReadMessage(nil)
			if closed, ok := errors.AsType[*ws.CloseError](err); !ok || closed.Code != test.code {
				t.Errorf("got %v, want %d", err, test.code)
			}
			client.conn.WriteClose(ws.CodeNormal, "")
			b.waitOpen(t, 0)
		})
	}
}

// DOWN-01, AUTH-09, CONN-14: a handler that only waits is told by its context.
func TestRawIsEnded(t *testing.T) {
	t.Parallel()
	users := make(chan any, 1)
	b := raw(t, func(ctx context.Context, c *signalr.RawConnection) error {
		users <- [2]any{c.User(), c.Request().URL.Query().Get("x")}
		<-ctx.Done()
		return ctx.Err()
	}, &signalr.EndpointOptions{
		CloseOnExpiry: true,
		Authenticate: func(*http.Request) (any, string, time.Time, error) {
			return "alice", "alice", time.Now().Add(20 * time.Millisecond), nil
		},
	})
	client := b.dial(t, "x=y")
	if got := receive(t, users); got != [2]any{"alice", "y"} {
		t.Errorf("got %v", got)
	}
	client.wantClosed()
	b.waitOpen(t, 0)
}

// POST-02, POST-03, CONN-13: concurrent bodies stay in one piece each.
func TestPostsAreSerialised(t *testing.T) {
	t.Parallel()
	const posts, size = 4, 300 << 10
	got := make(chan string, 1)
	b := raw(t, func(_ context.Context, c *signalr.RawConnection) error {
		all := make([]byte, posts*size)
		_, err := io.ReadFull(c, all)
		got <- string(all)
		return err
	}, nil)
	c := b.web(t)
	c.poll()
	var sending sync.WaitGroup
	for i := range posts {
		sending.Go(func() { c.post(strings.Repeat(string(rune('a'+i)), size)) })
	}
	sending.Wait()
	for rest := receive(t, got); rest != ""; {
		piece := strings.Repeat(rest[:1], size)
		if !strings.HasPrefix(rest, piece) {
			t.Fatal("a body is not in one piece")
		}
		rest = rest[size:]
	}
	c.expect(http.MethodGet, "", http.StatusNoContent, "")
}

// POST-07: a body has a bound.
func TestPostTooLarge(t *testing.T) {
	t.Parallel()
	b := raw(t, func(_ context.Context, c *signalr.RawConnection) error {
		_, err := io.Copy(io.Discard, c)
		return err
	}, nil)
	s := b.web(t).listen()
	s.expect(http.MethodPost, strings.Repeat("x", 30_000_001), http.StatusRequestEntityTooLarge, "")
}

// POST-07: what is posted before the transport comes first on each of them.
func TestPostBeforeTransport(t *testing.T) {
	t.Parallel()
	b := setup(t, options{prepare: room})
	polls := b.web(t)
	polls.post(shake)
	polls.poll()
	polls.poll(`{}`)
	polls.expect(http.MethodDelete, "", http.StatusAccepted, "")

	stream := b.web(t)
	stream.post(shake)
	stream.listen().want(`{}`)

	socket := b.web(t)
	socket.post(shake[:10])
	client := b.dial(t, strings.SplitAfter(socket.url, "?")[1])
	client.raw(shake[10:])
	client.want(`{}`)
}

// LP-05: an end that has no messages needs no time to reach the client.
func TestPollAtAnEndWithoutMessages(t *testing.T) {
	t.Parallel()
	b := &bundle{hub: signalr.NewHub(nil), server: signalr.NewServer(&signalr.ServerOptions{DisconnectTimeout: time.Hour})}
	b.server.MapConnection("/hub", func(context.Context, *signalr.RawConnection) error { return nil }, nil)
	c := serve(t, b).web(t)
	c.poll()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	if got := c.request(ctx, http.MethodGet, ""); got.status != http.StatusNoContent {
		t.Errorf("got %+v", got)
	}
}

// POST-06: of a body that breaks off, what has come stays; the connection goes
// on.
func TestPostBreaksOff(t *testing.T) {
	t.Parallel()
	got := make(chan string, 10)
	b := raw(t, func(_ context.Context, c *signalr.RawConnection) error {
		for buf := make([]byte, 100); ; {
			n, err := c.Read(buf)
			if err != nil {
				return err
			}
			got <- string(buf[:n])
		}
	}, nil)
	c := b.web(t).listen()
	body, upload := io.Pipe()
	sent := make(chan error, 1)
	go func() {
		r, err := http.NewRequestWithContext(context.Background(), http.MethodPost, c.url, body)
		if err == nil {
			var response *http.Response
			if response, err = b.http.Client().Do(r); err == nil {
				response.Body.Close()
			}
		}
		sent <- err
	}()
	io.WriteString(upload, "the first half")
	if text := receive(t, got); text != "the first half" {
		t.Errorf("got %q", text)
	}
	broken := errors.New("broken off")
	upload.CloseWithError(broken)
	if err := receive(t, sent); !errors.Is(err, broken) {
		t.Errorf("the request ended with %v", err)
	}
	c.post("more")
	if text := receive(t, got); text != "more" {
		t.Errorf("got %q", text)
	}
}
