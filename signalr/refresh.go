package signalr

import (
	"errors"
	"net/http"
	"strconv"

	"github.com/fanfare-hub/fanfare/signalr/hubproto"
)

// Why a refresh is refused; clients read these codes (AUTH-11).
const (
	refreshDisabled  = "refresh_disabled"
	refreshNoID      = "missing_connection_token"
	refreshUnknown   = "connection_not_found"
	refreshVersion   = "unsupported_negotiate_version"
	refreshInvalid   = "invalid_token"
	refreshForbidden = "permission_change_rejected"
)

// serveRefresh answers a request for path/refresh: the credential that it
// carries is the connection's from now on (AUTH-11).
func (e *endpoint) serveRefresh(w http.ResponseWriter, r *http.Request) {
	if r.Method != http.MethodPost {
		e.refuse(w, http.StatusMethodNotAllowed, "")
		return
	}
	holds, status, code := e.refresh(r)
	if code != "" {
		e.server.counters.refused.Add(1)
	}
	body := hubproto.AppendRefresh(nil, &hubproto.Refresh{Error: code, TokenLifetimeSeconds: holds.lifetime()})
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Content-Length", strconv.Itoa(len(body)))
	w.WriteHeader(status)
	_, _ = w.Write(body) // who does not want to know has hung up
}

// refresh returns what is known of the user from now on, or why nothing has
// changed. The checks stand in ASP.NET Core's order.
func (e *endpoint) refresh(r *http.Request) (holds *user, status int, code string) {
	c, status, code := e.refreshable(r)
	if code != "" {
		return &user{}, status, code
	}
	value, id, expiry, err := e.options.Authenticate(r)
	u := user{value: value, id: id, expiry: expiry}
	switch {
	case errors.Is(err, ErrForbidden):
		return &user{}, http.StatusForbidden, refreshForbidden
	case err != nil || u.expired():
		return &user{}, http.StatusUnauthorized, refreshInvalid
	case u.id != c.user.id:
		// Whom the hub has let in stays who it is.
		return &user{}, http.StatusForbidden, refreshForbidden
	}
	return c.renew(u), http.StatusOK, ""
}

// refreshable finds the connection that a request names.
func (e *endpoint) refreshable(r *http.Request) (c *connection, status int, code string) {
	id := parameter(r.URL, "id")
	switch {
	case !e.options.EnableRefresh:
		return nil, http.StatusNotFound, refreshDisabled
	case id == "":
		return nil, http.StatusBadRequest, refreshNoID
	}
	found := e.look(id)
	switch {
	case found.conn == nil, found.conn.ctx.Err() != nil: // not attached yet, or over
		return nil, http.StatusNotFound, refreshUnknown
	case found.token.version == 0: // its id, which is no secret, would be enough
		return nil, http.StatusBadRequest, refreshVersion
	}
	return found.conn, 0, ""
}
