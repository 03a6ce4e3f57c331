package signalr

import (
	"net/http"
	"net/url"
	"strings"
)

// sameOrigin is the default of EndpointOptions.CheckOrigin: a request without
// Origin does not come from a browser, and one with the host that it was sent
// to comes from a page of this server (CORS-05). The scheme cannot be compared:
// a proxy in front may have ended TLS.
func sameOrigin(r *http.Request) bool {
	origin := r.Header.Get("Origin")
	if origin == "" {
		return true
	}
	u, err := url.Parse(origin)
	return err == nil && strings.EqualFold(u.Host, r.Host)
}
