package signalr_test

import (
	"net/http"
	"testing"

	"github.com/fanfare-hub/fanfare/signalr"
)

const foreignPage = "https://page.example"

// allowing is the layer that an application puts in front for pages of other
// origins.
func allowing(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Access-Control-Allow-Origin", r.Header.Get("Origin"))
		w.Header().Set("Access-Control-Allow-Credentials", "true")
		if r.Method == http.MethodOptions {
			w.WriteHeader(http.StatusNoContent)
			return
		}
		next.ServeHTTP(w, r)
	})
}

// crossOrigin serves a hub behind such a layer.
func crossOrigin(t *testing.T) *bundle {
	t.Helper()
	b := &bundle{hub: signalr.NewHub(nil), server: signalr.NewServer(nil)}
	room(b.hub)
	b.server.MapHub("/hub", b.hub, nil)
	b.front = allowing(b.server)
	return serve(t, b)
}

// CORS-01, CORS-02, CORS-03, CORS-04: the layer's headers are on all that the
// hub answers, errors, events and polls too, and no cookie is asked for.
func TestHeadersOfALayer(t *testing.T) {
	t.Parallel()
	b := crossOrigin(t)
	stream, polls := b.web(t).listen(), b.web(t)
	attached := "?id=" + polls.url[len(b.url)+len("?id="):]
	for name, header := range map[string]http.Header{
		"preflight":      head(t, b, http.MethodOptions, "/hub/negotiate", http.StatusNoContent),
		"negotiate":      head(t, b, http.MethodPost, "/hub/negotiate", http.StatusOK),
		"poll":           head(t, b, http.MethodGet, "/hub"+attached, http.StatusOK),
		"post":           head(t, b, http.MethodPost, "/hub"+attached, http.StatusOK),
		"delete":         head(t, b, http.MethodDelete, "/hub"+attached, http.StatusAccepted),
		"no id":          head(t, b, http.MethodGet, "/hub", http.StatusBadRequest),
		"unknown id":     head(t, b, http.MethodPost, "/hub?id=nobody", http.StatusNotFound),
		"another method": head(t, b, http.MethodPut, "/hub", http.StatusMethodNotAllowed),
	} {
		if header.Get("Access-Control-Allow-Origin") != foreignPage || header.Get("Access-Control-Allow-Credentials") != "true" {
			t.Errorf("%s: %v", name, header)
		}
		if header.Values("Set-Cookie") != nil {
			t.Errorf("%s sets a cookie", name)
		}
	}
	if stream.header.Get("Access-Control-Allow-Credentials") != "true" || stream.header.Values("Set-Cookie") != nil {
		t.Errorf("events: %v", stream.header)
	}
	stream.hangUp()
}

// head asks as a page does, and returns the headers of the answer.
func head(t *testing.T, b *bundle, method, url string, status int) http.Header {
	t.Helper()
	got, header, _ := b.do(t, method, url, "Origin", foreignPage, "X-Requested-With", "XMLHttpRequest")
	if got != status {
		t.Errorf("%s %s: %d, want %d", method, url, got, status)
	}
	return header
}

// CORS-05: who may open a WebSocket from where.
func TestOrigins(t *testing.T) {
	t.Parallel()
	b := setup(t, options{})
	b.refused(t, "", http.StatusForbidden, "", "Origin", foreignPage)
	b.upgrade(t, "")
	b.upgrade(t, "", "Origin: http://x")
	b = setup(t, options{endpoint: &signalr.EndpointOptions{
		CheckOrigin: func(r *http.Request) bool { return r.Header.Get("Origin") == foreignPage },
	}})
	b.upgrade(t, "", "Origin: "+foreignPage)
	b.refused(t, "", http.StatusForbidden, "", "Origin", "http://x")
}
