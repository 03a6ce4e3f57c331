package signalr_test

import (
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/fanfare-hub/fanfare/signalr"
)

// AUTH-03, AUTH-04, AUTH-05: where clients put their token, and where it does
// not count.
func TestBearerToken(t *testing.T) {
	t.Parallel()
	upgrade := http.Header{"Connection": {"keep-alive, Upgrade"}, "Upgrade": {"websocket"}}
	events := http.Header{"Accept": {"text/event-stream"}}
	with := func(h http.Header, authorization string) http.Header {
		h = h.Clone()
		h.Set("Authorization", authorization)
		return h
	}
	for _, c := range []struct {
		method, query string
		header        http.Header
		want          string
	}{
		{"POST", "", with(http.Header{}, "Bearer abc"), "abc"},
		{"POST", "", with(http.Header{}, "bEARER  abc "), "abc"},
		{"POST", "", with(http.Header{}, "Basic abc"), ""},
		{"POST", "", with(http.Header{}, "Bearerabc"), ""},
		{"POST", "?access_token=abc", http.Header{}, ""},
		{"GET", "?access_token=abc", http.Header{}, ""}, // a poll
		{"GET", "?access_token=a%2Bc", upgrade, "a+c"},
		{"GET", "?access_token=abc", events, "abc"},
		{"POST", "?access_token=abc", events, ""},
		{"GET", "?access_token=abc", with(upgrade, "Bearer header"), "header"},
		{"GET", "?access_token=abc", with(events, "Basic header"), "abc"},
		{"GET", "", upgrade, ""},
	} {
		r := httptest.NewRequest(c.method, "/hub"+c.query, http.NoBody)
		r.Header = c.header
		if got := signalr.BearerToken(r); got != c.want {
			t.Errorf("%s %s %v: got %q, want %q", c.method, c.query, c.header, got, c.want)
		}
	}
}
