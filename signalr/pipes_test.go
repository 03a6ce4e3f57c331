package signalr_test

import (
	"context"
	"net"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"

	"github.com/fanfare-hub/fanfare/signalr"
)

// overPipes is setup for a bubble. The server's ends of the connections take as
// long to close as hold is open; nil holds none. prepare is for the HTTP server.
func overPipes(t *testing.T, o options, hold <-chan struct{}, prepare ...func(*http.Server)) *bundle {
	t.Helper()
	b := &bundle{hub: signalr.NewHub(o.hub), server: signalr.NewServer(o.server)}
	if o.prepare != nil {
		o.prepare(b.hub)
	}
	b.server.MapHub("/hub", b.hub, o.endpoint)
	l := &pipes{dialed: make(chan net.Conn), gone: make(chan struct{}), hold: hold}
	b.http = &httptest.Server{Listener: l, Config: &http.Server{Handler: b.server, ReadHeaderTimeout: patience}}
	for _, f := range prepare {
		f(b.http.Config)
	}
	b.http.Start()
	b.url, b.dialer.NetDial = b.http.URL+"/hub", l.dial
	transport, _ := b.http.Client().Transport.(*http.Transport)
	transport.DialContext = l.dial
	t.Cleanup(func() {
		if err := b.server.Shutdown(context.Background()); err != nil {
			t.Errorf("Shutdown: %v", err)
		}
		b.http.Close()
	})
	return b
}

// pipes is where such a server is dialed.
type pipes struct {
	dialed chan net.Conn
	gone   chan struct{}
	once   sync.Once
	hold   <-chan struct{}
}

func (p *pipes) dial(ctx context.Context, _, _ string) (net.Conn, error) {
	near, far := net.Pipe()
	select {
	case p.dialed <- heldConn{far, p.hold}:
		return near, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

func (p *pipes) Accept() (net.Conn, error) {
	select {
	case conn := <-p.dialed:
		return conn, nil
	case <-p.gone:
		return nil, net.ErrClosed
	}
}

func (p *pipes) Close() error {
	p.once.Do(func() { close(p.gone) })
	return nil
}

func (*pipes) Addr() net.Addr { return &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1)} }

// heldConn is the server's end of a connection that may take its time to close.
type heldConn struct {
	net.Conn

	hold <-chan struct{}
}

func (c heldConn) Close() error {
	err := c.Conn.Close()
	if c.hold != nil {
		<-c.hold
	}
	return err
}
