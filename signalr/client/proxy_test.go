package client_test

import (
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/fanfare-hub/fanfare/signalr/client"
)

// newProxy returns an HTTP proxy that makes tunnels for who has the password.
func newProxy(t *testing.T, tunnels *atomic.Int32) *url.URL {
	t.Helper()
	var running sync.WaitGroup
	proxy := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodConnect || r.Header.Get("Proxy-Authorization") != "Basic dXNlcjpzZWNyZXQ=" {
			w.WriteHeader(http.StatusProxyAuthRequired)
			return
		}
		far, err := net.Dial("tcp", r.Host)
		if err != nil {
			w.WriteHeader(http.StatusBadGateway)
			return
		}
		near, _, err := http.NewResponseController(w).Hijack()
		if err != nil {
			t.Error(err)
			return
		}
		tunnels.Add(1)
		io.WriteString(near, "HTTP/1.1 200 OK\r\n\r\n")
		for _, way := range [][2]net.Conn{{near, far}, {far, near}} {
			running.Go(func() {
				io.Copy(way[0], way[1])
				way[0].Close()
				way[1].Close()
			})
		}
	}))
	t.Cleanup(func() {
		proxy.Close()
		running.Wait()
	})
	u, err := url.Parse(proxy.URL)
	if err != nil {
		t.Fatal(err)
	}
	u.User = url.UserPassword("user", "secret")
	return u
}

func TestWebSocketThroughProxy(t *testing.T) {
	t.Parallel()
	var tunnels atomic.Int32
	g := newGate(t, func(http.ResponseWriter, *http.Request) bool { return false })
	proxy := newProxy(t, &tunnels)
	options := func(u *url.URL) *client.Options {
		return &client.Options{
			SkipNegotiation: true, // its request would want another kind of proxy
			HTTPClient:      &http.Client{Transport: &http.Transport{Proxy: http.ProxyURL(u)}},
		}
	}
	c := start(t, client.New(g.url, options(proxy)))
	var in string
	if err := c.Invoke(testContext(t), &in, "Transport"); err != nil || in != "WebSockets" || tunnels.Load() != 1 {
		t.Errorf("connected by %q (%v) and %d tunnels", in, err, tunnels.Load())
	}
	stop(t, c)

	stranger, socks := *proxy, *proxy
	stranger.User, socks.Scheme = nil, "socks5"
	for u, want := range map[*url.URL]string{
		&stranger: "proxy: Proxy Authentication Required: status code 407",
		&socks:    "only http and https proxies carry a WebSocket",
	} {
		if err := client.New(g.url, options(u)).Start(testContext(t)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("Start = %v, want %q", err, want)
		}
	}
}
