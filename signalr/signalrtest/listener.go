package signalrtest

import (
	"context"
	"net"
	"sync"
)

// listener is where a server in memory is dialed.
type listener struct {
	dialed chan net.Conn // the server's ends
	gone   chan struct{} // closed by Close
	once   sync.Once
}

func newListener() *listener {
	return &listener{dialed: make(chan net.Conn), gone: make(chan struct{})}
}

// dial opens a connection when the server accepts it.
func (l *listener) dial(ctx context.Context) (net.Conn, error) {
	client, server := pipe()
	select {
	case l.dialed <- server:
		return client, nil
	case <-l.gone:
		return nil, net.ErrClosed
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

func (l *listener) Accept() (net.Conn, error) {
	select {
	case conn := <-l.dialed:
		return conn, nil
	case <-l.gone:
		return nil, net.ErrClosed
	}
}

func (l *listener) Close() error {
	l.once.Do(func() { close(l.gone) })
	return nil
}

func (*listener) Addr() net.Addr { return address("server") }

var _ net.Listener = (*listener)(nil)
