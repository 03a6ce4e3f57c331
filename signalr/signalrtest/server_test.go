package signalrtest_test

import (
	"context"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"

	"github.com/fanfare-hub/fanfare/signalr"
	"github.com/fanfare-hub/fanfare/signalr/client"
	"github.com/fanfare-hub/fanfare/signalr/signalrtest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

var said = signalr.Call1[string]("Said")

func newHub() *signalr.Hub {
	hub := signalr.NewHub(nil)
	hub.Handle("Say", func(ctx context.Context, text string) error { return said.To(ctx, hub.All(), text) })
	hub.Handle("Length", func(text string) int { return len(text) })
	return hub
}

// Without a bubble: what one client says all hear, in real time.
func TestServe(t *testing.T) {
	t.Parallel()
	server := signalrtest.Serve(t, newHub(), nil)
	heard := make(chan string, 2)
	listen := func(c *client.Client) { c.On("Said", func(text string) { heard <- text }) }
	ann := server.Connect(t, nil, listen)
	server.Connect(t, nil, listen)
	if err := ann.Invoke(t.Context(), nil, "Say", "hello"); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if got := <-heard; got != "hello" {
			t.Errorf("heard %q", got)
		}
	}
	response, err := server.Client().Post(server.URL("/hub/negotiate"), "", http.NoBody)
	if err != nil || response.StatusCode != http.StatusOK {
		t.Fatalf("negotiate: %v, %v", response, err)
	}
	response.Body.Close()
	if server.Connections() != 2 {
		t.Errorf("%d connections", server.Connections())
	}
}

// In a bubble an hour of pings takes no time, and Wait waits until everything
// has arrived.
func TestServeInBubble(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		server := signalrtest.Serve(t, newHub(), nil)
		var heard []string
		c := server.Connect(t, nil, func(c *client.Client) {
			c.On("Said", func(text string) { heard = append(heard, text) })
		})
		<-time.After(time.Hour)
		if err := c.Send(t.Context(), "Say", "still here"); err != nil {
			t.Fatal(err)
		}
		synctest.Wait()
		if len(heard) != 1 || heard[0] != "still here" {
			t.Errorf("heard %q", heard)
		}
	})
}

// What does not fit into the connection waits for its reader, and arrives.
func TestLargeMessages(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		hub := signalr.NewHub(&signalr.HubOptions{MaximumReceiveMessageSize: -1})
		hub.Handle("Echo", func(text string) string { return text })
		c := signalrtest.Serve(t, hub, nil).Connect(t, nil)
		text, got := strings.Repeat("x", 1<<20), ""
		if err := c.Invoke(t.Context(), &got, "Echo", text); err != nil || got != text {
			t.Errorf("got %d bytes, %v", len(got), err)
		}
	})
}
