package ws_test

import (
	"bufio"
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/fanfare-hub/fanfare/signalr/internal/ws"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const upgradeRequest = "GET / HTTP/1.1\r\nHost: example.com\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n" +
	"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n"

// hijackable is a ResponseWriter over one end of a pipe.
type hijackable struct {
	http.ResponseWriter

	conn net.Conn
}

func (h hijackable) Hijack() (net.Conn, *bufio.ReadWriter, error) {
	return h.conn, bufio.NewReadWriter(bufio.NewReader(h.conn), bufio.NewWriter(h.conn)), nil
}

// acceptPipe returns the server's end of a pipe; send plays the peer after the
// upgrade and hangs up when it returns.
func acceptPipe(t *testing.T, send func(peer net.Conn)) *ws.Conn {
	t.Helper()
	server, peer := net.Pipe()
	request, err := http.ReadRequest(bufio.NewReader(strings.NewReader(upgradeRequest)))
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		defer peer.Close()
		if _, err := http.ReadResponse(bufio.NewReader(peer), nil); err == nil { //nolint:bodyclose // a 101 has none
			send(peer)
		}
	}()
	conn, err := ws.Accept(hijackable{httptest.NewRecorder(), server}, request)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		conn.Close()
		<-done
	})
	return conn
}

// dialed returns both ends of a connection over TCP, or over TLS.
func dialed(t *testing.T, secure bool) (server, client *ws.Conn) {
	t.Helper()
	accepted := make(chan *ws.Conn, 1)
	handler := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		conn, err := ws.Accept(w, r)
		if err != nil {
			t.Error(err)
		}
		accepted <- conn
	})
	s, dialer := httptest.NewUnstartedServer(handler), &ws.Dialer{}
	if !secure {
		s.Start()
	} else {
		s.StartTLS()
		transport, _ := s.Client().Transport.(*http.Transport)
		dialer.TLS = &tls.Config{RootCAs: transport.TLSClientConfig.RootCAs}
	}
	t.Cleanup(s.Close)
	client, _, err := dialer.Dial(t.Context(), "ws"+strings.TrimPrefix(s.URL, "http"), nil) //nolint:bodyclose // none if it succeeds
	if err != nil {
		t.Fatal(err)
	}
	server = <-accepted
	t.Cleanup(func() {
		client.Close()
		server.Close()
	})
	return server, client
}

func TestMessagesBothWays(t *testing.T) {
	t.Parallel()
	for name, secure := range map[string]bool{"tcp": false, "tls": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server, client := dialed(t, secure)
			for _, size := range []int{0, 1, 125, 126, 5000, 70_000} {
				payload := bytes.Repeat([]byte("m"), size)
				for _, way := range [][2]*ws.Conn{{client, server}, {server, client}} {
					sent := make(chan error, 1)
					go func() { sent <- way[0].WriteMessage(ws.Binary, payload) }()
					op, got, err := way[1].ReadMessage(nil)
					if err != nil || op != ws.Binary || !bytes.Equal(got, payload) {
						t.Errorf("%d bytes: got %v of %d bytes, %v", size, op, len(got), err)
					}
					if err := <-sent; err != nil {
						t.Error(err)
					}
				}
			}
		})
	}
}

func TestPingIsAnswered(t *testing.T) {
	t.Parallel()
	server, client := dialed(t, false)
	if err := client.WriteMessage(ws.Ping, []byte("you there")); err != nil {
		t.Fatal(err)
	}
	if err := client.WriteClose(ws.CodeGoingAway, "bye"); err != nil {
		t.Fatal(err)
	}
	pinged := ""
	server.OnPing(func(payload []byte) {
		pinged = string(payload)
		if _, err := server.Write(ws.AppendFrame(nil, ws.Pong, payload)); err != nil {
			t.Error(err)
		}
	})
	var closed *ws.CloseError
	if _, _, err := server.ReadMessage(nil); !errors.As(err, &closed) || closed.Code != ws.CodeGoingAway || closed.Reason != "bye" {
		t.Errorf("got %v, want the close", err)
	}
	if pinged != "you there" {
		t.Errorf("answered %q", pinged)
	}
}

// WS-10: every code that may stand in a Close frame is read as it is, those
// registered after the RFC too; the others break the protocol.
func TestCloseCodes(t *testing.T) {
	t.Parallel()
	for code, fine := range map[uint16]bool{
		1000: true, 1003: true, 1011: true, 1012: true, 1014: true, 3000: true, 4999: true,
		999: false, 1004: false, 1006: false, 1015: false, 1016: false, 2999: false,
	} {
		server, client := dialed(t, false)
		if err := client.WriteClose(ws.Code(code), ""); err != nil {
			t.Fatal(err)
		}
		_, _, err := server.ReadMessage(nil)
		var closed *ws.CloseError
		if good := errors.As(err, &closed) && closed.Code == ws.Code(code); good != fine {
			t.Errorf("%d: got %v", code, err)
		}
	}
}

// TestTryWriteNeverBlocks fills a socket that nobody reads, then lets the peer
// catch up: what TryWrite reported as taken arrives, in order.
func TestTryWriteNeverBlocks(t *testing.T) {
	t.Parallel()
	server, client := dialed(t, false)
	frame := ws.AppendFrame(nil, ws.Binary, bytes.Repeat([]byte("f"), 64<<10))
	whole, rest := 0, frame
	for {
		n, err := server.TryWrite(rest)
		if err != nil {
			t.Fatal(err)
		}
		if n == 0 {
			break
		}
		if rest = rest[n:]; len(rest) == 0 {
			whole, rest = whole+1, frame
		}
	}
	finished := make(chan error, 1)
	go func() {
		_, err := server.Write(rest)
		finished <- err
	}()
	for range whole + 1 {
		if _, _, err := client.ReadMessage(nil); err != nil {
			t.Fatal(err)
		}
	}
	if err := <-finished; err != nil {
		t.Error(err)
	}
}

//nolint:paralleltest // AllocsPerRun counts the allocations of the whole process
func TestTryWriteAllocatesNothing(t *testing.T) {
	server, client := dialed(t, false)
	go func() {
		for {
			if _, _, err := client.ReadMessage(nil); err != nil {
				return
			}
		}
	}()
	frame := ws.AppendFrame(nil, ws.Text, []byte("hello"))
	if allocs := testing.AllocsPerRun(100, func() { server.TryWrite(frame) }); allocs > 0 {
		t.Errorf("%v allocations", allocs)
	}
	client.Close()
}

func TestTryWriteOverTLS(t *testing.T) {
	t.Parallel()
	server, _ := dialed(t, true)
	if _, err := server.TryWrite([]byte("x")); !errors.Is(err, ws.ErrTryWrite) {
		t.Errorf("got %v, want ErrTryWrite", err)
	}
}

func TestAcceptRefuses(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		from, to string
		status   int
	}{
		"plain":       {"Upgrade: websocket\r\n", "", http.StatusBadRequest},
		"post":        {"GET", "POST", http.StatusMethodNotAllowed},
		"no key":      {"Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n", "", http.StatusBadRequest},
		"no version":  {"Sec-WebSocket-Version: 13\r\n", "", http.StatusBadRequest},
		"old version": {": 13\r\n", ": 8\r\n", http.StatusUpgradeRequired},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			raw := strings.Replace(upgradeRequest, c.from, c.to, 1)
			request, err := http.ReadRequest(bufio.NewReader(strings.NewReader(raw)))
			if err != nil {
				t.Fatal(err)
			}
			recorder := httptest.NewRecorder()
			if _, err := ws.Accept(recorder, request); err == nil || recorder.Code != c.status {
				t.Errorf("got %d, %v; want %d", recorder.Code, err, c.status)
			}
		})
	}
}

func TestDialRefused(t *testing.T) {
	t.Parallel()
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		http.Error(w, "No Connection with that ID", http.StatusNotFound)
	}))
	t.Cleanup(s.Close)
	_, response, err := ws.Dial(t.Context(), "ws"+strings.TrimPrefix(s.URL, "http"), nil)
	if err == nil || response == nil {
		t.Fatalf("got %v, %v", response, err)
	}
	defer response.Body.Close()
	body, _ := io.ReadAll(response.Body)
	if response.StatusCode != http.StatusNotFound || string(body) != "No Connection with that ID\n" {
		t.Errorf("got %d %q", response.StatusCode, body)
	}
}

// TestDialHonoursContext dials a server that never answers.
func TestDialHonoursContext(t *testing.T) {
	t.Parallel()
	listener, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { listener.Close() })
	ctx, cancel := context.WithCancel(t.Context())
	go func() {
		if conn, err := listener.Accept(); err == nil {
			cancel()
			io.Copy(io.Discard, conn)
			conn.Close()
		}
	}()
	if _, _, err := ws.Dial(ctx, "ws://"+listener.Addr().String(), nil); !errors.Is(err, context.Canceled) { //nolint:bodyclose // there is no response
		t.Errorf("got %v", err)
	}
}

// TestReadAfterDeadline: a deadline ends a read that waits.
func TestReadAfterDeadline(t *testing.T) {
	t.Parallel()
	server, _ := dialed(t, false)
	if err := server.SetReadDeadline(time.Unix(1, 0)); err != nil {
		t.Fatal(err)
	}
	var timeout net.Error
	if _, _, err := server.ReadMessage(nil); !errors.As(err, &timeout) || !timeout.Timeout() {
		t.Errorf("got %v, want a timeout", err)
	}
}
