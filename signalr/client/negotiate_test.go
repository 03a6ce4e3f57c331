package client_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/cookiejar"
	"strings"
	"testing"

	"github.com/fanfare-hub/fanfare/signalr/client"
)

func reply(status int, body string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(status)
		w.Write([]byte(body))
	}
}

func TestNegotiateRefused(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		answer http.HandlerFunc
		want   string // at the end of the error's text
		status int    // of the NegotiateError; 0: it is none
	}{
		"error member":      {reply(200, `{"error":"The hub is closed."}`), "negotiate: The hub is closed.", 200},
		"status":            {reply(401, ""), "negotiate: Unauthorized: status code 401", 401},
		"status and text":   {reply(503, "Come back later.\n"), "negotiate: Come back later.: status code 503", 503},
		"not JSON":          {reply(200, "<html>"), "beginning of value", 0},
		"unknown transport": {reply(200, strings.ReplaceAll(negotiated, "WebSockets", "Pigeons")), `"Pigeons" is not known to the client`, 0},
		"no transport":      {reply(200, `{"connectionToken":"t","availableTransports":[]}`), "server offers no transport", 0},
		"binary only": {
			reply(200, strings.ReplaceAll(negotiated, `"Text",`, "")),
			"WebSockets does not carry the protocol json: it has not the format Text", 0,
		},
		"no token":          {reply(200, strings.ReplaceAll(negotiated, `"a-token"`, `""`)), "gave no connection token", 0},
		"redirect nowhere":  {reply(200, `{"url":"ftp://elsewhere"}`), "is not http, https, ws or wss", 0},
		"redirect for ever": {reply(200, `{"url":"/again"}`), "redirected more than 100 times", 0},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			hub := newFakeHub(t, (*session).greet)
			hub.negotiate = test.answer
			c := client.New(hub.url, nil)
			err := c.Start(testContext(t))
			if err == nil || !strings.HasSuffix(err.Error(), test.want) {
				t.Errorf("Start = %v, want it to end in %q", err, test.want)
			}
			var refused *client.NegotiateError
			if errors.As(err, &refused) != (test.status != 0) || refused != nil && refused.StatusCode != test.status {
				t.Errorf("Start = %#v, want status %d", refused, test.status)
			}
		})
	}
}

func TestStartCanBeRepeatedAfterFailure(t *testing.T) {
	t.Parallel()
	hub := newFakeHub(t, func(s *session) { s.greet(); s.goodbye() })
	good := hub.negotiate
	hub.negotiate = reply(http.StatusServiceUnavailable, "")
	c := client.New(hub.url, nil)
	if err := c.Start(testContext(t)); err == nil {
		t.Fatal("Start succeeded against a server that refuses")
	}
	hub.negotiate = good
	start(t, c)
}

func TestNegotiateRequest(t *testing.T) {
	t.Parallel()
	requests := make(chan *http.Request, 2)
	hub := newFakeHub(t, func(s *session) { requests <- s.request; s.greet(); s.goodbye() })
	hub.negotiate = func(w http.ResponseWriter, r *http.Request) {
		requests <- r
		http.SetCookie(w, &http.Cookie{Name: "node", Value: "7", Path: "/"})
		w.Write([]byte(negotiated))
	}
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	start(t, client.New(strings.Replace(hub.url, "http:", "ws:", 1)+"?room=a%20b", &client.Options{
		HTTPClient:  &http.Client{Jar: jar},
		Header:      http.Header{"X-Tenant": {"t1"}},
		AccessToken: func(context.Context) (string, error) { return "secret", nil },
	}))
	negotiate, socket := <-requests, <-requests
	if got, want := negotiate.Method+" "+negotiate.RequestURI, "POST /hub/negotiate?room=a%20b&negotiateVersion=1"; got != want {
		t.Errorf("negotiate request = %s, want %s", got, want)
	}
	if got, want := socket.RequestURI, "/hub?room=a%20b&id=a-token"; got != want {
		t.Errorf("WebSocket request = %s, want %s", got, want)
	}
	for _, r := range []*http.Request{negotiate, socket} {
		if got := r.Header.Get("Authorization"); got != "Bearer secret" {
			t.Errorf("%s: Authorization = %q", r.URL.Path, got)
		}
		if got := r.Header.Get("X-Tenant"); got != "t1" {
			t.Errorf("%s: X-Tenant = %q", r.URL.Path, got)
		}
	}
	if cookie, err := socket.Cookie("node"); err != nil || cookie.Value != "7" {
		t.Errorf("cookie of the WebSocket = %v, %v; want that of the negotiation", cookie, err)
	}
}

func TestNegotiateRedirect(t *testing.T) {
	t.Parallel()
	socket := make(chan *http.Request, 1)
	hub := newFakeHub(t, func(s *session) { socket <- s.request; s.greet(); s.goodbye() })
	hub.negotiate = func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/hub/negotiate":
			fmt.Fprintf(w, `{"url":"http://%s/second?hop=2","accessToken":"for the second"}`, r.Host)
		case "/second/negotiate":
			if r.Header.Get("Authorization") != "Bearer for the second" || r.URL.Query().Get("hop") != "2" {
				t.Errorf("second negotiation: %s with %q", r.URL, r.Header.Get("Authorization"))
			}
			w.Write([]byte(`{"url":"/third"}`))
		default:
			w.Write([]byte(negotiated))
		}
	}
	start(t, client.New(hub.url, &client.Options{
		AccessToken: func(context.Context) (string, error) { return "for the first", nil },
	}))
	r := waitFor(t, socket, "WebSocket")
	if got, want := r.RequestURI, "/third?id=a-token"; got != want {
		t.Errorf("WebSocket request = %s, want %s", got, want)
	}
	if got, want := r.Header.Get("Authorization"), "Bearer for the second"; got != want {
		t.Errorf("Authorization = %q, want %q", got, want)
	}
}

func TestSkipNegotiation(t *testing.T) {
	t.Parallel()
	socket := make(chan *http.Request, 1)
	hub := newFakeHub(t, func(s *session) { socket <- s.request; s.greet(); s.goodbye() })
	hub.negotiate = func(http.ResponseWriter, *http.Request) { t.Error("the client negotiated") }
	c := start(t, client.New(hub.url, &client.Options{SkipNegotiation: true}))
	if got := waitFor(t, socket, "WebSocket").RequestURI; got != "/hub" {
		t.Errorf("WebSocket request = %s, want /hub", got)
	}
	if got := c.ConnectionID(); got != "" {
		t.Errorf("ConnectionID = %q, want none", got)
	}
}

func TestStartFailsBeforeAnyRequest(t *testing.T) {
	t.Parallel()
	noToken := errors.New("no token today")
	tests := map[string]struct {
		url     string
		options *client.Options
		want    string
	}{
		"no URL":       {"http://bad host/", nil, "hub address"},
		"other scheme": {"ftp://localhost/hub", nil, "scheme is not"},
		"no token": {"http://localhost/hub", &client.Options{
			AccessToken: func(context.Context) (string, error) { return "", noToken },
		}, "access token: no token today"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			err := client.New(test.url, test.options).Start(testContext(t))
			if err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("Start = %v, want %q in it", err, test.want)
			}
		})
	}
}

func TestWebSocketRefused(t *testing.T) {
	t.Parallel()
	hub := newFakeHub(t, nil)
	hub.negotiate = reply(http.StatusNotFound, "No Connection with that ID")
	// The path makes the fake hub answer the upgrade as it does a negotiation.
	c := client.New(hub.url+"/negotiate", &client.Options{SkipNegotiation: true})
	err := c.Start(testContext(t))
	const want = "start: open websocket: No Connection with that ID: status code 404"
	if err == nil || err.Error() != want {
		t.Errorf("Start = %v, want %s", err, want)
	}
}
