package signalr_test

import (
	"context"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/fanfare-hub/fanfare/signalr"
	"github.com/fanfare-hub/fanfare/signalr/internal/ws"
)

// noting notes what OnDisconnected is told.
func noting(ended chan<- error) func(*signalr.Hub) {
	return func(h *signalr.Hub) {
		room(h)
		h.OnDisconnected(func(_ context.Context, _ *signalr.Caller, err error) error {
			ended <- err
			return nil
		})
	}
}

// CLI-02: a client that stops says Close by POST, gives up its poll and sends
// DELETE. They may arrive in any order; each is a clean end, and there is one.
func TestPollingClientStops(t *testing.T) {
	t.Parallel()
	const say, giveUp, remove = "say", "give up", "remove"
	for _, order := range [][]string{
		{say, giveUp, remove},
		{say, remove, giveUp},
		{giveUp, say, remove},
		{giveUp, remove, say},
		{remove, say, giveUp},
		{remove, giveUp, say},
	} {
		t.Run(strings.Join(order, ", "), func(t *testing.T) {
			t.Parallel()
			ended := make(chan error, 2)
			b := setup(t, options{prepare: noting(ended)})
			c := b.polling(t)
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			waiting := c.start(ctx)
			for _, step := range order {
				switch step {
				case say:
					// 404 where it is over already: clients pass over it.
					c.request(t.Context(), http.MethodPost, `{"type":7}`+"\x1e")
				case giveUp:
					cancel()
				case remove:
					got := c.request(t.Context(), http.MethodDelete, "")
					if !slices.Contains([]int{http.StatusAccepted, http.StatusNotFound}, got.status) {
						t.Errorf("DELETE: %+v", got)
					}
				}
			}
			receive(t, waiting)
			if err := receive(t, ended); err != nil {
				t.Errorf("OnDisconnected got %v", err)
			}
			b.waitOpen(t, 0)
			if len(ended) > 0 {
				t.Error("OnDisconnected ran twice")
			}
		})
	}
}

// CLI-02: over the other transports it says Close and hangs up.
func TestStreamingClientStops(t *testing.T) {
	t.Parallel()
	ended := make(chan error, 4)
	b := setup(t, options{prepare: noting(ended)})
	socket := b.connect(t)
	socket.send(`{"type":7}`)
	socket.conn.WriteClose(ws.CodeNoStatus, "")
	socket.want(`{"type":7}`)
	socket.wantClosed()
	stream := b.streaming(t)
	stream.request(t.Context(), http.MethodPost, `{"type":7}`+"\x1e")
	stream.hangUp()
	for range 2 {
		if err := receive(t, ended); err != nil {
			t.Errorf("OnDisconnected got %v", err)
		}
	}
	b.waitOpen(t, 0)
	if len(ended) > 0 {
		t.Error("OnDisconnected ran too often")
	}
}

// CLI-06: what a newer client knows and this server does not is passed over.
func TestNewerClients(t *testing.T) {
	t.Parallel()
	b := setup(t, options{prepare: methods})
	n := b.negotiate(t, "?negotiateVersion=9&compression=zstd")
	c := b.dial(t, "id="+n.ConnectionToken, "resumeFrom=9")
	c.send(`{"protocol":"json","version":1,"features":["a"]}`)
	c.want(`{}`)
	c.send(`{"type":42,"invocationId":"1","new":[{}]}`,
		`{"type":1,"invocationId":"1","priority":9,"target":"Echo","arguments":["x"],"new":{"a":[]}}`)
	c.want(`{"type":3,"invocationId":"1","result":"x"}`)
	packed := b.connectPacked(t)
	// An unknown type, and an invocation with one item more.
	if err := packed.conn.WriteMessage(ws.Binary, []byte("\x03\x92\x2a\x80"+"\x0f\x97\x01\x80\xa11\xa4Echo\x91\xa1x\x90\xa1n")); err != nil {
		t.Fatal(err)
	}
	packed.wantPacked(3, map[string]any{}, "1", 3, "x")
}

// CLI-07: after a redirect that keeps the method, everything is as without it.
func TestRedirectedClients(t *testing.T) {
	t.Parallel()
	b := &bundle{hub: signalr.NewHub(nil), server: signalr.NewServer(nil)}
	room(b.hub)
	b.server.MapHub("/new", b.hub, nil)
	b.front = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if rest, ok := strings.CutPrefix(r.URL.Path, "/hub"); ok {
			http.Redirect(w, r, "/new"+rest+"?"+r.URL.RawQuery, http.StatusTemporaryRedirect)
			return
		}
		b.server.ServeHTTP(w, r)
	})
	serve(t, b)
	polls := b.polling(t)
	polls.send(`{"type":1,"invocationId":"1","target":"Id","arguments":[]}`)
	polls.poll(`{"type":3,"invocationId":"1","result":"` + polls.id + `"}`)
	stream := b.streaming(t)
	stream.send(`{"type":7}`)
	stream.want(`{"type":7}`)
	if rest, err := io.ReadAll(stream.lines); err != nil || len(rest) > 0 {
		t.Errorf("got %q, %v", rest, err)
	}
}
