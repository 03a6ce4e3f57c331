package signalr_test

import (
	"context"
	"net"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync"
	"testing"
	"testing/synctest"

	"github.com/fanfare-hub/fanfare/signalr"
	"github.com/fanfare-hub/fanfare/signalr/internal/ws"
)

// SR-17, CLI-12: a client that comes back before the loss of its socket was
// noticed is let in, and the older socket closed.
func TestTakeOver(t *testing.T) {
	t.Parallel()
	b, seen := resumable(t, nil, nil)
	first, query := b.stateful(t)
	first.say("one")
	for i := range 3 {
		next := b.dial(t, query)
		next.send(sequence(2 + i))
		next.await(`{"type":9`)
		for _, err := first.next(); err == nil; _, err = first.next() {
			continue
		}
		next.send(`{"type":1,"invocationId":"x` + strconv.Itoa(i) + `","target":"Say","arguments":["still"]}`)
		next.await(`{"type":3,"invocationId":"x` + strconv.Itoa(i) + `"`)
		first = next
	}
	if n := seen.connected.Load(); n != 1 || b.server.Connections() != 1 {
		t.Errorf("OnConnected ran %d times, %d connections", n, b.server.Connections())
	}
}

// SR-17: a client that answers the Close frame of its older socket goes on all
// the same.
func TestTakeOverFromWhoAnswers(t *testing.T) {
	t.Parallel()
	b, seen := resumable(t, nil, nil)
	c, query := b.stateful(t)
	for i := range 200 {
		old := c
		var answering sync.WaitGroup
		answering.Go(func() {
			for {
				if _, _, err := old.conn.ReadMessage(nil); err != nil {
					old.conn.WriteClose(ws.CodeNormal, "")
					return
				}
			}
		})
		c = b.dial(t, query)
		c.send(sequence(1 + i))
		c.await(`{"type":9`)
		answering.Wait()
		c.send(`{"type":1,"invocationId":"` + strconv.Itoa(i) + `","target":"Id","arguments":[]}`)
		c.await(`{"type":3,"invocationId":"` + strconv.Itoa(i) + `"`)
	}
	if n := seen.connected.Load(); n != 1 {
		t.Errorf("OnConnected ran %d times", n)
	}
}

// SR-17: nor does the new socket wait for what the old one does not take.
func TestTakeOverFromAFullSocket(t *testing.T) {
	t.Parallel()
	b, _ := resumable(t, nil, nil)
	_, query := b.stateful(t)
	witness, large := b.connect(t), strings.Repeat("x", 12<<20)
	if err := message.To(t.Context(), b.hub.All(), large); err != nil {
		t.Fatal(err)
	}
	witness.want(said(large)) // the other one's socket is full by now
	c := b.dial(t, query)
	c.send(sequence(1))
	c.await(sequence(1))
}

// SR-13, SR-17: what a client says while its older socket is being closed is
// answered behind the replay all the same, even if it is the end.
func TestTakeOverThatIsRefusedAtOnce(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b, seen, release := overHeldPipes(t)
		first, query := b.stateful(t)
		first.say("one")
		c := b.dial(t, query)
		var sending sync.WaitGroup
		sending.Go(func() { c.send(sequence(3)) })
		synctest.Wait() // the server is about to go over to it
		close(release)
		c.want(sequence(1), said("one"), `{"type":3,"invocationId":"i",`+void+`}`, gap)
		c.wantClosed()
		sending.Wait()
		if receive(t, seen.disconnected) == nil {
			t.Error("OnDisconnected got no error")
		}
	})
}

// overHeldPipes is a server whose clients may come back, for a bubble. Closing
// a connection takes it until release is closed.
func overHeldPipes(t *testing.T) (b *bundle, seen *told, release chan struct{}) {
	t.Helper()
	o, seen := returning(nil, &signalr.HubOptions{DetailedErrors: true})
	b = &bundle{hub: signalr.NewHub(o.hub), server: signalr.NewServer(o.server)}
	o.prepare(b.hub)
	b.server.MapHub("/hub", b.hub, o.endpoint)
	l := &heldPipes{dialed: make(chan net.Conn), gone: make(chan struct{}), release: make(chan struct{})}
	b.http = &httptest.Server{Listener: l, Config: &http.Server{Handler: b.server, ReadHeaderTimeout: patience}}
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
	return b, seen, l.release
}

// heldPipes is where such a server is dialed.
type heldPipes struct {
	dialed  chan net.Conn
	gone    chan struct{}
	once    sync.Once
	release chan struct{}
}

func (l *heldPipes) dial(ctx context.Context, _, _ string) (net.Conn, error) {
	near, far := net.Pipe()
	select {
	case l.dialed <- heldConn{far, l.release}:
		return near, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

func (l *heldPipes) Accept() (net.Conn, error) {
	select {
	case conn := <-l.dialed:
		return conn, nil
	case <-l.gone:
		return nil, net.ErrClosed
	}
}

func (l *heldPipes) Close() error {
	l.once.Do(func() { close(l.gone) })
	return nil
}

func (*heldPipes) Addr() net.Addr { return &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1)} }

// heldConn is the server's end of a connection that takes its time to close.
type heldConn struct {
	net.Conn

	release <-chan struct{}
}

func (c heldConn) Close() error {
	err := c.Conn.Close()
	<-c.release
	return err
}
