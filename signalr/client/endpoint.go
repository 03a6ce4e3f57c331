package client

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"

	"github.com/fanfare-hub/fanfare/signalr/hubproto"
)

// endpoint is where to connect, and with what: what the options say at first,
// and what negotiation makes of it.
type endpoint struct {
	url    *url.URL // http or https
	header http.Header
	token  *token
}

func newEndpoint(address string, o *Options) (*endpoint, error) {
	u, err := parseURL(address)
	if err != nil {
		return nil, err
	}
	return &endpoint{url: u, header: o.Header, token: &token{provider: o.AccessToken}}, nil
}

// requestHeader is the header of one request.
func (e *endpoint) requestHeader() http.Header {
	header := e.header.Clone()
	if header == nil {
		header = make(http.Header)
	}
	e.token.authorize(header)
	return header
}

// negotiateURL is the negotiate resource beside the hub's own, with the hub's
// query.
func (e *endpoint) negotiateURL(stateful bool) string {
	u := *e.url
	u.Path = strings.TrimSuffix(u.Path, "/") + "/negotiate"
	u.RawPath = ""
	query := u.Query()
	if !query.Has("negotiateVersion") {
		addQuery(&u, "negotiateVersion", "1")
	}
	if stateful && !query.Has("useStatefulReconnect") {
		addQuery(&u, "useStatefulReconnect", "true")
	}
	return u.String()
}

// redirect points e to where an answer sends it.
func (e *endpoint) redirect(answer *hubproto.Negotiation) error {
	next, err := e.url.Parse(answer.URL)
	if err != nil {
		return fmt.Errorf("redirect: %w", err)
	}
	if e.url, err = parseURL(next.String()); err != nil {
		return fmt.Errorf("redirect: %w", err)
	}
	if answer.AccessToken != "" {
		e.token.replace(answer.AccessToken)
	}
	return nil
}

// attached is the address of the connection that has this token.
func (e *endpoint) attached(connectionToken string) *endpoint {
	at := *e
	u := *e.url
	addQuery(&u, "id", connectionToken)
	at.url = &u
	return &at
}

// parseURL takes the address of a hub in any of its four schemes.
func parseURL(raw string) (*url.URL, error) {
	u, err := url.Parse(raw)
	if err != nil {
		return nil, fmt.Errorf("hub address: %w", err)
	}
	switch u.Scheme {
	case "http", "https":
	case "ws":
		u.Scheme = "http"
	case "wss":
		u.Scheme = "https"
	default:
		return nil, fmt.Errorf("hub address %q: scheme is not http, https, ws or wss", u.Redacted())
	}
	return u, nil
}

// addQuery appends a parameter and leaves the others as they are written.
func addQuery(u *url.URL, name, value string) {
	if u.RawQuery != "" {
		u.RawQuery += "&"
	}
	u.RawQuery += name + "=" + url.QueryEscape(value)
}
