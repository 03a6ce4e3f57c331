package signalr

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/fanfare-hub/fanfare/signalr/hubproto"
	"github.com/fanfare-hub/fanfare/signalr/internal/ws"
)

// Transports is a set of transports.
type Transports uint8

// WebSockets is the one transport that there is so far.
const WebSockets Transports = 1 << iota

const allTransports = WebSockets

// EndpointOptions are the settings of a hub at one path. A zero field is its
// default.
type EndpointOptions struct {
	Transports Transports // those that are offered; default all
	// MinimumProtocolVersion refuses to negotiate in an older version; default
	// 0, the oldest (NEG-03).
	MinimumProtocolVersion int
	// TransportSendTimeout is how long a client may take nothing of what waits
	// for it before it is cut; default 30 s.
	TransportSendTimeout time.Duration

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
	if out.Authenticate == nil {
		out.Authenticate = func(*http.Request) (any, string, time.Time, error) { return nil, "", time.Time{}, nil }
	}
	if out.CheckOrigin == nil {
		out.CheckOrigin = sameOrigin
	}
	return out
}

// endpoint is a hub at a path.
type endpoint struct {
	server  *Server
	hub     *Hub
	options EndpointOptions
}

// user is who a request comes from.
type user struct {
	value  any
	id     string
	expiry time.Time // zero: never
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
		e.serveKnown(w, r, http.StatusMethodNotAllowed, textPost)
	case r.Method == http.MethodDelete:
		e.serveKnown(w, r, http.StatusBadRequest, textDelete)
	case r.Method != http.MethodGet:
		e.refuse(w, http.StatusMethodNotAllowed, "")
	case wantsEvents(r):
		e.serveOther(w, r, hubproto.TransportServerSentEvents)
	case ws.IsUpgrade(r):
		e.serveWebSocket(w, r, u)
	default:
		noCache(w)
		e.serveOther(w, r, hubproto.TransportLongPolling)
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

// serveKnown refuses what a connection that was found does not allow.
func (e *endpoint) serveKnown(w http.ResponseWriter, r *http.Request, status int, text string) {
	if _, ok := e.known(w, r); ok {
		e.refuse(w, status, text)
	}
}

// serveOther refuses a transport that is not offered.
func (e *endpoint) serveOther(w http.ResponseWriter, r *http.Request, transport string) {
	switch found, ok := e.known(w, r); {
	case !ok:
	case found == attached:
		e.refuse(w, http.StatusBadRequest, textOtherMedium) // CONN-02
	default:
		e.refuse(w, http.StatusNotFound, transport+textNotOffered) // CONN-05
	}
}

// known finds the connection that a request names (CONN-03, CONN-04).
func (e *endpoint) known(w http.ResponseWriter, r *http.Request) (standing, bool) {
	id := parameter(r.URL.Query(), "id")
	if id == "" {
		e.refuse(w, http.StatusBadRequest, textNoID)
		return unknown, false
	}
	found := e.server.attachments.look(id)
	if found == unknown {
		e.refuse(w, http.StatusNotFound, textUnknownID)
		return unknown, false
	}
	return found, true
}

// serveWebSocket opens a connection. All refusals come before the upgrade
// (WS-02).
func (e *endpoint) serveWebSocket(w http.ResponseWriter, r *http.Request, u user) {
	if !e.options.CheckOrigin(r) {
		e.refuseEmpty(w, http.StatusForbidden)
		return
	}
	id := parameter(r.URL.Query(), "id")
	if id != "" && e.server.attachments.look(id) == unknown {
		e.refuseBare(w, http.StatusNotFound, textUnknownID)
		return
	}
	if e.options.Transports&WebSockets == 0 {
		e.refuse(w, http.StatusNotFound, hubproto.TransportWebSockets+textNotOffered)
		return
	}
	if e.server.isClosed() {
		e.refuseEmpty(w, http.StatusServiceUnavailable)
		return
	}
	if id == "" { // not negotiated (WS-01)
		e.open(w, r, u, token{id: newID()})
		return
	}
	switch t, was := e.server.attachments.attach(id); was {
	case waiting:
		e.open(w, r, u, t)
	case attached:
		e.refuse(w, http.StatusConflict, "")
	case unknown:
		e.refuseBare(w, http.StatusNotFound, textUnknownID)
	}
}

// open upgrades the request and starts the connection.
func (e *endpoint) open(w http.ResponseWriter, r *http.Request, u user, t token) {
	conn, err := ws.Accept(w, r)
	if err != nil {
		e.server.counters.refused.Add(1)
		e.server.options.Logger.DebugContext(r.Context(), "websocket refused", slog.Any("error", err))
		if t.text != "" {
			e.server.attachments.giveBack(t)
		}
		return
	}
	c := e.newConnection(conn, r, u, t)
	if !e.server.start(c) {
		c.cancel()
		c.cut()
	}
}

func (e *endpoint) newConnection(conn *ws.Conn, r *http.Request, u user, t token) *connection {
	ctx, cancel := context.WithCancel(e.server.base)
	c := &connection{
		server:   e.server,
		endpoint: &e.options,
		hub:      e.hub,
		shard:    e.server.nextShard(),
		socket:   &webSocket{conn: conn},
		id:       t.id,
		token:    t,
		user:     u,
		request:  keepRequest(r),
		slots:    make(chan struct{}, e.hub.options.MaximumParallelInvocations),
		ctx:      ctx,
		cancel:   cancel,
	}
	c.caller.c = c
	c.answerPings()
	return c
}

// expired says whether what is known of the user has run out.
func (c *connection) expired() bool {
	return c.endpoint.CloseOnExpiry && !c.user.expiry.IsZero() && time.Now().After(c.user.expiry)
}

// keepRequest copies what may outlive the handler: not the body, nor the
// context, which end with it.
func keepRequest(r *http.Request) *http.Request {
	return &http.Request{
		Method: r.Method, URL: r.URL, Proto: r.Proto, ProtoMajor: r.ProtoMajor, ProtoMinor: r.ProtoMinor,
		Header: r.Header, Host: r.Host, RemoteAddr: r.RemoteAddr, RequestURI: r.RequestURI, TLS: r.TLS,
	}
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
