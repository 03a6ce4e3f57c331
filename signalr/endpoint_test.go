package signalr_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

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

// EP-01 to EP-07, CONN-02 to CONN-05, POST-04, LP-13.
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

// CONN-14, CONN-15, AUTH-12: what a method can read of the request.
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

// EP-09: one hub at two paths; what is no hub's goes to the fallback.
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
