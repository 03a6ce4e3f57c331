package signalr

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/fanfare-hub/fanfare/signalr/hubproto"
	"github.com/fanfare-hub/fanfare/signalr/internal/ws"
)

// EndpointOptions are the settings of a hub at one path. A zero field is its
// default.
type EndpointOptions struct {
	Transports Transports // those that are offered; default all
	// MinimumProtocolVersion refuses to negotiate in an older version; default
	// 0, the oldest (NEG-03).
	MinimumProtocolVersion int
	// AllowStatefulReconnects lets clients that ask for it go on with their
	// connection on another WebSocket when theirs is lost, without losing a
	// message: within ServerOptions.DisconnectTimeout, with the same groups and
	// calls (SR-01, SR-08).
	AllowStatefulReconnects bool
	// TransportSendTimeout is how long a client may take nothing of what waits
	// for it before it is cut; default 30 s.
	TransportSendTimeout time.Duration
	// UnsentLimit bounds what the system takes for a client on a WebSocket and
	// cannot send yet, in bytes; default 0, as much as it likes, which may be
	// megabytes. They are out of the reach of a Delivery: for a client that is
	// slow they are what it gets first, however old. What the network and the
	// client's own system hold is besides. 4 KiB are enough for full speed. It
	// is for Linux, and does nothing elsewhere; the socket of the other
	// transports is the HTTP server's.
	UnsentLimit int
	// PollTimeout is how long a poll waits for messages before it is answered
	// without any; default 90 s. Clients wait 100 s (LP-04).
	PollTimeout time.Duration

	// Authenticate is asked about every request. It returns the user, its id
	// for Hub.User, and when that runs out (zero: never). An error refuses the
	// request with 401, one that wraps ErrForbidden with 403. nil lets
	// everybody in, without a user.
	Authenticate func(*http.Request) (user any, id string, expiry time.Time, err error)
	// CloseOnExpiry ends a connection, for the client to come back, when what
	// Authenticate said of its request, or of its newest poll, has run out
	// (AUTH-09). Without it such a connection lives on (AUTH-08).
	CloseOnExpiry bool
	// EnableRefresh lets a client renew its credential on a connection that
	// lives (AUTH-11). Negotiate then tells for how long it is good, and
	// Authenticate is asked about a POST request for path/refresh with the
	// connection's token and the new credential: the user and the expiry that
	// it returns are the connection's from then on. A poll does the same. The
	// user's id must be the same, and a credential that runs out earlier than
	// the one before changes nothing. An error that wraps ErrForbidden refuses
	// the change, any other the credential; the connection lives on.
	EnableRefresh bool
	// SameUser refuses, with 403, a request on a connection that another user
	// has negotiated (AUTH-10): users are told apart by their id. Without it
	// the connection's token, which is a secret of its client, is enough. It
	// cannot see who opens a WebSocket without negotiation.
	SameUser bool
	// Redirect may send a client to another server instead of negotiating with
	// it: to url, which it negotiates with next, with accessToken as its
	// credential if that is not empty (NEG-19). An empty url lets it stay. user
	// is what Authenticate returned. It is asked during Shutdown too.
	Redirect func(r *http.Request, user any) (url, accessToken string)
	// CheckOrigin is asked before a WebSocket is opened; false refuses it with
	// 403. nil lets in requests without an Origin, and those of the same host.
	CheckOrigin func(*http.Request) bool
}

func (o *EndpointOptions) withDefaults() EndpointOptions {
	var out EndpointOptions
	if o != nil {
		out = *o
	}
	out.Transports = orDefault(out.Transports, hubproto.AllTransports)
	out.TransportSendTimeout = orDefault(out.TransportSendTimeout, 30*time.Second)
	out.PollTimeout = orDefault(out.PollTimeout, 90*time.Second)
	if out.Authenticate == nil {
		out.Authenticate = func(*http.Request) (any, string, time.Time, error) { return nil, "", time.Time{}, nil }
	}
	if out.CheckOrigin == nil {
		out.CheckOrigin = sameOrigin
	}
	return out
}

// hooked says whether functions of the application see requests that open
// connections, and may keep them.
func (o *EndpointOptions) hooked() bool {
	return o != nil && (o.Authenticate != nil || o.Redirect != nil || o.CheckOrigin != nil)
}

// endpoint is a hub, or a handler of connections without one, at a path.
type endpoint struct {
	server  *Server
	hub     *Hub              // of a handler: one that nobody knows, for its options
	handler ConnectionHandler // nil for a hub
	options EndpointOptions
	offered []hubproto.TransportInfo
	hooked  bool   // functions of the application see its requests
	number  uint32 // in the tokens that it issues: they are good for nothing elsewhere
}

// The bodies of refusals; clients show them, and their tests compare them.
const (
	textNoID        = "Connection ID required"
	textUnknownID   = "No Connection with that ID"
	textPost        = "POST requests are not allowed for WebSocket connections."
	textDelete      = "Cannot terminate this connection using the DELETE endpoint."
	textOtherMedium = "Cannot change transports mid-connection"
	textNotOffered  = " transport not supported by this end point type"
)

// serve answers a request for the hub's path (EP-03, EP-04).
func (e *endpoint) serve(w http.ResponseWriter, r *http.Request) {
	u, ok := e.authenticate(w, r)
	if !ok {
		return
	}
	switch {
	case r.Method == http.MethodPost:
		e.servePost(w, r, u)
	case r.Method == http.MethodDelete:
		e.serveDelete(w, r, u)
	case r.Method != http.MethodGet:
		e.refuse(w, http.StatusMethodNotAllowed, "")
	case wantsEvents(r):
		e.serveEvents(w, r, u)
	case ws.IsUpgrade(r):
		e.serveWebSocket(w, r, u)
	default:
		e.servePoll(w, r, u)
	}
}

// authenticate finds out who asks; it answers who may not (AUTH-01).
func (e *endpoint) authenticate(w http.ResponseWriter, r *http.Request) (user, bool) {
	value, id, expiry, err := e.options.Authenticate(r)
	switch {
	case err == nil:
		return user{value: value, id: id, expiry: expiry}, true
	case errors.Is(err, ErrForbidden):
		e.refuseEmpty(w, http.StatusForbidden)
	default:
		e.refuseEmpty(w, http.StatusUnauthorized)
	}
	return user{}, false
}

// look finds what a token is good for at this endpoint.
func (e *endpoint) look(id string) attachment {
	found := e.server.attachments.look(id)
	if found.token.path != e.number {
		return attachment{}
	}
	return found
}

// sameUser says whether the user may act on a token's connection (AUTH-10).
func (e *endpoint) sameUser(t token, u user) bool {
	return !e.options.SameUser || t.user == e.server.attachments.mint.fingerprint(u.id)
}

// known finds the connection that a request names (CONN-03, CONN-04), if the
// user may act on it.
func (e *endpoint) known(w http.ResponseWriter, r *http.Request, u user) (attachment, bool) {
	id := parameter(r.URL, "id")
	if id == "" {
		e.refuse(w, http.StatusBadRequest, textNoID)
		return attachment{}, false
	}
	found, ok := e.still(w, e.look(id))
	if ok && !e.sameUser(found.token, u) {
		e.refuseEmpty(w, http.StatusForbidden)
		return attachment{}, false
	}
	return found, ok
}

// still answers a request whose token is good for nothing, or has just ceased
// to be.
func (e *endpoint) still(w http.ResponseWriter, found attachment) (attachment, bool) {
	if found.standing == unknown {
		e.refuse(w, http.StatusNotFound, textUnknownID)
		return attachment{}, false
	}
	return found, true
}

// attach opens a connection with a transport, or finds the one that has been
// opened with the same (CONN-02, CONN-05).
func (e *endpoint) attach(
	w http.ResponseWriter, r *http.Request, u user, kind Transports, open func(token, *inbound) *connection,
) (attachment, bool) {
	found, ok := e.known(w, r, u)
	switch {
	case !ok:
		return found, false
	case e.options.Transports&kind == 0:
		e.refuse(w, http.StatusNotFound, kind.String()+textNotOffered)
		return found, false
	case found.standing == waiting && e.server.refuses():
		e.refuseForNow(w)
		return found, false
	}
	if found, ok = e.still(w, e.server.attachments.attach(found.token, kind, open)); !ok {
		return found, false
	}
	if found.standing == attached && found.kind != kind {
		e.refuse(w, http.StatusBadRequest, textOtherMedium)
		return found, false
	}
	return found, true
}

// newConnection makes a connection that has no transport yet.
func (e *endpoint) newConnection(r *http.Request, u user, t token) *connection {
	// Shutdown cancels it, as it does e.server.base: to be one of its children
	// would take a place in its table as well.
	ctx, cancel := context.WithCancel(context.Background())
	c := &connection{
		server:   e.server,
		endpoint: &e.options,
		hub:      e.hub,
		handler:  e.handler,
		shard:    e.server.nextShard(),
		id:       t.id,
		token:    t,
		user:     u,
		ctx:      ctx,
		cancel:   cancel,
	}
	c.caller.c = c
	c.request.Store(keepRequest(r, t.text))
	return c
}

// wantsEvents says whether a request asks for Server-Sent Events, by exactly
// that media type (EP-05).
func wantsEvents(r *http.Request) bool {
	for _, line := range r.Header.Values("Accept") {
		for media := range strings.SplitSeq(line, ",") {
			if strings.EqualFold(strings.TrimSpace(media), "text/event-stream") {
				return true
			}
		}
	}
	return false
}

// parameter is a query parameter, its name compared without case (EP-06); of
// several it is the first.
func parameter(u *url.URL, name string) string {
	if values := parameters(u, name); len(values) > 0 {
		return values[0]
	}
	return ""
}

// parameters is all values of a query parameter. What u.Query would pass over
// is passed over here too; but nothing is kept of the other parameters.
func parameters(u *url.URL, name string) (values []string) {
	for pair := range strings.SplitSeq(u.RawQuery, "&") {
		key, value, _ := strings.Cut(pair, "=")
		if key, err := url.QueryUnescape(key); err != nil || !strings.EqualFold(key, name) || strings.Contains(pair, ";") {
			continue
		}
		if value, err := url.QueryUnescape(value); err == nil {
			values = append(values, value)
		}
	}
	return values
}

// noCache sets the headers of every answer to a poll (LP-01).
func noCache(w http.ResponseWriter) {
	w.Header().Set("Cache-Control", "no-cache, no-store")
	w.Header().Set("Pragma", "no-cache")
	w.Header().Set("Expires", "Thu, 01 Jan 1970 00:00:00 GMT")
}

// refuse answers with a text, which may be empty.
func (e *endpoint) refuse(w http.ResponseWriter, status int, text string) {
	w.Header().Set("Content-Type", "text/plain")
	e.refuseBare(w, status, text)
}

// refuseForNow answers who may try again elsewhere: on a new connection to the
// HTTP server, since a balancer of connections would lead this one here again.
func (e *endpoint) refuseForNow(w http.ResponseWriter) {
	w.Header().Set("Connection", "close")
	e.refuseEmpty(w, http.StatusServiceUnavailable)
}

func (e *endpoint) refuseEmpty(w http.ResponseWriter, status int) { e.refuseBare(w, status, "") }

// refuseBare answers without a Content-Type.
func (e *endpoint) refuseBare(w http.ResponseWriter, status int, text string) {
	e.server.counters.refused.Add(1)
	if w.Header().Get("Content-Type") == "" {
		w.Header()["Content-Type"] = nil // or net/http would guess one
	}
	w.WriteHeader(status)
	_, _ = w.Write([]byte(text)) // who does not want to know has hung up
}
