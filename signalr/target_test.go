package signalr_test

import (
	"context"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/fanfare-hub/fanfare/signalr"
)

// SEND-01, SEND-06, USR-01: who gets what. Each client counts its
// messages by the last one, which goes to all.
func TestTargets(t *testing.T) {
	t.Parallel()
	byQuery := func(r *http.Request) (any, string, time.Time, error) {
		return nil, r.URL.Query().Get("user"), time.Time{}, nil
	}
	b := setup(t, options{
		server:   &signalr.ServerOptions{Shards: 3},
		endpoint: &signalr.EndpointOptions{Authenticate: byQuery},
		prepare: func(h *signalr.Hub) {
			room(h)
			h.Handle("ToOthers", func(ctx context.Context, c *signalr.Caller) error { return message.To(ctx, c.Others(), "others") })
		},
	})
	one, two, three := b.connect(t, "user=ann"), b.connect(t, "user=ann"), b.connect(t)
	ids := []string{one.id(), two.id(), three.id()}
	one.invoke("Join", `["g"]`, void)
	one.invoke("Join", `["h"]`, void)
	two.invoke("Join", `["g"]`, void)
	h, ctx := b.hub, t.Context()
	for text, target := range map[string]signalr.Target{
		"all":          h.All(),
		"except":       h.AllExcept(ids[0], ids[1]),
		"group":        h.Group("g"),
		"groups":       h.Groups("g", "h", "nobody"),
		"group except": h.GroupExcept("g", ids[0]),
		"user":         h.User("ann"),
		"users":        h.Users("ann", "ann", "Ann"),
		"no user":      h.User(""),
		"client":       h.Client(ids[2]),
		"clients":      h.Clients(ids[2], ids[0], ids[2], "nobody"),
	} {
		if err := message.To(ctx, target, text); err != nil {
			t.Fatal(err)
		}
	}
	three.invokeLast("ToOthers")
	if err := message.To(ctx, h.All(), "end"); err != nil {
		t.Fatal(err)
	}
	for i, c := range []*client{one, two, three} {
		want := []string{
			"all clients group groups groups others user users",
			"all group group except groups others user users",
			"all client clients except",
		}[i]
		if got := c.until("end"); got != want {
			t.Errorf("client %d\ngot  %s\nwant %s", i+1, got, want)
		}
	}
}

// SEND-07: an argument that cannot be encoded is the sender's error, and
// nobody's connection ends by it (INV-25 REC).
func TestSendErrors(t *testing.T) {
	t.Parallel()
	b := setup(t, options{prepare: room})
	c := b.connect(t)
	if err := b.hub.All().Send(t.Context(), "message", func() {}); err == nil {
		t.Error("a function was sent")
	}
	if err := message.To(t.Context(), b.hub.Groups("g", ""), "x"); err == nil || err.Error() != "Cannot send to an empty group name." {
		t.Errorf("got %v", err)
	}
	c.invoke("ToMe", `[]`, `"error":"Failed to invoke 'ToMe' due to an error on the server."`)
	if err := message.To(t.Context(), signalr.NewHub(nil).All(), "nobody"); err != nil {
		t.Errorf("hub that is not mapped: %v", err)
	}
}

// counted counts how often it is encoded.
type counted struct{ times *atomic.Int32 }

func (c counted) MarshalJSON() ([]byte, error) {
	c.times.Add(1)
	return []byte(`"counted"`), nil
}

// A message is encoded once, whatever the number of its receivers.
func TestEncodedOnce(t *testing.T) {
	t.Parallel()
	b := setup(t, options{})
	clients := make([]*client, 20)
	for i := range clients {
		clients[i] = b.connect(t)
	}
	var times atomic.Int32
	if err := signalr.Call1[counted]("message").To(t.Context(), b.hub.All(), counted{&times}); err != nil {
		t.Fatal(err)
	}
	for _, c := range clients {
		c.want(said("counted"))
	}
	if n := times.Load(); n != 1 {
		t.Errorf("encoded %d times", n)
	}
}

// SEND-04: what one goroutine sends to one connection arrives in that order,
// whatever the targets.
func TestOrderAcrossTargets(t *testing.T) {
	t.Parallel()
	b := setup(t, options{server: &signalr.ServerOptions{Shards: 2}, prepare: room})
	clients := []*client{b.connect(t), b.connect(t), b.connect(t)}
	ids := make([]string, len(clients))
	for i, c := range clients {
		ids[i] = c.id()
		c.invoke("Join", `["g"]`, void)
	}
	number := signalr.Call1[int]("n")
	targets := []signalr.Target{b.hub.All(), b.hub.Group("g"), b.hub.Clients(ids...), b.hub.AllExcept("nobody")}
	const messages = 2000
	go func() {
		for i := range messages {
			if err := number.To(context.Background(), targets[i%len(targets)], i); err != nil {
				t.Error(err)
			}
		}
	}()
	for _, c := range clients {
		for i := range messages {
			c.want(`{"type":1,"target":"n","arguments":[` + strconv.Itoa(i) + `]}`)
		}
	}
}

// The versions of a group's live messages and of a snapshot for one member.
func TestOnlyNewer(t *testing.T) {
	t.Parallel()
	b := setup(t, options{prepare: room})
	member, stranger := b.connect(t), b.connect(t)
	member.invoke("Join", `["g"]`, void)
	me, other := b.hub.Client(member.id()), b.hub.Client(stranger.id())
	send := func(target signalr.Target, version uint64, text string) {
		t.Helper()
		if err := message.To(t.Context(), target.OnlyNewer("g", version), text); err != nil {
			t.Fatal(err)
		}
	}
	send(b.hub.Group("g"), 0, "live 0") // the first, whatever its version
	send(b.hub.Group("g"), 5, "live 5")
	send(me, 3, "snapshot 3")
	send(me, 5, "snapshot 5")
	send(b.hub.Group("g"), 4, "live 4")
	send(me, 7, "snapshot 7")
	send(b.hub.Group("g"), 7, "live 7")
	send(b.hub.All(), 8, "all 8")
	send(other, 1, "stranger 1") // no member, no memory
	send(other, 1, "stranger 1")
	member.invokeLast("Leave", "g")
	member.invokeLast("Join", "g")
	send(b.hub.Group("g"), 1, "again 1") // forgotten with the membership
	if err := message.To(t.Context(), b.hub.All(), "end"); err != nil {
		t.Fatal(err)
	}
	if got, want := member.until("end"), "again 1 all 8 live 0 live 5 snapshot 7"; got != want {
		t.Errorf("member got  %s\nwant %s", got, want)
	}
	if got, want := stranger.until("end"), "all 8 stranger 1 stranger 1"; got != want {
		t.Errorf("stranger got  %s\nwant %s", got, want)
	}
	if passed := b.server.Stats().Passed; passed != 4 {
		t.Errorf("passed over %d", passed)
	}
}

// invokeLast calls a method and waits for its completion; other messages that
// come before are kept for until.
func (c *client) invokeLast(target string, arguments ...string) {
	c.t.Helper()
	quoted := ""
	if len(arguments) > 0 {
		quoted = `"` + strings.Join(arguments, `","`) + `"`
	}
	c.send(`{"type":1,"invocationId":"last","target":"` + target + `","arguments":[` + quoted + `]}`)
	for {
		record, err := c.next()
		if err != nil {
			c.t.Fatal(err)
		}
		if record == `{"type":3,"invocationId":"last",`+void+`}` {
			return
		}
		c.kept = append(c.kept, record)
	}
}

// until returns the sorted texts of the messages before the one that ends them.
func (c *client) until(end string) string {
	c.t.Helper()
	var texts []string
	add := func(record string) {
		text := strings.TrimPrefix(record, `{"type":1,"target":"message","arguments":["`)
		texts = append(texts, strings.TrimSuffix(text, `"]}`))
	}
	for _, record := range c.kept {
		add(record)
	}
	for {
		record, err := c.next()
		if err != nil {
			c.t.Fatal(err)
		}
		if record == said(end) {
			slices.Sort(texts)
			return strings.Join(texts, " ")
		}
		add(record)
	}
}

// USR-02, MP-27: a user is reached at each of its connections, whatever their
// transports and encodings.
func TestUserEverywhere(t *testing.T) {
	t.Parallel()
	b := setup(t, options{
		server: &signalr.ServerOptions{Shards: 2},
		endpoint: &signalr.EndpointOptions{Authenticate: func(*http.Request) (any, string, time.Time, error) {
			return nil, "ann", time.Time{}, nil
		}},
	})
	socket, packed, stream, polls := b.connect(t), b.connectPacked(t), b.streaming(t), b.polling(t)
	if err := message.To(t.Context(), b.hub.User("ann"), "hello"); err != nil {
		t.Fatal(err)
	}
	socket.want(said("hello"))
	packed.wantPacked(1, map[string]any{}, nil, "message", []any{"hello"}, []any{})
	stream.want(said("hello"))
	polls.poll(said("hello"))
}

// USR-03: two hubs of one server share neither connections nor groups nor
// users.
func TestHubsAreSeparate(t *testing.T) {
	t.Parallel()
	byName := &signalr.EndpointOptions{Authenticate: func(*http.Request) (any, string, time.Time, error) {
		return nil, "ann", time.Time{}, nil
	}}
	other := signalr.NewHub(nil)
	b := &bundle{hub: signalr.NewHub(nil), server: signalr.NewServer(nil)}
	room(b.hub)
	room(other)
	b.server.MapHub("/hub", b.hub, byName)
	b.server.MapHub("/other", other, byName)
	serve(t, b)
	c := b.connect(t)
	c.invoke("Join", `["g"]`, void)
	for _, target := range []signalr.Target{other.All(), other.Group("g"), other.User("ann"), other.Client(c.id())} {
		if err := message.To(t.Context(), target, "not for you"); err != nil {
			t.Fatal(err)
		}
	}
	if err := message.To(t.Context(), b.hub.All(), "for you"); err != nil {
		t.Fatal(err)
	}
	c.want(said("for you"))
}

// SEND-09: a message is what its arguments were when it was sent.
func TestArgumentsAreTakenAtOnce(t *testing.T) {
	t.Parallel()
	b := setup(t, options{})
	c := b.connect(t)
	text := []string{"before"}
	if err := b.hub.All().Send(t.Context(), "message", text); err != nil {
		t.Fatal(err)
	}
	text[0] = "after"
	c.want(`{"type":1,"target":"message","arguments":[["before"]]}`)
}
