package signalr_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/fanfare-hub/fanfare/signalr"
)

// AUTH-10: every request of another user is refused, on a connection of each
// transport and before there is one, which it leaves as it is.
func TestSameUser(t *testing.T) {
	t.Parallel()
	b := guarded(t, signalr.EndpointOptions{SameUser: true, EnableRefresh: true})
	negotiated, polling, listening := b.webAs(t, "ann/1"), b.webAs(t, "ann/1"), b.webAs(t, "ann/1")
	polling.open()
	stream := listening.listen()
	for _, c := range []*webClient{negotiated, polling, listening} {
		bob := c.as("bob/1")
		for _, method := range []string{http.MethodGet, http.MethodPost, http.MethodDelete} {
			bob.expect(method, "{}\x1e", http.StatusForbidden, "")
		}
		bob.expect(http.MethodGet, "", http.StatusForbidden, "", "Accept", "text/event-stream")
		b.refused(t, strings.TrimPrefix(c.url, b.url), http.StatusForbidden, "", "Authorization", "bob/1")
	}
	polling.refresh("bob/1", http.StatusForbidden, `{"error":"permission_change_rejected"}`)
	stream.post(shake)
	stream.want(`{}`)
	polling.as("ann/1").who("ann/1")
	socket := b.dialWith(t, http.Header{"Authorization": {"ann/3"}}, strings.TrimPrefix(negotiated.url, b.url+"?"))
	socket.send(`{"protocol":"json","version":1}`)
	socket.want(`{}`)
	socket.invoke("Who", `[]`, `"result":"ann/3"`)
}

// AUTH-10, AUTH-12: without the option the token is enough, and the hub sees
// who has attached.
func TestOtherUser(t *testing.T) {
	t.Parallel()
	b := guarded(t, signalr.EndpointOptions{})
	c := b.webAs(t, "ann/1")
	c.open()
	c.as("bob/1").who("ann/1")
	negotiated := b.webAs(t, "ann/1")
	socket := b.dialWith(t, http.Header{"Authorization": {"bob/1"}}, strings.TrimPrefix(negotiated.url, b.url+"?"))
	socket.send(`{"protocol":"json","version":1}`)
	socket.want(`{}`)
	socket.invoke("Who", `[]`, `"result":"bob/1"`)
}

// EP-09, AUTH-10: a token is good only where it was negotiated, or the rules of
// one path could be evaded at another.
func TestTokenIsGoodAtItsPath(t *testing.T) {
	t.Parallel()
	server, hub := signalr.NewServer(nil), signalr.NewHub(nil)
	server.MapHub("/hub", hub, &signalr.EndpointOptions{SameUser: true, Authenticate: papers})
	server.MapHub("/open", hub, nil)
	b := serve(t, &bundle{hub: hub, server: server})
	c := b.webAs(t, "ann/1")
	c.open()
	elsewhere := *c
	elsewhere.url = strings.Replace(c.url, "/hub?", "/open?", 1)
	for _, method := range []string{http.MethodGet, http.MethodPost, http.MethodDelete} {
		elsewhere.expect(method, "", http.StatusNotFound, unknownID)
	}
	c.send(`{"type":6}`)
}
