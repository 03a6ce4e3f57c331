package front

import (
	"context"
	"net"
	"net/http"
	"net/textproto"
	"net/url"
	"strings"
)

// request makes the http.Request of a plain head, as net/http would.
func (h *head) request(ctx context.Context, data []byte) *http.Request {
	text := string(data[:h.size])
	path, query := h.path.in(text), ""
	if h.path.to < h.target.to {
		query = text[h.path.to+1 : h.target.to]
	}
	r := new(http.Request).WithContext(ctx)
	r.Method = http.MethodGet
	if h.post {
		r.Method = http.MethodPost
	}
	r.RequestURI, r.URL = h.target.in(text), &url.URL{Path: path, RawQuery: query}
	r.Proto, r.ProtoMajor, r.ProtoMinor = version[1:], 1, 1
	r.Host, r.Body = h.host.in(text), http.NoBody
	values := make([]string, h.fields)
	r.Header = make(http.Header, h.fields)
	for i := range h.fields {
		if name := canonical(h.names[i].in(text)); name != "Host" {
			values[i] = h.values[i].in(text)
			r.Header[name] = values[i : i+1 : i+1]
		}
	}
	return r
}

// canonical is textproto.CanonicalMIMEHeaderKey, which makes a new text of the
// names that every upgrade has.
func canonical(name string) string {
	for _, known := range []string{"Sec-Websocket-Key", "Sec-Websocket-Version", "Sec-Websocket-Extensions"} {
		if strings.EqualFold(name, known) {
			return known
		}
	}
	return textproto.CanonicalMIMEHeaderKey(name)
}

// requestContext has what net/http puts into a request's context.
type requestContext struct {
	context.Context //nolint:containedctx // it is one

	local net.Addr
}

func (c *requestContext) Value(key any) any {
	if key == http.LocalAddrContextKey {
		return c.local
	}
	return c.Context.Value(key)
}
