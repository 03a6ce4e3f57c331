package signalr

import (
	"net/http"
	"strings"

	"github.com/fanfare-hub/fanfare/signalr/internal/ws"
)

// BearerToken finds the access token in a request of a SignalR client, for use
// in Authenticate; it is empty if there is none. It stands in the Authorization
// header, whose scheme is compared without case (AUTH-04); or, where a browser
// cannot set that, in the query parameter access_token of a request for a
// WebSocket or for Server-Sent Events (AUTH-03, AUTH-05). The header counts if
// both are there. Servers that log whole URLs log the latter.
func BearerToken(r *http.Request) string {
	scheme, token, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	if strings.EqualFold(scheme, "Bearer") {
		return strings.TrimSpace(token)
	}
	if r.Method == http.MethodGet && (ws.IsUpgrade(r) || wantsEvents(r)) {
		return r.URL.Query().Get("access_token")
	}
	return ""
}
