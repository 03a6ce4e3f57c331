package front

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"net/http"
	"net/textproto"
	"net/url"
	"runtime/debug"
	"strings"
	"sync"
)

// exchange is a request and its answer.
type exchange struct {
	writer

	request *http.Request
	context requestContext
	cancel  context.CancelFunc
	url     url.URL
	header  http.Header // of the request
	values  [maxFields]string
}

var exchanges = sync.Pool{New: func() any { return newExchange() }} //nolint:gochecknoglobals // a pool is shared by its nature

func newExchange() *exchange {
	x := &exchange{writer: writer{head: http.Header{}}, header: http.Header{}, cancel: func() {}}
	x.request = new(http.Request).WithContext(&x.context)
	return x
}

// newExchange is one for a request that is to be read.
func (c *conn) newExchange(kept bool) *exchange {
	x, _ := exchanges.Get().(*exchange)
	if kept {
		x = newExchange()
	}
	x.conn = c
	x.context = requestContext{c.front.options.Base, c.tcp.LocalAddr()}
	if kept {
		var ctx context.Context
		ctx, x.cancel = context.WithCancel(&x.context)
		x.request = x.request.WithContext(ctx)
	}
	x.request.RemoteAddr = c.tcp.RemoteAddr().String()
	return x
}

// read makes the http.Request of a plain head, as net/http would.
func (x *exchange) read(h *head, data []byte) {
	text := string(data[:h.size])
	x.url.Path = h.path.in(text)
	if h.path.to < h.target.to {
		x.url.RawQuery = text[h.path.to+1 : h.target.to]
	}
	r := x.request
	r.Method = http.MethodGet
	if h.post {
		r.Method = http.MethodPost
	}
	r.RequestURI, r.URL, r.Header = h.target.in(text), &x.url, x.header
	r.Proto, r.ProtoMajor, r.ProtoMinor = version[1:], 1, 1
	r.Host, r.Body = h.host.in(text), http.NoBody
	for i := range h.fields {
		if name := canonical(h.names[i].in(text)); name != "Host" {
			x.values[i] = h.values[i].in(text)
			r.Header[name] = x.values[i : i+1 : i+1]
		}
	}
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

// ask calls the site; it is false if that has panicked.
func (x *exchange) ask() (served bool) {
	o, r := &x.conn.front.options, x.request
	defer x.cancel()
	defer func() {
		reason := recover()
		served = reason == nil
		if err, _ := reason.(error); reason != nil && !errors.Is(err, http.ErrAbortHandler) {
			o.Logger.ErrorContext(r.Context(), "panic while serving",
				slog.String("remote", r.RemoteAddr), slog.Any("reason", reason), slog.String("stack", string(debug.Stack())))
		}
	}()
	o.Site.ServeHTTP(&x.writer, r)
	return true
}

// reuse makes it ready for another request.
func (x *exchange) reuse() {
	clear(x.header)
	clear(x.head)
	clear(x.values[:])
	x.url = url.URL{}
	x.writer = writer{head: x.head, body: x.body[:0]}
	exchanges.Put(x)
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
