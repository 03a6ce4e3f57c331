package signalr_test

import (
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/fanfare-hub/fanfare/signalr"
)

// papers are what a request may carry in its Authorization header: "user/value"
// or "user/value/lifetime".
func papers(r *http.Request) (any, string, time.Time, error) {
	parts := strings.Split(r.Header.Get("Authorization"), "/")
	switch {
	case parts[0] == "banned":
		return nil, "", time.Time{}, fmt.Errorf("no: %w", signalr.ErrForbidden)
	case len(parts) < 2:
		return nil, "", time.Time{}, errors.New("who is that")
	case len(parts) == 2:
		return parts[1], parts[0], time.Time{}, nil
	}
	lifetime, err := time.ParseDuration(parts[2])
	return parts[1], parts[0], time.Now().Add(lifetime), err
}

// guarded is a hub for those who have papers.
func guarded(t *testing.T, o signalr.EndpointOptions) *bundle {
	t.Helper()
	o.Authenticate = papers
	return setup(t, options{
		server:   &signalr.ServerOptions{TickInterval: time.Millisecond},
		endpoint: &o,
		prepare: func(h *signalr.Hub) {
			h.Handle("Nothing", func() {})
			h.Handle("Describe", func(c *signalr.Caller) string { return describe(c, c.UserID()) })
			h.Handle("Who", func(c *signalr.Caller) string { return fmt.Sprint(c.UserID(), "/", c.User()) })
		},
	})
}

// who wants the hub to see this user.
func (c *webClient) who(want string) {
	c.t.Helper()
	c.send(`{"type":1,"invocationId":"w","target":"Who","arguments":[]}`)
	c.poll(`{"type":3,"invocationId":"w","result":"` + want + `"}`)
}

// refresh posts new papers, and wants this answer.
func (c *webClient) refresh(paper string, status int, want string) {
	c.t.Helper()
	changed := c.as(paper)
	changed.url = strings.Replace(c.url, "/hub?", "/hub/refresh?", 1)
	got := changed.request(c.t.Context(), http.MethodPost, "")
	if got.err != nil || got.status != status || got.body != want || got.header.Get("Content-Type") != "application/json" {
		c.t.Errorf("refresh %s: got %d %q %v, %v; want %d %q", paper, got.status, got.body, got.header, got.err, status, want)
	}
}

// NEG-23: the lifetime of the credential, if it can be refreshed and has an end.
func TestNegotiateTellsLifetime(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		on    bool
		paper string
		told  bool
	}{
		{true, "ann/first/1h", true}, {true, "ann/first", false}, {true, "ann/first/-1h", false}, {false, "ann/first/1h", false},
	} {
		b := guarded(t, signalr.EndpointOptions{EnableRefresh: c.on})
		_, _, body := b.do(t, http.MethodPost, "/hub/negotiate?negotiateVersion=1", "Authorization", c.paper)
		if told := strings.Contains(body, `],"tokenLifetimeSeconds":3599}`); told != c.told {
			t.Errorf("%+v: %s", c, body)
		}
	}
}

// AUTH-11: what a refresh changes, and what it never does.
func TestRefresh(t *testing.T) {
	t.Parallel()
	b := guarded(t, signalr.EndpointOptions{EnableRefresh: true})
	c := b.webAs(t, "ann/first/1h")
	c.open()
	c.who("ann/first")
	for _, step := range []struct {
		paper  string
		status int
		answer string
		who    string
	}{
		{"ann/second/2h", 200, `{"tokenLifetimeSeconds":7199}`, "ann/second"},
		{"ann/older/90m", 200, `{"tokenLifetimeSeconds":7199}`, "ann/second"},
		{"bob/other/3h", 403, `{"error":"permission_change_rejected"}`, "ann/second"},
		{"banned", 403, `{"error":"permission_change_rejected"}`, "ann/second"},
		{"nobody", 401, `{"error":"invalid_token"}`, "ann/second"},
		{"ann/late/-1s", 401, `{"error":"invalid_token"}`, "ann/second"},
		{"ann/third", 200, `{}`, "ann/third"},
		{"ann/fourth/4h", 200, `{}`, "ann/third"},
	} {
		c.refresh(step.paper, step.status, step.answer)
		c.who(step.who)
	}
}

// AUTH-11, LP-16: a poll renews the credential as a refresh does; without
// EnableRefresh, and with somebody else's, the user stays.
func TestPollRenews(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		on          bool
		paper, want string
	}{
		{true, "ann/second/2h", "ann/second"},
		{true, "ann/older/1m", "ann/first"},
		{true, "bob/other/2h", "ann/first"},
		{false, "ann/second/2h", "ann/first"},
		{false, "bob/other/2h", "ann/first"},
	} {
		client := guarded(t, signalr.EndpointOptions{EnableRefresh: c.on}).webAs(t, "ann/first/1h")
		client.open()
		client.send(`{"type":1,"invocationId":"1","target":"Nothing","arguments":[]}`)
		client.as(c.paper).poll(`{"type":3,"invocationId":"1","result":null}`)
		client.who(c.want)
	}
}

// AUTH-11: the refusals that are not about the credential, in their order.
func TestRefreshRefused(t *testing.T) {
	t.Parallel()
	b := guarded(t, signalr.EndpointOptions{EnableRefresh: true})
	off := guarded(t, signalr.EndpointOptions{})
	negotiated, old := b.webAs(t, "ann/first/1h"), b.webAs(t, "ann/first/1h")
	_, _, body := b.do(t, http.MethodPost, "/hub/negotiate", "Authorization", "ann/first/1h")
	old.url = b.url + "?id=" + strings.Split(body, `"`)[5]
	old.open()
	gone := b.webAs(t, "ann/first/1h")
	gone.open()
	gone.expect(http.MethodDelete, "", http.StatusAccepted, "")
	waitFor(t, func() bool { return gone.request(t.Context(), http.MethodGet, "").body == unknownID })
	for _, c := range []struct {
		b           *bundle
		method, url string
		status      int
		media, body string
	}{
		{off, "POST", "", 404, "application/json", `{"error":"refresh_disabled"}`},
		{b, "GET", "?id=x", 405, "text/plain", ""},
		{b, "POST", "", 400, "application/json", `{"error":"missing_connection_token"}`},
		{b, "POST", "?id=nobody", 404, "application/json", `{"error":"connection_not_found"}`},
		{b, "POST", strings.TrimPrefix(negotiated.url, b.url), 404, "application/json", `{"error":"connection_not_found"}`},
		{b, "POST", strings.TrimPrefix(gone.url, b.url), 404, "application/json", `{"error":"connection_not_found"}`},
		{b, "POST", strings.TrimPrefix(old.url, b.url), 400, "application/json", `{"error":"unsupported_negotiate_version"}`},
	} {
		before := c.b.server.Stats().Refused
		status, header, got := c.b.do(t, c.method, "/hub/REFRESH/"+c.url)
		if status != c.status || got != c.body || header.Get("Content-Type") != c.media {
			t.Errorf("%s %s: got %d %q %v, want %d %q", c.method, c.url, status, got, header, c.status, c.body)
		}
		if after := c.b.server.Stats().Refused; after != before+1 {
			t.Errorf("%s %s: not counted", c.method, c.url)
		}
	}
}

// AUTH-11: a connection over a WebSocket, and a stream of events.
func TestRefreshOfOtherTransports(t *testing.T) {
	t.Parallel()
	b := guarded(t, signalr.EndpointOptions{EnableRefresh: true})
	by := b.webAs(t, "ann/first/1h")
	c := b.dialWith(t, http.Header{"Authorization": {"ann/second/2h"}}, strings.TrimPrefix(by.url, b.url+"?"))
	c.send(`{"protocol":"json","version":1}`)
	c.want(`{}`)
	c.invoke("Who", `[]`, `"result":"ann/second"`) // AUTH-12
	by.refresh("ann/third/3h", http.StatusOK, `{"tokenLifetimeSeconds":10799}`)
	c.invoke("Who", `[]`, `"result":"ann/third"`)

	s := b.webAs(t, "ann/first/1h").listen()
	s.post(shake)
	s.want(`{}`)
	s.refresh("ann/second", http.StatusOK, `{}`)
	s.send(`{"type":1,"invocationId":"1","target":"Who","arguments":[]}`)
	s.want(`{"type":3,"invocationId":"1","result":"ann/second"}`)
}

// AUTH-10, AUTH-11, SR-20: a client that comes back to its connection renews
// its credential; another user may not come.
func TestReturnRenews(t *testing.T) {
	t.Parallel()
	for _, on := range []bool{true, false} {
		b := guarded(t, signalr.EndpointOptions{AllowStatefulReconnects: true, EnableRefresh: on, SameUser: true})
		n := b.negotiate(t, "?negotiateVersion=1&useStatefulReconnect=true", "Authorization", "ann/first/1h")
		c := b.dialWith(t, http.Header{"Authorization": {"ann/first/1h"}}, "id="+n.ConnectionToken)
		c.send(`{"protocol":"json","version":2}`)
		c.want(`{}`)
		c.untilWho("ann/first")
		c.conn.Close()
		b.refused(t, "?id="+n.ConnectionToken, http.StatusForbidden, "", "Authorization", "bob/first/1h")
		c = b.dialWith(t, http.Header{"Authorization": {"ann/second/2h"}}, "id="+n.ConnectionToken)
		c.send(`{"type":9,"sequenceId":2}`)
		c.untilWho(map[bool]string{true: "ann/second", false: "ann/first"}[on])
	}
}

// untilWho asks, and reads to the answer: an Ack, and what is sent again, may
// come before.
func (c *client) untilWho(want string) {
	c.t.Helper()
	id := "who is " + want
	c.send(`{"type":1,"invocationId":"` + id + `","target":"Who","arguments":[]}`)
	for {
		got, err := c.next()
		if err != nil {
			c.t.Fatal(err)
		}
		if !strings.Contains(got, `"invocationId":"`+id+`"`) {
			continue
		}
		if got != `{"type":3,"invocationId":"`+id+`","result":"`+want+`"}` {
			c.t.Errorf("got %s, want %s", got, want)
		}
		return
	}
}
