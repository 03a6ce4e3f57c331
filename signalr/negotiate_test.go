package signalr_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/fanfare-hub/fanfare/signalr"
)

// do sends a request and returns the status, the header and the body.
func (b *bundle) do(t *testing.T, method, url string, header ...string) (int, http.Header, string) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, b.http.URL+url, nil)
	if err != nil {
		t.Fatal(err)
	}
	for i := 0; i < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	response, err := b.http.Client().Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return response.StatusCode, response.Header, string(body)
}

type negotiation struct {
	ConnectionID        string
	ConnectionToken     string
	AvailableTransports []struct{ Transport string }
	Error               string
}

func (b *bundle) negotiate(t *testing.T, query string, headers ...string) negotiation {
	t.Helper()
	status, header, body := b.do(t, http.MethodPost, "/hub/negotiate"+query, headers...)
	if status != http.StatusOK || header.Get("Content-Type") != "application/json" {
		t.Errorf("negotiate: %d, %v", status, header) // NEG-01, NEG-02
	}
	var n negotiation
	if err := json.Unmarshal([]byte(body), &n); err != nil {
		t.Fatal(err)
	}
	return n
}

// NEG-01, NEG-07, NEG-08, NEG-09, NEG-11, NEG-15, NEG-20, EP-07: the document,
// byte by byte: nothing else is in it.
func TestNegotiateDocument(t *testing.T) {
	t.Parallel()
	b := setup(t, options{})
	const transports = `"availableTransports":[{"transport":"WebSockets","transferFormats":["Text","Binary"]},` +
		`{"transport":"ServerSentEvents","transferFormats":["Text"]},` +
		`{"transport":"LongPolling","transferFormats":["Text","Binary"]}]}`
	for _, c := range []struct{ path, want string }{
		{"/hub/negotiate?negotiateVersion=1", `{"negotiateVersion":1,"connectionId":"%s","connectionToken":"%s",` + transports},
		{"/hub/negotiate?negotiateVersion=7&x=y", `{"negotiateVersion":1,"connectionId":"%s","connectionToken":"%s",` + transports},
		{"/HUB/Negotiate/?NegotiateVersion=1", `{"negotiateVersion":1,"connectionId":"%s","connectionToken":"%s",` + transports},
		{"/hub/negotiate", `{"negotiateVersion":0,"connectionId":"%s",` + transports},
	} {
		_, _, body := b.do(t, http.MethodPost, c.path)
		var n negotiation
		if err := json.Unmarshal([]byte(body), &n); err != nil {
			t.Fatal(err)
		}
		args := []any{n.ConnectionID}
		if n.ConnectionToken != "" {
			args = append(args, n.ConnectionToken)
			if len(n.ConnectionID) != 22 || n.ConnectionID == n.ConnectionToken { // NEG-14
				t.Errorf("id %q, token %q", n.ConnectionID, n.ConnectionToken)
			}
		}
		if want := fmt.Sprintf(c.want, args...); body != want {
			t.Errorf("%s\ngot  %s\nwant %s", c.path, body, want)
		}
	}
}

// NEG-02, NEG-04, NEG-05: what a refusal says.
func TestNegotiateVersionRefused(t *testing.T) {
	t.Parallel()
	b := setup(t, options{endpoint: &signalr.EndpointOptions{MinimumProtocolVersion: 1}})
	for query, want := range map[string]string{
		"":                                       "The client requested version '0', but the server does not support this version.",
		"?negotiateVersion=x":                    "The client requested a non-integer protocol version.",
		"?negotiateVersion=1&NEGOTIATEVERSION=1": "The client requested a non-integer protocol version.",
	} {
		if n := b.negotiate(t, query); n.Error != want {
			t.Errorf("%q: got %q", query, n.Error)
		}
	}
}

// EP-02: POST only.
func TestNegotiateMethods(t *testing.T) {
	t.Parallel()
	b := setup(t, options{})
	for _, method := range []string{http.MethodGet, http.MethodOptions, http.MethodPut} {
		status, header, body := b.do(t, method, "/hub/negotiate")
		if status != http.StatusMethodNotAllowed || header.Get("Content-Type") != "text/plain" || header.Get("Allow") != "" || body != "" {
			t.Errorf("%s: %d %v %q", method, status, header, body)
		}
	}
}

// NEG-21, AUTH-01: an empty body on all requests, before any lookup.
func TestUnauthorized(t *testing.T) {
	t.Parallel()
	refusals := map[string]error{"bad": errors.New("who is that"), "banned": fmt.Errorf("no: %w", signalr.ErrForbidden)}
	b := setup(t, options{endpoint: &signalr.EndpointOptions{
		Authenticate: func(r *http.Request) (any, string, time.Time, error) {
			return nil, "", time.Time{}, refusals[r.Header.Get("Authorization")]
		},
	}})
	for who, want := range map[string]int{"bad": http.StatusUnauthorized, "banned": http.StatusForbidden} {
		for _, request := range [][2]string{{http.MethodPost, "/hub/negotiate"}, {http.MethodGet, "/hub?id=x"}, {http.MethodDelete, "/hub"}} {
			status, header, body := b.do(t, request[0], request[1], "Authorization", who)
			if status != want || body != "" || header.Get("Content-Type") != "" {
				t.Errorf("%s %v: %d %v %q", who, request, status, header, body)
			}
		}
	}
}

// NEG-16, NEG-17, SEC-03, WS-01, CONN-06: what a token is good for.
func TestTokenAttachesOnce(t *testing.T) {
	t.Parallel()
	b := setup(t, options{prepare: room})
	n := b.negotiate(t, "?negotiateVersion=1")
	b.refused(t, "?id="+n.ConnectionID, http.StatusNotFound, "No Connection with that ID")
	c := b.connect(t, "ID="+n.ConnectionToken) // EP-06
	c.invoke("Id", `[]`, `"result":"`+n.ConnectionID+`"`)
	b.refused(t, "?id="+n.ConnectionToken, http.StatusConflict, "")
	c.send(`{"type":7}`)
	c.want(`{"type":7}`)
	c.wantClosed()
	b.waitOpen(t, 0)
	b.refused(t, "?id="+n.ConnectionToken, http.StatusNotFound, "No Connection with that ID")
}

// NEG-16, SEC-03: another spelling of a token, with a line break or other spare bits, is
// not the token.
func TestTokenHasOneSpelling(t *testing.T) {
	t.Parallel()
	const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
	b := setup(t, options{prepare: room})
	token := b.negotiate(t, "?negotiateVersion=1").ConnectionToken
	last := len(token) - 1
	spare := token[:last] + string(alphabet[strings.IndexByte(alphabet, token[last])^1])
	for _, other := range []string{token + "%0A", "%0D" + token, spare} {
		b.refused(t, "?id="+other, http.StatusNotFound, "No Connection with that ID")
	}
	b.connect(t, "id="+token)
}

// NEG-15: in version 0 the id is the token.
func TestVersion0IDIsToken(t *testing.T) {
	t.Parallel()
	b := setup(t, options{prepare: room})
	n := b.negotiate(t, "")
	c := b.connect(t, "id="+n.ConnectionID)
	c.invoke("Id", `[]`, `"result":"`+n.ConnectionID+`"`)
}

// NEG-17: a token runs out; another server's is worth nothing.
func TestTokenRunsOut(t *testing.T) {
	t.Parallel()
	b := setup(t, options{server: &signalr.ServerOptions{DisconnectTimeout: time.Nanosecond}})
	b.refused(t, "?id="+b.negotiate(t, "").ConnectionID, http.StatusNotFound, "No Connection with that ID")
	other := setup(t, options{})
	b.refused(t, "?id="+other.negotiate(t, "").ConnectionID, http.StatusNotFound, "No Connection with that ID")
}

// NEG-19, NEG-20: the application sends some users elsewhere, during Shutdown
// too.
func TestNegotiateRedirects(t *testing.T) {
	t.Parallel()
	b := setup(t, options{endpoint: &signalr.EndpointOptions{
		Authenticate: papers,
		Redirect: func(r *http.Request, user any) (string, string) {
			switch user {
			case "plain":
				return "https://elsewhere.example/hub?region=" + r.URL.Query().Get("region"), ""
			case "token":
				return "https://elsewhere.example/hub", "bearer of it"
			default:
				return "", "bearer of nothing"
			}
		},
	}})
	for range 2 {
		for paper, want := range map[string]string{
			"ann/plain": `{"url":"https://elsewhere.example/hub?region=north"}`,
			"ann/token": `{"url":"https://elsewhere.example/hub","accessToken":"bearer of it"}`,
		} {
			status, _, body := b.do(t, http.MethodPost, "/hub/negotiate?region=north", "Authorization", paper)
			if status != http.StatusOK || body != want {
				t.Errorf("%s: got %d %s, want %s", paper, status, body, want)
			}
		}
		if err := b.server.Shutdown(t.Context()); err != nil {
			t.Error(err)
		}
	}
	if status, _, body := b.do(t, http.MethodPost, "/hub/negotiate", "Authorization", "ann/stays"); status != http.StatusServiceUnavailable || body != "" {
		t.Errorf("got %d %q", status, body)
	}
}

// NEG-06: a refusal names nothing that could be attached to.
func TestNegotiateRefusalMakesNothing(t *testing.T) {
	t.Parallel()
	b := setup(t, options{})
	_, _, body := b.do(t, http.MethodPost, "/hub/negotiate?negotiateVersion=x")
	if want := `{"error":"The client requested a non-integer protocol version."}`; body != want {
		t.Errorf("got %s, want %s", body, want)
	}
	if got := b.server.Stats(); got.Opened != 0 {
		t.Errorf("got %+v", got)
	}
}

// NEG-14, NEG-18: each negotiation makes a connection of its own, of which the
// others know nothing; ids and tokens need no escaping.
func TestNegotiationsAreSeparate(t *testing.T) {
	t.Parallel()
	b := setup(t, options{prepare: room})
	seen := map[string]bool{}
	var all []negotiation
	for range 20 {
		n := b.negotiate(t, "?negotiateVersion=1")
		all = append(all, n)
		for _, text := range []string{n.ConnectionID, n.ConnectionToken} {
			if seen[text] || url.QueryEscape(text) != text {
				t.Errorf("%q", text)
			}
			seen[text] = true
		}
	}
	last, first := all[len(all)-1], all[0]
	b.connect(t, "id="+last.ConnectionToken).invoke("Id", `[]`, `"result":"`+last.ConnectionID+`"`)
	b.connect(t, "id="+first.ConnectionToken).invoke("Id", `[]`, `"result":"`+first.ConnectionID+`"`)
}

// NEG-22: 404 comes from a wrong path, and from nothing else.
func TestNegotiateNotFound(t *testing.T) {
	t.Parallel()
	b := setup(t, options{endpoint: &signalr.EndpointOptions{MinimumProtocolVersion: 1}})
	for url, want := range map[string]int{
		"/hub/negotiate":                              http.StatusOK,
		"/hub/negotiate?negotiateVersion=x":           http.StatusOK,
		"/hub/negotiate?negotiateVersion=1&id=nobody": http.StatusOK,
		"/other/negotiate?negotiateVersion=1":         http.StatusNotFound,
		"/hub/negotiate/negotiate?negotiateVersion=1": http.StatusNotFound,
		"/hub/negotiation?negotiateVersion=1":         http.StatusNotFound,
	} {
		if status, _, _ := b.do(t, http.MethodPost, url); status != want {
			t.Errorf("%s: got %d, want %d", url, status, want)
		}
	}
}
