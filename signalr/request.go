package signalr

import (
	"cmp"
	"context"
	"crypto/tls"
	"encoding/binary"
	"net"
	"net/http"
	"net/url"
	"strings"
	"sync"

	"go.opentelemetry.io/otel/trace"
)

// request is what is kept of the request that opened a connection, for as long
// as that lives: all but the body, which ends with the handler, and of its
// context the local address and the span. It is one text, since an http.Request
// with its map of headers takes several times as much, for something that most
// applications never ask for.
type request struct {
	packed string // texts, each behind its length
	local  net.Addr
	rare   *rareRequest // nil without any of it
}

// rareRequest is what most requests do not have.
type rareRequest struct {
	url  *url.URL // one that has more than a server's requests have
	tls  *tls.ConnectionState
	span trace.SpanContext
}

// keepRequest packs a request, but for the connection's token in its query.
func keepRequest(r *http.Request, token string) *request {
	kept := &request{}
	kept.local, _ = r.Context().Value(http.LocalAddrContextKey).(net.Addr)
	kept.rare = keepRare(r)
	p, _ := packers.Get().(*packer)
	defer packers.Put(p)
	p.bytes = p.bytes[:0]
	p.texts(r.Method, r.Proto, r.Host, r.RemoteAddr)
	p.texts(r.URL.Scheme, r.URL.Host, r.URL.Path, r.URL.RawPath)
	if before, after, named := strings.Cut(r.URL.RawQuery, token); named && token != "" {
		p.number(2)
		p.texts(before, after)
	} else {
		p.number(1)
		p.texts(r.URL.RawQuery)
	}
	if r.RequestURI == r.URL.RequestURI() {
		p.texts("")
	} else {
		p.texts(r.RequestURI)
	}
	for name, values := range r.Header {
		if isHandshake(name) {
			continue
		}
		p.texts(name)
		p.number(len(values))
		p.texts(values...)
	}
	kept.packed = string(p.bytes)
	return kept
}

// keepRare returns nil for most requests.
func keepRare(r *http.Request) *rareRequest {
	var own *url.URL
	if u := r.URL; u.User != nil || u.Opaque != "" || u.Fragment != "" || u.ForceQuery || u.OmitHost {
		own = u
	}
	span := trace.SpanContextFromContext(r.Context())
	if own == nil && r.TLS == nil && !span.IsValid() {
		return nil
	}
	return &rareRequest{url: own, tls: r.TLS, span: span}
}

// isHandshake says whether a header is only for the opening of a WebSocket, and
// has told all that it can.
func isHandshake(name string) bool {
	switch name {
	case "Connection", "Upgrade", "Sec-Websocket-Key", "Sec-Websocket-Version", "Sec-Websocket-Extensions":
		return true
	default:
		return false
	}
}

// restore makes the request of a connection with that token anew. Its context
// is made from ctx.
func (k *request) restore(ctx context.Context, token string) *http.Request {
	p := packed{k.packed}
	r := &http.Request{
		Method: p.text(), Proto: p.text(), Host: p.text(), RemoteAddr: p.text(),
		URL:    &url.URL{Scheme: p.text(), Host: p.text(), Path: p.text(), RawPath: p.text()},
		Header: http.Header{},
	}
	query := make([]string, p.number())
	for i := range query {
		query[i] = p.text()
	}
	r.URL.RawQuery = strings.Join(query, token)
	ctx = context.WithValue(ctx, http.LocalAddrContextKey, k.local)
	if k.rare != nil {
		r.TLS = k.rare.tls
		r.URL = cmp.Or(k.rare.url, r.URL)
		ctx = trace.ContextWithSpanContext(ctx, k.rare.span)
	}
	if r.RequestURI = p.text(); r.RequestURI == "" {
		r.RequestURI = r.URL.RequestURI()
	}
	r.ProtoMajor, r.ProtoMinor, _ = http.ParseHTTPVersion(r.Proto)
	for p.rest != "" {
		name := p.text()
		values := make([]string, p.number())
		for i := range values {
			values[i] = p.text()
		}
		r.Header[name] = values
	}
	return r.WithContext(ctx)
}

// span is the one that the request belonged to; without one it is not valid.
func (k *request) span() trace.SpanContext {
	if k.rare == nil {
		return trace.SpanContext{}
	}
	return k.rare.span
}

var packers = sync.Pool{New: func() any { return &packer{} }} //nolint:gochecknoglobals // a pool is shared by its nature

// packer writes texts one behind the other.
type packer struct{ bytes []byte }

func (p *packer) number(n int) { p.bytes = binary.AppendUvarint(p.bytes, uint64(n)) } //nolint:gosec // a length

func (p *packer) texts(texts ...string) {
	for _, text := range texts {
		p.number(len(text))
		p.bytes = append(p.bytes, text...)
	}
}

// packed reads what a packer wrote.
type packed struct{ rest string }

func (p *packed) number() int {
	n, size := uint64(0), 0
	for shift := 0; ; shift += 7 {
		b := p.rest[size]
		size++
		n |= uint64(b&0x7f) << shift
		if b < 0x80 {
			break
		}
	}
	p.rest = p.rest[size:]
	return int(n) //nolint:gosec // a length
}

func (p *packed) text() string {
	n := p.number()
	text := p.rest[:n]
	p.rest = p.rest[n:]
	return text
}
