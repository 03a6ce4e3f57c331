package signalr_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"testing"

	"github.com/fanfare-hub/fanfare/signalr"
)

// featured is what both kinds of connections tell of their request.
type featured interface {
	Header(name string) (string, bool)
	Protocol() string
	RemoteAddr() string
	LocalAddr() net.Addr
	Transport() signalr.Transports
	Request() *http.Request
}

// describe says all of it in one line.
func describe(c featured, userID string) string {
	several, _ := c.Header("x-SEVERAL")
	_, absent := c.Header("X-Absent")
	cookie, err := c.Request().Cookie("flavour")
	if err != nil {
		return err.Error()
	}
	_, remote, err := net.SplitHostPort(c.RemoteAddr())
	if err != nil || remote == "" {
		return fmt.Sprint(c.RemoteAddr(), err)
	}
	if c.LocalAddr() == nil || c.LocalAddr().String() != c.Request().Host {
		return fmt.Sprint(c.LocalAddr(), c.Request().Host)
	}
	return fmt.Sprint(c.Protocol(), " ", c.Transport(), " ", userID, " ", several, " ", absent, " ", cookie.Value, " ",
		c.Request().URL.Query().Get("own"), " ", c.Request().Body == nil)
}

// CONN-14, CONN-15: what a method, and a connection without a hub, can tell of
// the request that opened the connection, on each transport.
func TestFeatures(t *testing.T) {
	t.Parallel()
	b := guarded(t, signalr.EndpointOptions{})
	header := http.Header{
		"Authorization": {"ann/1"}, "X-Several": {"one", "two"}, "Cookie": {"flavour=mint"},
	}
	told := make(chan string, 1)
	b.server.MapConnection("/raw", func(_ context.Context, c *signalr.RawConnection) error {
		c.Items().Store("told", describe(c, c.UserID()))
		line, _ := c.Items().Load("told")
		if c.PublicID() == "" {
			line = "no id"
		}
		told <- fmt.Sprint(line)
		return nil
	}, &signalr.EndpointOptions{Authenticate: papers})
	const want = " ann one,two false mint value true"
	c := b.dialWith(t, header, "own=value")
	c.send(`{"protocol":"json","version":1}`, `{"type":1,"invocationId":"1","target":"Describe","arguments":[]}`)
	c.want(`{}`, `{"type":3,"invocationId":"1","result":"HTTP/1.1 WebSockets`+want+`"}`)
	for transport, accept := range map[string]string{"WebSockets": "", "ServerSentEvents": "text/event-stream", "LongPolling": ""} {
		_, _, body := b.do(t, http.MethodPost, "/raw/negotiate?negotiateVersion=1", "Authorization", "ann/1")
		var n negotiation
		if err := json.Unmarshal([]byte(body), &n); err != nil {
			t.Fatal(body, err)
		}
		b.url = b.http.URL + "/raw"
		web := &webClient{t: t, b: b, url: b.url + "?own=value&id=" + n.ConnectionToken, paper: "ann/1"}
		if transport == "WebSockets" {
			b.dialWith(t, header, "own=value", "id="+n.ConnectionToken)
		} else if got := web.request(t.Context(), http.MethodGet, "", "Accept", accept, "Cookie", "flavour=mint", "X-Several", "one,two"); got.err != nil {
			t.Fatal(got.err)
		}
		if got := receive(t, told); got != "HTTP/1.1 "+transport+want {
			t.Errorf("got %s", got)
		}
		if transport == "LongPolling" {
			web.request(t.Context(), http.MethodGet, "") // the end is taken, or Shutdown would wait
		}
	}
}
