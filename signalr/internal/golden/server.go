package golden

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"strings"
	"time"

	"github.com/fanfare-hub/fanfare/signalr"
)

// keepAlive is so long that no recording but those on /hasty holds a ping.
const keepAlive = 5 * time.Minute

// Server serves the hub of the recordings under the paths that they use.
type Server struct {
	http.Handler
	signalr *signalr.Server
}

// NewServer returns a server that is ready to serve.
func NewServer() *Server {
	s := signalr.NewServer(nil)
	plain := newHub(signalr.HubOptions{Name: "golden", KeepAliveInterval: keepAlive})
	s.MapHub("/golden", plain, &signalr.EndpointOptions{PollTimeout: 2 * time.Second})
	s.MapHub("/version1", plain, &signalr.EndpointOptions{MinimumProtocolVersion: 1})
	s.MapHub("/websockets", plain, &signalr.EndpointOptions{Transports: signalr.WebSockets})
	s.MapHub("/nowebsockets", plain, &signalr.EndpointOptions{Transports: signalr.ServerSentEvents | signalr.LongPolling})
	s.MapHub("/stateful", plain, &signalr.EndpointOptions{AllowStatefulReconnects: true})
	s.MapHub("/detailed", newHub(signalr.HubOptions{Name: "detailed", KeepAliveInterval: keepAlive, DetailedErrors: true}), nil)
	s.MapHub("/parallel", newHub(signalr.HubOptions{
		Name: "parallel", KeepAliveInterval: keepAlive, MaximumParallelInvocations: 2,
	}), nil)
	s.MapHub("/hasty", newHub(signalr.HubOptions{
		Name: "hasty", HandshakeTimeout: time.Second, KeepAliveInterval: time.Second,
		ClientTimeoutInterval: 3 * time.Second, MaximumReceiveMessageSize: 256, StreamBufferCapacity: 2,
	}), &signalr.EndpointOptions{TransportSendTimeout: 2 * time.Second})
	s.MapHub("/authorized", newHub(signalr.HubOptions{Name: "authorized", KeepAliveInterval: keepAlive}),
		&signalr.EndpointOptions{Authenticate: nameIsToken})
	s.MapHub("/redirect", plain, &signalr.EndpointOptions{Redirect: toAuthorized})
	s.MapHub("/failing", newFailingHub(), nil)
	s.MapConnection("/echo", echo, nil)
	return &Server{Handler: allowPage(s), signalr: s}
}

// Front has the library answer what opens connections, in front of web.
func (s *Server) Front(l net.Listener, web *http.Server) net.Listener { return s.signalr.Front(l, web) }

// Shutdown ends all connections and waits for them until ctx ends.
func (s *Server) Shutdown(ctx context.Context) error { return s.signalr.Shutdown(ctx) }

// toAuthorized sends clients on to the hub that wants a token, and gives them
// one. It is not in the recordings: the stock clients try it.
func toAuthorized(r *http.Request, _ any) (url, accessToken string) {
	return "http://" + r.Host + "/authorized", "carol"
}

// echo sends back what comes.
func echo(_ context.Context, c *signalr.RawConnection) error {
	_, err := io.Copy(c, c)
	return err
}

// newFailingHub returns the hub that nobody can connect to.
func newFailingHub() *signalr.Hub {
	hub := newHub(signalr.HubOptions{Name: "failing", KeepAliveInterval: keepAlive})
	hub.OnConnected(func(_ context.Context, c *signalr.Caller) error {
		if c.Request().URL.Query().Get("why") == "hub" {
			return signalr.HubError("not today")
		}
		return errSecret
	})
	return hub
}

var errUnknownUser = errors.New("no token, or a bad one")

// nameIsToken takes a bearer token, or the query's access_token, as the user's
// name.
func nameIsToken(r *http.Request) (user any, id string, expiry time.Time, err error) {
	name, ok := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
	if !ok {
		name = r.URL.Query().Get("access_token")
	}
	if name == "" || name == "bad" {
		return nil, "", time.Time{}, errUnknownUser
	}
	return name, name, time.Time{}, nil
}
