package signalr

import (
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/fanfare-hub/fanfare/signalr/hubproto"
)

// serveNegotiate answers a request for path/negotiate. A refusal by version is
// a 200 as well (NEG-02).
func (e *endpoint) serveNegotiate(w http.ResponseWriter, r *http.Request) {
	u, ok := e.authenticate(w, r)
	if !ok {
		return
	}
	if r.Method != http.MethodPost {
		e.refuse(w, http.StatusMethodNotAllowed, "")
		return
	}
	answer := e.redirect(r, &u)
	switch {
	case answer != nil:
	case e.server.refuses():
		e.refuseForNow(w)
		return
	default:
		answer = e.negotiate(r, &u)
	}
	space, _ := negotiations.Get().(*[]byte)
	defer negotiations.Put(space)
	*space = hubproto.AppendNegotiation((*space)[:0], answer)
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Content-Length", strconv.Itoa(len(*space)))
	_, _ = w.Write(*space) // who does not want to know has hung up
}

var negotiations = sync.Pool{New: func() any { return new([]byte) }} //nolint:gochecknoglobals // a pool is shared by its nature

// redirect sends a client elsewhere, if the application wants that (NEG-19).
func (e *endpoint) redirect(r *http.Request, u *user) *hubproto.Negotiation {
	if e.options.Redirect == nil {
		return nil
	}
	url, accessToken := e.options.Redirect(r, u.value)
	if url == "" {
		return nil
	}
	return &hubproto.Negotiation{URL: url, AccessToken: accessToken}
}

// negotiate makes a token; nothing is kept until a transport attaches with it.
func (e *endpoint) negotiate(r *http.Request, u *user) *hubproto.Negotiation {
	version, err := hubproto.NegotiateVersion(parameters(r.URL, "negotiateVersion"), e.options.MinimumProtocolVersion)
	if err != nil {
		return &hubproto.Negotiation{Error: err.Error()}
	}
	c := claim{version: uint8(version), stateful: e.stateful(r), path: e.number} //nolint:gosec // 0 or 1
	if e.options.SameUser {
		c.user = e.server.attachments.mint.fingerprint(u.id)
	}
	t := e.server.attachments.mint.issue(c, time.Now())
	n := &hubproto.Negotiation{
		UseStatefulReconnect: t.stateful,
		Version:              version,
		ConnectionID:         t.id,
		ConnectionToken:      t.text,
		Transports:           e.offered,
	}
	if e.options.EnableRefresh {
		n.TokenLifetimeSeconds = u.lifetime() // NEG-23
	}
	return n
}

// stateful says whether a client that asks so gets stateful reconnect (NEG-12):
// never unasked, which clients take for an error.
func (e *endpoint) stateful(r *http.Request) bool {
	return e.options.AllowStatefulReconnects && e.handler == nil &&
		strings.EqualFold(strings.TrimSpace(parameter(r.URL, "useStatefulReconnect")), "true")
}

// offer lists transports in the order in which clients are to try them
// (NEG-09).
func offer(transports Transports) []hubproto.TransportInfo {
	var offered []hubproto.TransportInfo
	for kind := WebSockets; kind <= LongPolling; kind <<= 1 {
		if transports&kind == 0 {
			continue
		}
		formats := []string{hubproto.FormatText, hubproto.FormatBinary}
		if kind == ServerSentEvents {
			formats = formats[:1] // SSE-06
		}
		offered = append(offered, hubproto.TransportInfo{Transport: kind.String(), TransferFormats: formats})
	}
	return offered
}
