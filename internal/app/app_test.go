package app

import (
	"context"
	"io"
	"net"
	"net/http"
	"os"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// setup is a server on a free port with data in path; it is not started.
func setup(path string) *App {
	config := DefaultConfig()
	config.Listen = "127.0.0.1:0"
	config.DataDir = path
	config.Worker = []string{os.Args[0]} // no test here extracts
	return New(config, nil)
}

func stop(t *testing.T, a *App) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	if err := a.Stop(ctx); err != nil {
		t.Error(err)
	}
}

// get asks the server, over a connection of its own.
func get(t *testing.T, url string) (int, string) {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	request.Close = true
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return response.StatusCode, string(body)
}

// TestStartStop: a server answers once Start has returned, leaves nothing when
// it has stopped, and starts again on the same data.
func TestStartStop(t *testing.T) {
	t.Parallel()
	path := t.TempDir()
	for range 2 {
		server := setup(path)
		if err := server.Start(t.Context()); err != nil {
			t.Fatal(err)
		}
		for _, test := range []struct {
			path, want string
			status     int
		}{
			{"/health", "Healthy", http.StatusOK},
			{"/alive", "Healthy", http.StatusOK},
			{"/api/documents", `"items":[]`, http.StatusOK},
			{"/api/nothing", `"code":"not_found"`, http.StatusNotFound},
			{"/", "<html", http.StatusOK},
			{"/aspire-realtime", "Connection ID required", http.StatusBadRequest},
			{"/nothing", `"code":"not_found"`, http.StatusNotFound},
		} {
			if status, body := get(t, server.URL()+test.path); status != test.status || !strings.Contains(body, test.want) {
				t.Errorf("%s: %d %q, want %d with %q", test.path, status, body, test.status, test.want)
			}
		}
		stop(t, server)
		stop(t, server) // a second time is harmless
		if err := selected(server.Failed()); err != nil {
			t.Errorf("failed while stopping: %v", err)
		}
	}
}

// selected is what the channel holds.
func selected(failed <-chan error) error {
	select {
	case err := <-failed:
		return err
	default:
		return nil
	}
}

// TestStartRefuses: a sentence that says what to do, and nothing left behind.
func TestStartRefuses(t *testing.T) {
	t.Parallel()
	first := setup(t.TempDir())
	if err := first.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { stop(t, first) })
	for name, test := range map[string]struct {
		change func(*Config)
		want   []string
	}{
		"a port in use": {func(c *Config) {
			c.Listen = strings.TrimPrefix(first.URL(), "http://")
		}, []string{strings.TrimPrefix(first.URL(), "http://"), "is in use", "--listen"}},
		"the data of a running server": {func(c *Config) {
			c.DataDir = first.config.DataDir
		}, []string{"in use by another Fanfare server", "--data-dir"}},
		"an address of another machine": {func(c *Config) { c.Listen = "192.0.2.1:0" }, []string{"192.0.2.1"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			second := setup(t.TempDir())
			test.change(&second.config)
			err := second.Start(t.Context())
			if err == nil {
				stop(t, second)
				t.Fatal("started")
			}
			for _, want := range test.want {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("error %q does not say %q", err, want)
				}
			}
		})
	}
}

// TestStopCutsWhatDoesNotEnd: a request that never ends does not keep the
// server from stopping within its time.
func TestStopCutsWhatDoesNotEnd(t *testing.T) {
	t.Parallel()
	server := setup(t.TempDir())
	if err := server.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	conn, err := (&net.Dialer{}).DialContext(t.Context(), "tcp", strings.TrimPrefix(server.URL(), "http://"))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if _, err := io.WriteString(conn, "POST /api/documents?name=x HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100\r\nExpect: 100-continue\r\n\r\n"); err != nil {
		t.Fatal(err)
	}
	if _, err := io.ReadFull(conn, make([]byte, len("HTTP/1.1 100 Continue"))); err != nil { // the handler reads the body now
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Second)
	defer cancel()
	if err := server.Stop(ctx); err != nil {
		t.Error(err)
	}
}

// TestStopCutsASilentClient: a client that never answers the goodbye takes
// half of the time, and is no failure.
func TestStopCutsASilentClient(t *testing.T) {
	t.Parallel()
	server := setup(t.TempDir())
	if err := server.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	conn, err := (&net.Dialer{}).DialContext(t.Context(), "tcp", strings.TrimPrefix(server.URL(), "http://"))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	const upgrade = "GET /aspire-realtime HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n" +
		"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n"
	if _, err := io.WriteString(conn, upgrade); err != nil {
		t.Fatal(err)
	}
	if _, err := io.ReadFull(conn, make([]byte, len("HTTP/1.1 101 "))); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Second)
	defer cancel()
	if err := server.Stop(ctx); err != nil {
		t.Error(err)
	}
}

// TestPartsThatEnd are reported once, by name.
func TestPartsThatEnd(t *testing.T) {
	t.Parallel()
	server := setup(t.TempDir())
	server.run(t.Context(), "tired", func(context.Context) error { return io.ErrUnexpectedEOF })
	select {
	case err := <-server.Failed():
		if want := "tired: unexpected EOF"; err.Error() != want {
			t.Errorf("got %q, want %q", err, want)
		}
	case <-time.After(30 * time.Second):
		t.Error("nothing was reported")
	}
	stop(t, server)
}
