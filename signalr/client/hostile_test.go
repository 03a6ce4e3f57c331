package client_test

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/fanfare-hub/fanfare/signalr/client"
	"github.com/fanfare-hub/fanfare/signalr/hubproto"
	"github.com/fanfare-hub/fanfare/signalr/internal/ws"
)

// flood writes without an end, and counts the bytes.
func flood(w http.ResponseWriter, written *atomic.Int64, block string) {
	for {
		n, err := io.WriteString(w, block)
		written.Add(int64(n))
		if err != nil || written.Load() > 1<<30 {
			return
		}
	}
}

// What a server sends without an end does not fill the client's memory: it
// stops reading, and says why.
func TestEndlessServer(t *testing.T) {
	t.Parallel()
	const offer = `{"negotiateVersion":1,"connectionId":"id","connectionToken":"t",` +
		`"availableTransports":[{"transport":%q,"transferFormats":["Text","Binary"]}]}`
	block := strings.Repeat("x", 64<<10)
	handshake := func(w http.ResponseWriter) {
		io.WriteString(w, "data: {}\x1e\r\n\r\n")
		http.NewResponseController(w).Flush()
	}
	tests := map[string]struct {
		transport string // of the offer; empty: the negotiation itself is endless
		answer    func(w http.ResponseWriter, written *atomic.Int64)
		want      string
	}{
		"negotiation": {"", func(w http.ResponseWriter, n *atomic.Int64) { flood(w, n, block) }, "negotiate: "},
		"refusal": {"", func(w http.ResponseWriter, n *atomic.Int64) {
			w.WriteHeader(http.StatusInternalServerError)
			flood(w, n, block)
		}, "status code 500"},
		"redirect in disguise": {"", func(w http.ResponseWriter, _ *atomic.Int64) { fmt.Fprint(w, `{"url":"?x=1"}`) }, "redirected more than 100 times"},
		"handshake by events": {"ServerSentEvents", func(w http.ResponseWriter, n *atomic.Int64) {
			io.WriteString(w, "data: ")
			flood(w, n, block)
		}, "handshake: "},
		"message by events": {"ServerSentEvents", func(w http.ResponseWriter, n *atomic.Int64) {
			handshake(w)
			io.WriteString(w, "data: ")
			flood(w, n, block)
		}, "maximum message size"},
		"line without data": {"ServerSentEvents", func(w http.ResponseWriter, n *atomic.Int64) {
			handshake(w)
			flood(w, n, block)
		}, "server timeout"},
		"first poll": {"LongPolling", func(w http.ResponseWriter, n *atomic.Int64) { flood(w, n, block) }, "handshake: "},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var written atomic.Int64
			web := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				switch {
				case strings.HasSuffix(r.URL.Path, "/negotiate") && test.transport != "":
					fmt.Fprintf(w, offer, test.transport)
				case r.Method == http.MethodPost && test.transport != "":
					io.Copy(io.Discard, r.Body)
				default:
					if test.transport == "ServerSentEvents" {
						w.Header().Set("Content-Type", "text/event-stream")
					}
					test.answer(w, &written)
				}
			}))
			t.Cleanup(web.Close)
			transport := &http.Transport{}
			t.Cleanup(transport.CloseIdleConnections)
			options := &client.Options{HTTPClient: &http.Client{Transport: transport}, MaximumMessageSize: 1 << 20}
			if test.want == "server timeout" {
				options.ServerTimeout = 200 * time.Millisecond
			}
			c := client.New(web.URL, options)
			err := c.Start(testContext(t))
			if err == nil {
				err = ended(t, c)
			}
			if err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("ended with %v, want %q", err, test.want)
			}
		})
	}
}

// A length that is only announced costs nothing, and one that cannot be ends
// the connection (MP-02).
func TestAbsurdLengths(t *testing.T) {
	t.Parallel()
	tests := map[string]struct{ prefix, want string }{
		"negative": {"\xff\xff\xff\xff\xff", "Messages over 2GB in size are not supported."},
		"huge":     {"\xff\xff\xff\xff\x07", "server closed the connection"}, // it never comes
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			hub := newFakeHub(t, func(s *session) {
				s.next()
				s.conn.WriteMessage(ws.Binary, []byte("{}\x1e"+test.prefix))
				s.hangUp()
			})
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			c := start(t, client.New(hub.url, &client.Options{Protocol: hubproto.NewMessagePack(nil)}))
			if err := ended(t, c); err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("ended with %v, want %q", err, test.want)
			}
			runtime.ReadMemStats(&after)
			if grown := after.HeapSys - before.HeapSys; grown < 1<<40 && grown > 1<<30 {
				t.Errorf("heap grew by %d bytes", grown)
			}
		})
	}
}
