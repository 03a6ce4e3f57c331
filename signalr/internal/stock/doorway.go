package stock

import (
	"context"
	"fmt"
	"io"
	"net"
	"sync"
	"time"
)

// doorway passes the connections of one client on to the server, and cuts them
// all when it is asked to: to the client the network is gone for a moment.
type doorway struct {
	listener net.Listener
	server   string // host:port
	done     sync.WaitGroup

	mu    sync.Mutex
	open  map[net.Conn]bool // guarded by mu: both ends of what is passed on
	back  time.Time         // guarded by mu: until then no connection is passed on
	ended bool              // guarded by mu
}

func newDoorway(ctx context.Context, server string) (*doorway, error) {
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("listen: %w", err)
	}
	d := &doorway{listener: listener, server: server, open: map[net.Conn]bool{}}
	d.done.Go(func() { d.accept(ctx) })
	return d, nil
}

// url is the server's address as the client sees it.
func (d *doorway) url() string { return "http://" + d.listener.Addr().String() }

// cut cuts all connections that there are, and for the time of gap those that
// come; later ones are passed on again.
func (d *doorway) cut(gap time.Duration) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.back = time.Now().Add(gap)
	for conn := range d.open {
		_ = conn.Close()
	}
}

// stop cuts everything and returns when nothing is passed on any more.
func (d *doorway) stop() {
	_ = d.listener.Close()
	d.mu.Lock()
	d.ended = true
	d.mu.Unlock()
	d.cut(0)
	d.done.Wait()
}

func (d *doorway) accept(ctx context.Context) {
	for {
		near, err := d.listener.Accept()
		if err != nil {
			return
		}
		d.done.Go(func() { d.pass(ctx, near) })
	}
}

// pass copies both ways until either end closes.
func (d *doorway) pass(ctx context.Context, near net.Conn) {
	defer near.Close()
	far, err := (&net.Dialer{}).DialContext(ctx, "tcp", d.server)
	if err != nil {
		return
	}
	defer far.Close()
	if !d.keep(near, far) {
		return
	}
	defer d.forget(near, far)
	var back sync.WaitGroup
	back.Go(func() { copyAndClose(near, far) })
	copyAndClose(far, near)
	back.Wait()
}

// copyAndClose ends the other direction too: HTTP and WebSockets use no half
// closed connections.
func copyAndClose(to, from net.Conn) {
	_, _ = io.Copy(to, from)
	_ = to.Close()
	_ = from.Close()
}

func (d *doorway) keep(conns ...net.Conn) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, conn := range conns {
		d.open[conn] = true
	}
	return !d.ended && !time.Now().Before(d.back)
}

func (d *doorway) forget(conns ...net.Conn) {
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, conn := range conns {
		delete(d.open, conn)
	}
}
