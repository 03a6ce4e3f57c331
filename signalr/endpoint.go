package signalr

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"strings"
	"time"

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
	// PollTimeout is how long a poll waits for messages before it is answered
	// without any; default 90 s. Clients wait 100 s (LP-04).
	PollTimeout time.Duration

	// Authenticate is asked about every request. It returns the user, its id
	// for Hub.User, and when that runs out (zero: never). An error refuses the
	// request with 401, one that wraps ErrForbidden with 403. nil lets
	// everybody in, without a user.
	Authenticate func(*http.Request) (user any, id string, expiry time.Time, err error)
	// CloseOnExpiry ends a connection, for the client to come back, when what
	// Authenticate said of its request has run out (AUTH-09).
	CloseOnExpiry bool
	// CheckOrigin is asked before a WebSocket is opened; false refuses it with
	// 403. nil lets in requests without an Origin, and those of the same host.
	CheckOrigin func(*http.Request) bool
}

func (o *EndpointOptions) withDefaults() EndpointOptions {
	var out EndpointOptions
	if o != nil {
		out = *o
	}
	out.Transports = orDefault(out.Transports, allTransports)
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

// endpoint is a hub, or a handler of connections without one, at a path.
type endpoint struct {
	server  *Server
	hub     *Hub              // of a handler: one that nobody knows, for its options
	handler ConnectionHandler // nil for a hub
	options EndpointOptions
}

// user is who a request comes from.
type user struct {
	identity
	expiry time.Time // zero: never
}

// identity is what a connection keeps of it.
type identity struct {
	value any
	id    string
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
		e.servePost(w, r)
	case r.Method == http.MethodDelete:
		e.serveDelete(w, r)
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
		return user{identity{value, id}, expiry}, true
	case errors.Is(err, ErrForbidden):
		e.refuseEmpty(w, http.StatusForbidden)
	default:
		e.refuseEmpty(w, http.StatusUnauthorized)
	}
	return user{}, false
}

// known finds the connection that a request names (CONN-03, CONN-04).
func (e *endpoint) known(w http.ResponseWriter, r *http.Request, find func(id string) attachment) (attachment, bool) {
	id := parameter(r.URL.Query(), "id")
	if id == "" {
		e.refuse(w, http.StatusBadRequest, textNoID)
		return attachment{}, false
	}
	found := find(id)
	if found.standing == unknown {
		e.refuse(w, http.StatusNotFound, textUnknownID)
		return attachment{}, false
	}
	return found, true
}

// attach opens a connection with a transport, or finds the one that has been
// opened with the same (CONN-02, CONN-05).
func (e *endpoint) attach(
	w http.ResponseWriter, r *http.Request, kind Transports, open func(token, *inbound) *connection,
) (attachment, bool) {
	found, ok := e.known(w, r, e.server.attachments.look)
	switch {
	case !ok:
		return found, false
	case e.options.Transports&kind == 0:
		e.refuse(w, http.StatusNotFound, kind.String()+textNotOffered)
		return found, false
	case found.standing == waiting && e.server.isClosed():
		e.refuseEmpty(w, http.StatusServiceUnavailable)
		return found, false
	}
	attach := func(id string) attachment { return e.server.attachments.attach(id, kind, open) }
	if found, ok = e.known(w, r, attach); !ok {
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
		user:     u.identity,
		ctx:      ctx,
		cancel:   cancel,
	}
	c.caller.c = c
	c.request.Store(keepRequest(r))
	c.prolong(u)
	return c
}

// prolong notes until when a request lets the connection live (LP-16).
func (c *connection) prolong(u user) {
	if u.expiry.IsZero() {
		c.expiry.Store(0)
		return
	}
	c.expiry.Store(u.expiry.UnixMilli())
}

// expired says whether what is known of the user has run out.
func (c *connection) expired() bool {
	at := c.expiry.Load()
	return c.endpoint.CloseOnExpiry && at != 0 && time.Now().UnixMilli() > at
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

// parameter is a query parameter, its name compared without case (EP-06).
func parameter(query url.Values, name string) string {
	for key, values := range query {
		if strings.EqualFold(key, name) && len(values) > 0 {
			return values[0]
		}
	}
	return ""
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
