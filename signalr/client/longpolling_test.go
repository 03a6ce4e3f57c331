package client_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/fanfare-hub/fanfare/signalr/client"
)

// pollHub is a server of long polling without a network: it answers the first
// poll, and the others by script.
type pollHub struct {
	poll func(n int, r *http.Request) (*http.Response, error) // from 2 on

	mu       sync.Mutex // guards the fields below
	polls    int
	requests []string
}

func (h *pollHub) RoundTrip(r *http.Request) (*http.Response, error) {
	if r.Body != nil {
		defer r.Body.Close()
	}
	body := ""
	switch {
	case strings.HasSuffix(r.URL.Path, "/negotiate"):
		body = `{"negotiateVersion":1,"connectionId":"id","connectionToken":"t",` +
			`"availableTransports":[{"transport":"LongPolling","transferFormats":["Text"]}]}`
	case r.Method == http.MethodGet:
		if n := h.count(); n > 1 {
			return h.poll(n, r)
		}
	default:
		h.note(r)
	}
	return respond(r, http.StatusOK, io.NopCloser(strings.NewReader(body))), nil
}

func (h *pollHub) count() int {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.polls++
	return h.polls
}

func (h *pollHub) note(r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	h.mu.Lock()
	defer h.mu.Unlock()
	h.requests = append(h.requests, r.Method+" "+string(body))
}

func (h *pollHub) start(t *testing.T) *client.Client {
	t.Helper()
	c := client.New("http://hub/hub", &client.Options{HTTPClient: &http.Client{Transport: h}})
	if err := c.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	return c
}

func answer(r *http.Request, body string) *http.Response {
	return respond(r, http.StatusOK, io.NopCloser(strings.NewReader(body)))
}

// A server that leaves polls without an answer is given up, after a time.
func TestPollsWithoutAnswer(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		hub := &pollHub{poll: func(n int, r *http.Request) (*http.Response, error) {
			if n == 2 {
				return answer(r, "{}\x1e"), nil
			}
			<-r.Context().Done()
			return nil, r.Context().Err()
		}}
		begun := time.Now()
		c := hub.start(t)
		<-c.Done()
		if err := c.Err(); !errors.Is(err, client.ErrServerTimeout) || time.Since(begun) != 300*time.Second {
			t.Errorf("ended with %v after %v", err, time.Since(begun))
		}
		for _, request := range hub.requests { // LP-15
			if strings.Contains(request, `"type":6`) {
				t.Errorf("client pinged: %s", request)
			}
		}
	})
}

// LP-12: what the client gives up it takes from the server.
func TestPollingIsTerminated(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		hub := &pollHub{poll: func(n int, r *http.Request) (*http.Response, error) {
			if n == 2 {
				return answer(r, "{}\x1e"), nil
			}
			<-r.Context().Done()
			return nil, r.Context().Err()
		}}
		c := hub.start(t)
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		if err := c.Stop(ctx); !errors.Is(err, context.Canceled) {
			t.Errorf("Stop = %v", err)
		}
		<-c.Done()
		if last := hub.requests[len(hub.requests)-1]; last != "DELETE " {
			t.Errorf("requests %q, want a DELETE at the end", hub.requests)
		}
	})
}

func TestPollEnds(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		response func(r *http.Request) *http.Response
		want     string
	}{
		"204 is the end (LP-05)": {
			func(r *http.Request) *http.Response { return respond(r, http.StatusNoContent, http.NoBody) }, "server closed the connection",
		},
		"404": {
			func(r *http.Request) *http.Response { return respond(r, http.StatusNotFound, http.NoBody) }, "read: poll: Not Found: status code 404",
		},
		"a message above the limit": {
			func(r *http.Request) *http.Response {
				return respond(r, http.StatusOK, io.NopCloser(io.LimitReader(endless{}, 1<<40)))
			}, "read: The maximum message size of 16777216B was exceeded. The message size can be configured in AddHubOptions.",
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				hub := &pollHub{poll: func(n int, r *http.Request) (*http.Response, error) {
					if n == 2 {
						return answer(r, "{}\x1e"), nil
					}
					return test.response(r), nil
				}}
				c := hub.start(t)
				<-c.Done()
				if err := c.Err(); err == nil || err.Error() != test.want {
					t.Errorf("Err = %v, want %s", err, test.want)
				}
			})
		})
	}
}

// endless is a body without an end.
type endless struct{}

func (endless) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = ' '
	}
	return len(p), nil
}
