package signalr_test

import (
	"io"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"github.com/fanfare-hub/fanfare/signalr"
	hubclient "github.com/fanfare-hub/fanfare/signalr/client"
)

// AUTH-08, AUTH-09: with CloseOnExpiry a connection ends within a second after
// its credential, and lets its client come back; without it lives on. One
// without expiry always does.
func TestExpiry(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		close bool
		paper string
		ends  bool
	}{{true, "ann/1/1m", true}, {true, "ann/1", false}, {false, "ann/1/1m", false}} {
		synctest.Test(t, func(t *testing.T) {
			b := inMemory(t, options{endpoint: &signalr.EndpointOptions{Authenticate: papers, CloseOnExpiry: c.close}})
			client := b.Connect(t, &hubclient.Options{Header: http.Header{"Authorization": {c.paper}}})
			<-time.After(time.Minute)
			if n := b.Connections(); n != 1 {
				t.Errorf("%+v: ended too early", c)
			}
			<-time.After(time.Second + time.Millisecond)
			synctest.Wait()
			if ended := b.Connections() == 0; ended != c.ends {
				t.Errorf("%+v: ended: %v, %v", c, ended, client.Err())
			}
		})
	}
}

// AUTH-09, AUTH-11: a refreshed connection lives as long as its new credential,
// and not longer.
func TestRefreshProlongs(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := inMemory(t, options{
			endpoint: &signalr.EndpointOptions{Authenticate: papers, CloseOnExpiry: true, EnableRefresh: true},
			prepare: func(h *signalr.Hub) {
				h.Handle("Token", func(c *signalr.Caller) string { return c.Request().URL.Query().Get("id") })
			},
		})
		var token string
		client := b.Connect(t, &hubclient.Options{Header: http.Header{"Authorization": {"ann/1/1m"}}})
		if err := client.Invoke(t.Context(), &token, "Token"); err != nil {
			t.Fatal(err)
		}
		r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, b.URL("/hub/refresh?id="+token), http.NoBody)
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Authorization", "ann/1/1h")
		response, err := b.Client().Do(r)
		if err != nil {
			t.Fatal(err)
		}
		body, err := io.ReadAll(response.Body)
		response.Body.Close()
		if err != nil || string(body) != `{"tokenLifetimeSeconds":3600}` {
			t.Errorf("got %s, %v", body, err)
		}
		<-time.After(time.Hour)
		if n := b.Connections(); n != 1 {
			t.Error("ended too early")
		}
		<-time.After(time.Second + time.Millisecond)
		synctest.Wait()
		if n := b.Connections(); n != 0 {
			t.Error("lives too long")
		}
	})
}
