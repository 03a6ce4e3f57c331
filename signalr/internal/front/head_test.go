package front

import (
	"bufio"
	"bytes"
	"context"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
)

// anyPath knows every path.
type anyPath struct{ http.Handler }

func (anyPath) Knows(bool, []byte) (known, kept bool) { return true, true }
func (anyPath) Begin(*http.Request) bool              { return true }
func (anyPath) Finish()                               {}

const (
	post    = "POST /hub/negotiate?negotiateVersion=1 HTTP/1.1\r\nHost: localhost:5000\r\nContent-Length: 0\r\n\r\n"
	upgrade = "GET /hub?id=a_b-c HTTP/1.1\r\nHost: localhost\r\nConnection: keep-alive, Upgrade\r\nUpgrade: websocket\r\n" +
		"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
)

// Each head is one change away from a plain one.
func TestPlainHeads(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		head, old, new string
		want           verdict
	}{
		{post, "", "", complete},
		{upgrade, "", "", complete},
		{post, "Content-Length: 0\r\n", "", complete},
		{post, "Content-Length: 0", "content-length:0 ", complete},
		{post, "Content-Length: 0", "Accept: text/event-stream", complete},
		{post, "Content-Length: 0", "Origin: https://LocalHost:5000", complete},
		{post, "Content-Length: 0", "Connection: keep-alive", complete},
		{upgrade, "Host", "Pragma: no-cache\r\nCache-Control: no-cache\r\nAccept: */*\r\nHost", complete},
		// What makes the body's length doubtful.
		{post, "Content-Length: 0", "Content-Length: 1", foreign},
		{post, "Content-Length: 0", "Content-Length: 00", foreign},
		{post, "Content-Length: 0", "Content-Length: 0\r\nContent-Length: 0", foreign},
		{post, "Content-Length: 0", "Content-Length : 0", foreign},
		{post, "Content-Length: 0", "Transfer-Encoding: chunked", foreign},
		{post, "Content-Length: 0", "X: y\r\n Content-Length: 0", foreign},
		{post, "Content-Length: 0", "X: y\nContent-Length: 0", foreign},
		{post, "Content-Length: 0", "X: y\rContent-Length: 0", foreign},
		{post, "Content-Length: 0", "Expect: 100-continue", foreign},
		{post, "Content-Length: 0", "Trailer: x", foreign},
		{upgrade, "Host", "Content-Length: 0\r\nHost", foreign},
		// What is for somebody else.
		{post, "POST", "PUT", foreign},
		{post, "HTTP/1.1", "HTTP/1.0", foreign},
		{post, " HTTP/1.1", "", foreign},
		{post, "/hub", "http://localhost/hub", foreign},
		{post, "/hub", "//hub", foreign},
		{post, "/hub", "/h%75b", foreign},
		{post, "/hub", "/hüb", foreign},
		{post, "?negotiateVersion=1", "?", foreign},
		{post, "?", "?#", foreign},
		{post, "?", "? ", foreign},
		{post, "Host: localhost:5000", "Host:", foreign},
		{post, "Host: localhost:5000", "X: y", foreign},
		{post, "Host: localhost:5000", "Host: a\r\nhost: a", foreign},
		{post, "Host: localhost:5000", "Host: a/b", foreign},
		{post, "Content-Length: 0", "X: \x00", foreign},
		{post, "Content-Length: 0", ": y", foreign},
		{post, "Content-Length: 0", "x", foreign},
		{post, "Content-Length: 0", "Connection: close", foreign},
		{post, "Content-Length: 0", "Connection: keep-alive, Upgrade\r\nUpgrade: websocket", foreign},
		{post, "Content-Length: 0", "Origin: http://elsewhere", foreign},
		{post, "Content-Length: 0", "Origin: null", foreign},
		{post, "Content-Length: 0", "Pragma: no-cache", foreign},
		{post, "Content-Length: 0\r\n", strings.Repeat("A: b\r\n", 2), foreign},
		{upgrade, "Upgrade: websocket", "Upgrade: h2c", foreign},
		{upgrade, "Upgrade: websocket\r\n", "", foreign},
		{upgrade, "keep-alive, Upgrade", "keep-alive", foreign},
		{upgrade, "keep-alive, Upgrade", "close, Upgrade", foreign},
		{upgrade, "Host", "Accept: text/event-stream\r\nHost", foreign},
		{"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", "", "", foreign},
		{"\x16\x03\x01\x02\x00\x01", "", "", foreign},
	} {
		data := []byte(strings.Replace(c.head, c.old, c.new, 1))
		var h head
		if got := h.parse(data, anyPath{}); got != c.want {
			t.Errorf("%q: got %v, want %v", data, got, c.want)
		}
	}
}

// However a plain head is cut, the rest is waited for.
func TestPartialHeads(t *testing.T) {
	t.Parallel()
	for _, whole := range []string{post, upgrade} {
		for n := range len(whole) {
			var h head
			if got := h.parse([]byte(whole[:n]), anyPath{}); got != partial {
				t.Fatalf("%q: got %v", whole[:n], got)
			}
		}
	}
}

// What is plain to the front means the same to net/http.
func FuzzHead(f *testing.F) {
	f.Add([]byte(post + upgrade))
	f.Add([]byte(upgrade + post))
	f.Add([]byte("GET /a?b=%zz&c;d HTTP/1.1\r\nhost: [::1]:80\r\nCoNNection:Upgrade\r\nUpgrade:\twebsocket\r\nx-y_z: ~ ~ \r\n\r\n"))
	f.Fuzz(func(t *testing.T, data []byte) {
		if len(data) > bufferSize {
			return
		}
		var h head
		if h.parse(data, anyPath{}) != complete {
			return
		}
		x := newExchange()
		x.context.Context = context.Background()
		x.read(&h, data)
		reader := bufio.NewReader(bytes.NewReader(data))
		want, err := http.ReadRequest(reader)
		if err != nil {
			t.Fatalf("%q: net/http refuses it: %v", data, err)
		}
		compareRequests(t, x.request, want)
		if body, err := io.ReadAll(want.Body); len(body) > 0 || err != nil {
			t.Errorf("%q: net/http sees a body %q, %v", data, body, err)
		}
		if rest, _ := io.ReadAll(reader); !bytes.Equal(rest, data[h.size:]) {
			t.Errorf("%q: net/http leaves %q, we leave %q", data, rest, data[h.size:])
		}
	})
}

func compareRequests(t *testing.T, got, want *http.Request) {
	t.Helper()
	want.Header.Del("Host") // as the server does
	g := []any{got.Method, got.RequestURI, *got.URL, got.Proto, got.ProtoMajor, got.ProtoMinor, got.Host, got.Close, got.ContentLength}
	w := []any{want.Method, want.RequestURI, *want.URL, want.Proto, want.ProtoMajor, want.ProtoMinor, want.Host, want.Close, want.ContentLength}
	for i := range g {
		if g[i] != w[i] {
			t.Errorf("got %v, want %v", g[i], w[i])
		}
	}
	if len(got.TransferEncoding)+len(want.TransferEncoding)+len(got.Trailer)+len(want.Trailer) > 0 {
		t.Errorf("encodings %v, %v", got.TransferEncoding, want.TransferEncoding)
	}
	if len(got.Header) != len(want.Header) {
		t.Errorf("got %v, want %v", got.Header, want.Header)
	}
	for name, values := range want.Header {
		if len(values) != 1 || len(got.Header[name]) != 1 || got.Header[name][0] != values[0] {
			t.Errorf("%s: got %q, want %q", name, got.Header[name], values)
		}
	}
}

var _ net.Conn = (*handedOn)(nil)
