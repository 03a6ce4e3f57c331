package signalr_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/fanfare-hub/fanfare/signalr"
)

// CORS-05, WS-02: who may open a WebSocket, by default and as the application
// has it.
func TestCheckOrigin(t *testing.T) {
	t.Parallel()
	plain := setup(t, options{})
	host := strings.TrimPrefix(plain.http.URL, "http://")
	for origin, fine := range map[string]bool{
		"": true, "http://" + host: true, "https://" + strings.ToUpper(host): true,
		"http://localhost": false, "http://" + host + ".example": false, "https://elsewhere.example": false, "null": false, "%": false,
	} {
		plain.wantOrigin(t, origin, fine)
	}
	own := setup(t, options{endpoint: &signalr.EndpointOptions{
		CheckOrigin: func(r *http.Request) bool { return r.Header.Get("Origin") == "https://elsewhere.example" },
	}})
	own.wantOrigin(t, "https://elsewhere.example", true)
	own.wantOrigin(t, own.http.URL, false)
	own.wantOrigin(t, "", false)
}

func (b *bundle) wantOrigin(t *testing.T, origin string, fine bool) {
	t.Helper()
	if fine {
		b.dialWith(t, http.Header{"Origin": {origin}}).conn.Close()
		return
	}
	before := b.server.Stats().Refused
	b.refused(t, "", http.StatusForbidden, "", "Origin", origin)
	if after := b.server.Stats().Refused; after != before+1 {
		t.Errorf("%s: not counted", origin)
	}
}

// CORS-01, CORS-02, CORS-03, CORS-04, CORS-06: CORS is the application's. What it sets before
// the server is on every answer, errors, streams and polls too; nothing needs a
// cookie; and without it OPTIONS is just another method.
func TestBehindCORS(t *testing.T) {
	t.Parallel()
	b := setup(t, options{})
	if status, header, body := b.do(t, http.MethodOptions, "/hub", "Origin", "https://page.example"); status != http.StatusMethodNotAllowed || body != "" || header.Get("Allow") != "" {
		t.Errorf("OPTIONS: %d %v %q", status, header, body) // CORS-06
	}
	plain := b.http.Config.Handler
	b.http.Config.Handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Access-Control-Allow-Origin", r.Header.Get("Origin"))
		w.Header().Set("Access-Control-Allow-Credentials", "true")
		if r.Method == http.MethodOptions {
			w.WriteHeader(http.StatusNoContent)
			return
		}
		plain.ServeHTTP(w, r)
	})
	const origin = "https://page.example"
	check := func(what string, status, want int, header http.Header) {
		t.Helper()
		if status != want || header.Get("Access-Control-Allow-Origin") != origin || header.Get("Access-Control-Allow-Credentials") != "true" {
			t.Errorf("%s: %d %v", what, status, header)
		}
		if header.Get("Set-Cookie") != "" {
			t.Errorf("%s: a cookie", what) // CORS-04
		}
	}
	c, other := b.web(t), b.web(t)
	for _, request := range []struct {
		method, url, accept string
		status              int
	}{
		{"OPTIONS", "/hub/negotiate", "", 204}, // CORS-01
		{"POST", "/hub/negotiate?negotiateVersion=1", "", 200},
		{"POST", "/hub", "", 400},
		{"GET", "/hub?id=nobody", "", 404}, // CORS-02
		{"GET", "/hub?id=nobody", "text/event-stream", 404},
		{"PUT", "/hub", "", 405},
		{"GET", strings.TrimPrefix(c.url, b.http.URL), "", 200}, // a poll
		{"GET", strings.TrimPrefix(c.url, b.http.URL), "text/event-stream", 400},
		{"DELETE", strings.TrimPrefix(c.url, b.http.URL), "", 202},
	} {
		status, header, _ := b.do(t, request.method, request.url, "Origin", origin, "Accept", request.accept)
		check(request.method+" "+request.url, status, request.status, header)
	}
	stream := other.listen("Origin", origin)
	check("stream", http.StatusOK, http.StatusOK, stream.header) // CORS-03
	status := other.request(t.Context(), http.MethodGet, "", "Origin", origin, "Accept", "text/event-stream")
	check("second stream", status.status, http.StatusConflict, status.header)
	stream.hangUp()
}
