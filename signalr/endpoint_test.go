package signalr_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/fanfare-hub/fanfare/signalr"
)

// refused wants a WebSocket to be refused with that status and body.
func (b *bundle) refused(t *testing.T, query string, status int, body string, header ...string) {
	t.Helper()
	header = append(header, "Connection", "Upgrade", "Upgrade", "websocket",
		"Sec-Websocket-Version", "13", "Sec-Websocket-Key", "AAAAAAAAAAAAAAAAAAAAAA==")
	gotStatus, _, gotBody := b.do(t, http.MethodGet, "/hub"+query, header...)
	if gotStatus != status || gotBody != body {
		t.Errorf("%s: got %d %q, want %d %q", query, gotStatus, gotBody, status, body)
	}
}

// EP-03, EP-07, CONN-02, CONN-03, CONN-04, POST-04, LP-13: refusals, to the
// letter.
func TestRequests(t *testing.T) {
	t.Parallel()
	b := setup(t, options{})
	waiting := "?id=" + b.negotiate(t, "?negotiateVersion=1").ConnectionToken
	attached := "?id=" + b.negotiate(t, "?negotiateVersion=1").ConnectionToken
	b.connect(t, attached[1:])
	for _, c := range []struct {
		method, url, accept string
		status              int
		body                string
	}{
		{"GET", "/hub", "", 400, "Connection ID required"},
		{"GET", "/HUB/?id=", "", 400, "Connection ID required"},
		{"GET", "/hub", "text/event-stream", 400, "Connection ID required"},
		{"POST", "/hub", "", 400, "Connection ID required"},
		{"DELETE", "/hub", "", 400, "Connection ID required"},
		{"GET", "/hub?id=nobody", "", 404, "No Connection with that ID"},
		{"POST", "/hub?id=nobody", "", 404, "No Connection with that ID"},
		{"DELETE", "/hub?id=nobody", "", 404, "No Connection with that ID"},
		{"GET", "/hub" + attached, "", 400, "Cannot change transports mid-connection"},
		{"GET", "/hub" + attached, "x/y, Text/Event-Stream", 400, "Cannot change transports mid-connection"},
		{"POST", "/hub" + attached, "", 405, "POST requests are not allowed for WebSocket connections."},
		{"DELETE", "/hub" + attached, "", 400, "Cannot terminate this connection using the DELETE endpoint."},
		{"DELETE", "/hub" + waiting, "", 400, "Cannot terminate this connection using the DELETE endpoint."},
		{"PUT", "/hub?id=nobody", "", 405, ""},
		{"HEAD", "/hub", "", 405, ""},
		{"OPTIONS", "/hub", "", 405, ""},
	} {
		status, header, body := b.do(t, c.method, c.url, "Accept", c.accept)
		if status != c.status || body != c.body || header.Get("Content-Type") != "text/plain" || header.Get("Allow") != "" {
			t.Errorf("%s %s %s: %d %v %q", c.method, c.url, c.accept, status, header, body)
		}
		polled := c.method == http.MethodGet && c.accept == ""
		if cached := header.Get("Cache-Control") == ""; polled == cached { // LP-01
			t.Errorf("%s %s %s: Cache-Control %q", c.method, c.url, c.accept, header.Get("Cache-Control"))
		}
	}
}

// CONN-05, NEG-09: a transport that the endpoint does not offer.
func TestTransportsOff(t *testing.T) {
	t.Parallel()
	b := setup(t, options{endpoint: &signalr.EndpointOptions{Transports: signalr.WebSockets}})
	id := "?id=" + b.negotiate(t, "?negotiateVersion=1").ConnectionToken
	for accept, want := range map[string]string{
		"":                       "LongPolling transport not supported by this end point type",
		"x/y, Text/Event-Stream": "ServerSentEvents transport not supported by this end point type", // EP-05
	} {
		if status, _, body := b.do(t, http.MethodGet, "/hub"+id, "Accept", accept); status != http.StatusNotFound || body != want {
			t.Errorf("%q: got %d %q", accept, status, body)
		}
	}
	b = setup(t, options{endpoint: &signalr.EndpointOptions{Transports: signalr.LongPolling | signalr.ServerSentEvents}})
	b.refused(t, "", http.StatusNotFound, "WebSockets transport not supported by this end point type")
	n := b.negotiate(t, "?negotiateVersion=1")
	if got := fmt.Sprint(n.AvailableTransports); got != "[{ServerSentEvents} {LongPolling}]" {
		t.Errorf("offered %s", got)
	}
}

// CONN-04, CORS-05: refusals of a WebSocket, all before the upgrade (WS-02).
func TestWebSocketRefused(t *testing.T) {
	t.Parallel()
	b := setup(t, options{})
	b.refused(t, "?id=nobody", http.StatusNotFound, "No Connection with that ID")
	b.refused(t, "", http.StatusForbidden, "", "Origin", "https://elsewhere.example")
	status, _, _ := b.do(t, http.MethodGet, "/hub", "Connection", "Upgrade", "Upgrade", "websocket", "Sec-Websocket-Version", "13")
	if status != http.StatusBadRequest {
		t.Errorf("no key: %d", status)
	}
	if got := b.server.Stats(); got.Refused != 3 || got.Opened != 0 {
		t.Errorf("got %+v", got)
	}
}

// CONN-14, CONN-15, INV-23, AUTH-12: what a method can read of the request.
func TestRequestIsReadable(t *testing.T) {
	t.Parallel()
	b := setup(t, options{prepare: func(h *signalr.Hub) {
		h.Handle("Query", func(c *signalr.Caller, name string) string { return c.Request().URL.Query().Get(name) })
		h.Handle("Transport", func(c *signalr.Caller) string { return c.Transport().String() })
		h.Handle("Address", func(c *signalr.Caller) bool { return strings.Contains(c.Request().RemoteAddr, ":") })
		h.Handle("Count", func(c *signalr.Caller) int {
			last, _ := c.Items().Load("count")
			n, _ := last.(int)
			c.Items().Store("count", n+1)
			return n + 1
		})
	}})
	c := b.connect(t, "own=value")
	c.invoke("Transport", `[]`, `"result":"WebSockets"`)
	c.invoke("Query", `["own"]`, `"result":"value"`)
	c.invoke("Address", `[]`, `"result":true`)
	c.invoke("Count", `[]`, `"result":1`)
	c.invoke("Count", `[]`, `"result":2`)
}

// EP-01, EP-07, EP-09: one hub at two paths; what is no hub's goes to the fallback.
func TestPaths(t *testing.T) {
	t.Parallel()
	server := newServer(nil)
	hub := signalr.NewHub(nil)
	server.MapHub("/one", hub, nil)
	server.MapHub("/Two/", hub, nil)
	server.Fallback(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusTeapot) }))
	b := serve(t, &bundle{hub: hub, server: server})
	for path, want := range map[string]int{
		"/one/negotiate": 200, "/ONE/negotiate": 200, "/two/negotiate": 200,
		"/negotiate": 418, "/one/negotiate/x": 418, "/three": 418, "/": 418,
	} {
		if status, _, _ := b.do(t, http.MethodPost, path); status != want {
			t.Errorf("%s: got %d, want %d", path, status, want)
		}
	}
}

// EP-09: one hub at two paths with options of their own; its groups and users
// are the same.
func TestPathsWithOptions(t *testing.T) {
	t.Parallel()
	server, hub := signalr.NewServer(nil), signalr.NewHub(nil)
	room(hub)
	server.MapHub("/hub", hub, nil)
	server.MapHub("/Only-Polls", hub, &signalr.EndpointOptions{Transports: signalr.LongPolling, Authenticate: papers})
	b := serve(t, &bundle{hub: hub, server: server})
	socket := b.connect(t)
	socket.invoke("Join", `["both"]`, `"result":null`)
	_, _, body := b.do(t, http.MethodPost, "/only-polls/negotiate?negotiateVersion=1", "Authorization", "ann/1")
	var n negotiation
	if err := json.Unmarshal([]byte(body), &n); err != nil || len(n.AvailableTransports) != 1 {
		t.Fatalf("%s: %v", body, err)
	}
	polls := &webClient{t: t, b: b, url: b.http.URL + "/ONLY-polls/?id=" + n.ConnectionToken, paper: "ann/1"}
	polls.open()
	polls.send(`{"type":1,"invocationId":"1","target":"Join","arguments":["both"]}`)
	polls.poll(`{"type":3,"invocationId":"1","result":null}`)
	if err := message.To(t.Context(), hub.Group("both"), "x"); err != nil {
		t.Fatal(err)
	}
	socket.want(said("x"))
	polls.poll(said("x"))
	if err := message.To(t.Context(), hub.User("ann"), "y"); err != nil {
		t.Fatal(err)
	}
	polls.poll(said("y"))
}

// EP-04, EP-05: which transport a GET means: first by Accept, then by Upgrade,
// else it is a poll.
func TestTransportOfRequest(t *testing.T) {
	t.Parallel()
	b := setup(t, options{endpoint: &signalr.EndpointOptions{Transports: signalr.WebSockets}})
	id := "?id=" + b.negotiate(t, "?negotiateVersion=1").ConnectionToken
	for accept, want := range map[string]string{
		"text/event-stream":            "ServerSentEvents",
		"TEXT/Event-Stream":            "ServerSentEvents",
		"text/html, text/event-stream": "ServerSentEvents",
		"text/event-stream;q=0.5":      "LongPolling",
		"text/event-streams":           "LongPolling",
		"*/*":                          "LongPolling",
	} {
		if status, _, body := b.do(t, http.MethodGet, "/hub"+id, "Accept", accept); status != http.StatusNotFound || !strings.HasPrefix(body, want+" ") {
			t.Errorf("%s: got %d %q", accept, status, body)
		}
	}
	b.refused(t, id, http.StatusNotFound, "ServerSentEvents transport not supported by this end point type", "Accept", "text/event-stream")
	b.dial(t, id[1:])
}

func TestMapHubRefuses(t *testing.T) {
	t.Parallel()
	one, two, hub := newServer(nil), signalr.NewServer(nil), signalr.NewHub(nil)
	t.Cleanup(func() {
		one.Shutdown(t.Context())
		two.Shutdown(t.Context())
	})
	one.MapHub("/hub", hub, nil)
	for want, f := range map[string]func(){
		"signalr: map /Hub/: the path is taken":                func() { one.MapHub("/Hub/", hub, nil) },
		"signalr: map hub: the path must begin with a slash":   func() { one.MapHub("hub", hub, nil) },
		"signalr: map /hub: the hub belongs to another server": func() { two.MapHub("/hub", hub, nil) },
		"signalr: OnConnected: the hub is already mapped":      func() { hub.OnConnected(nil) },
		"signalr: Handle Late: the hub is already mapped":      func() { hub.Handle("Late", func() {}) },
	} {
		if got := panicOf(f); got != want {
			t.Errorf("got %v, want %s", got, want)
		}
	}
}

func panicOf(f func()) (p any) {
	defer func() { p = recover() }()
	f()
	return nil
}

// EP-04, EP-05: what a GET asks for. Each is refused by a name of its own where
// only another transport is offered.
func TestTransportChoice(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		offered signalr.Transports
		accept  string
		upgrade bool
		want    string
	}{
		{signalr.WebSockets, "text/event-stream", true, "ServerSentEvents"}, // even so
		{signalr.WebSockets, "text/event-stream", false, "ServerSentEvents"},
		{signalr.WebSockets, "text/html, TEXT/event-stream", false, "ServerSentEvents"},
		{signalr.WebSockets, "text/event-stream;q=0.5", false, "LongPolling"},
		{signalr.WebSockets, "", false, "LongPolling"},
		{signalr.LongPolling, "", true, "WebSockets"},
		{signalr.LongPolling, "text/html", true, "WebSockets"},
	} {
		b := setup(t, options{endpoint: &signalr.EndpointOptions{Transports: c.offered}})
		header := []string{"Accept", c.accept}
		if c.upgrade {
			header = append(header, "Connection", "Upgrade", "Upgrade", "websocket",
				"Sec-Websocket-Version", "13", "Sec-Websocket-Key", "AAAAAAAAAAAAAAAAAAAAAA==")
		}
		id := b.negotiate(t, "?negotiateVersion=1").ConnectionToken
		status, _, body := b.do(t, http.MethodGet, "/hub?id="+id, header...)
		if want := c.want + " transport not supported by this end point type"; status != http.StatusNotFound || body != want {
			t.Errorf("%+v: got %d %q", c, status, body)
		}
	}
}

// AUTH-03, AUTH-05: who cannot set a header is known by its query or its
// cookies, which Authenticate sees before a WebSocket or a stream is opened.
func TestBrowsersAreKnown(t *testing.T) {
	t.Parallel()
	b := setup(t, options{prepare: room, endpoint: &signalr.EndpointOptions{
		Authenticate: func(r *http.Request) (any, string, time.Time, error) {
			cookie, err := r.Cookie("session")
			if r.URL.Query().Get("access_token") == "good" || err == nil && cookie.Value == "good" {
				return nil, "ann", time.Time{}, nil
			}
			return nil, "", time.Time{}, errors.New("who is that")
		},
	}})
	b.connect(t, "access_token=good").id()
	b.upgrade(t, "", "Cookie: session=good")
	b.refused(t, "?access_token=bad", http.StatusUnauthorized, "")
	b.refused(t, "", http.StatusUnauthorized, "", "Cookie", "session=bad")
	for query, want := range map[string]int{"?access_token=good": http.StatusBadRequest, "": http.StatusUnauthorized} {
		if status, _, _ := b.do(t, http.MethodGet, "/hub"+query, "Accept", "text/event-stream"); status != want { // 400: it has no id
			t.Errorf("%q: got %d, want %d", query, status, want)
		}
	}
}
