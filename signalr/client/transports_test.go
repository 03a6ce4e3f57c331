package client_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/fanfare-hub/fanfare/signalr"
	"github.com/fanfare-hub/fanfare/signalr/client"
	"github.com/fanfare-hub/fanfare/signalr/hubproto"
	"github.com/fanfare-hub/fanfare/signalr/internal/ws"
)

// gate stands before our own server, and may answer in its place.
type gate struct {
	url  string
	http *http.Client

	mu       sync.Mutex
	requests []string // guarded by mu: what each was for
}

// purpose names what a request is for.
func purpose(r *http.Request) string {
	switch {
	case strings.HasSuffix(r.URL.Path, "/negotiate"):
		return "negotiate"
	case ws.IsUpgrade(r):
		return "WebSockets"
	case r.Header.Get("Accept") == "text/event-stream":
		return "ServerSentEvents"
	case r.Method == http.MethodGet:
		return "LongPolling"
	default:
		return r.Method
	}
}

func newGate(t *testing.T, answers func(w http.ResponseWriter, r *http.Request) bool) *gate {
	t.Helper()
	hub := signalr.NewHub(nil)
	hub.Handle("Echo", func(n int) int { return n })
	hub.Handle("Transport", func(c *signalr.Caller) string { return c.Transport().String() })
	server := signalr.NewServer(nil)
	server.MapHub("/hub", hub, nil)
	g := &gate{}
	web := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		g.mu.Lock()
		g.requests = append(g.requests, purpose(r))
		g.mu.Unlock()
		if !answers(w, r) {
			server.ServeHTTP(w, r)
		}
	}))
	transport := &http.Transport{}
	g.url, g.http = web.URL+"/hub", &http.Client{Transport: transport}
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), patience)
		defer cancel()
		if err := server.Shutdown(ctx); err != nil {
			t.Error(err)
		}
		web.Close()
		transport.CloseIdleConnections()
	})
	return g
}

// begun are the first requests.
func (g *gate) begun(n int) []string {
	g.mu.Lock()
	defer g.mu.Unlock()
	return slices.Clone(g.requests[:min(n, len(g.requests))])
}

// NEG-18: each transport is tried on a connection of its own, in the server's
// order.
func TestTransportFallback(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		refused []string
		options client.Options
		want    []string
		in      string
	}{
		"the first":      {nil, client.Options{}, []string{"negotiate", "WebSockets"}, "WebSockets"},
		"the second":     {[]string{"WebSockets"}, client.Options{}, []string{"negotiate", "WebSockets", "negotiate", "ServerSentEvents"}, "ServerSentEvents"},
		"the third":      {[]string{"WebSockets", "ServerSentEvents"}, client.Options{}, []string{"negotiate", "WebSockets", "negotiate", "ServerSentEvents", "negotiate", "LongPolling"}, "LongPolling"},
		"the chosen one": {nil, client.Options{Transports: client.LongPolling | client.ServerSentEvents}, []string{"negotiate", "ServerSentEvents"}, "ServerSentEvents"},
		"a binary one": {
			[]string{"WebSockets"},
			client.Options{Protocol: hubproto.NewMessagePack(nil)},
			[]string{"negotiate", "WebSockets", "negotiate", "LongPolling"},
			"LongPolling",
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			g := newGate(t, func(w http.ResponseWriter, r *http.Request) bool {
				refused := slices.Contains(test.refused, purpose(r))
				if refused {
					w.WriteHeader(http.StatusBadGateway)
				}
				return refused
			})
			options := test.options
			options.HTTPClient = g.http
			c := start(t, client.New(g.url, &options))
			var in string
			if err := c.Invoke(testContext(t), &in, "Transport"); err != nil || in != test.in {
				t.Errorf("connected by %q (%v), want %q", in, err, test.in)
			}
			if got := g.begun(len(test.want)); !slices.Equal(got, test.want) {
				t.Errorf("requests %q, want %q", got, test.want)
			}
		})
	}
}

func TestNoTransportOpens(t *testing.T) {
	t.Parallel()
	g := newGate(t, func(w http.ResponseWriter, r *http.Request) bool {
		switch purpose(r) {
		case "negotiate":
			return false
		case "ServerSentEvents":
			fmt.Fprint(w, "<html>a login page</html>")
		default:
			http.Error(w, "not here", http.StatusBadGateway)
		}
		return true
	})
	err := client.New(g.url, &client.Options{HTTPClient: g.http}).Start(testContext(t))
	const want = "start: open websocket: not here: status code 502; " +
		`open event stream: server answered with content type "text/html; charset=utf-8"; ` +
		"open long polling: not here: status code 502"
	if err == nil || err.Error() != want {
		t.Errorf("Start = %v, want %s", err, want)
	}
}

func TestSkipNegotiationNeedsWebSockets(t *testing.T) {
	t.Parallel()
	err := client.New("http://localhost/hub", &client.Options{SkipNegotiation: true, Transports: client.LongPolling}).Start(testContext(t))
	if err == nil || !strings.Contains(err.Error(), "negotiation can only be skipped with WebSockets") {
		t.Errorf("Start = %v", err)
	}
}

// AUTH-06: a request that is refused for its token is made once more with a new
// one, on every transport.
func TestTokenIsRenewed(t *testing.T) {
	t.Parallel()
	for _, transport := range []client.Transports{client.WebSockets, client.ServerSentEvents, client.LongPolling} {
		t.Run(transport.String(), func(t *testing.T) {
			t.Parallel()
			var asked, refused atomic.Int32
			// A token is good for negotiation, and then for no other request.
			var valid sync.Map
			g := newGate(t, func(w http.ResponseWriter, r *http.Request) bool {
				token := r.Header.Get("Authorization")
				if _, known := valid.Load(token); !known {
					w.WriteHeader(http.StatusUnauthorized)
					refused.Add(1)
					return true
				}
				if purpose(r) == "negotiate" || asked.Load() == 3 && refused.Load() == 1 {
					valid.Delete(token)
				}
				return false
			})
			c := start(t, client.New(g.url, &client.Options{
				HTTPClient: g.http, Transports: transport,
				AccessToken: func(context.Context) (string, error) {
					token := strconv.Itoa(int(asked.Add(1)))
					valid.Store("Bearer "+token, true)
					return token, nil
				},
			}))
			if err := c.Invoke(testContext(t), nil, "Echo", 1); err != nil {
				t.Error(err)
			}
			if asked.Load() < 2 || refused.Load() < 1 {
				t.Errorf("%d tokens, %d refusals", asked.Load(), refused.Load())
			}
		})
	}
}

// One retry only: a token that is never good is an error.
func TestTokenIsRenewedOnce(t *testing.T) {
	t.Parallel()
	var requests atomic.Int32
	g := newGate(t, func(w http.ResponseWriter, r *http.Request) bool {
		if purpose(r) == "negotiate" {
			return false
		}
		requests.Add(1)
		w.WriteHeader(http.StatusUnauthorized)
		return true
	})
	err := client.New(g.url, &client.Options{
		HTTPClient: g.http, Transports: client.LongPolling,
		AccessToken: func(context.Context) (string, error) { return "bad", nil },
	}).Start(testContext(t))
	if err == nil || !strings.Contains(err.Error(), "status code 401") || requests.Load() != 2 {
		t.Errorf("Start = %v after %d requests", err, requests.Load())
	}
}
