package client_test

import (
	"io"
	"net"
	"net/url"
	"sync"
	"testing"
)

// cutter stands between a client and a server, and cuts their TCP connections
// when it is told to.
type cutter struct {
	url      string
	target   string
	listener net.Listener
	running  sync.WaitGroup

	mu    sync.Mutex // guards the fields below
	conns map[net.Conn]struct{}
	over  bool
	shut  bool // no connection is let through
}

// newCutter returns a way to the server at url, which is http; it has the same
// path.
func newCutter(t *testing.T, url string) *cutter {
	t.Helper()
	c, err := listenCutter(url)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.close)
	return c
}

func listenCutter(target string) (*cutter, error) {
	u, err := url.Parse(target)
	if err != nil {
		return nil, err
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	c := &cutter{target: u.Host, listener: listener, conns: map[net.Conn]struct{}{}}
	u.Host = listener.Addr().String()
	c.url = u.String()
	c.running.Go(c.accept)
	return c, nil
}

// close cuts all connections and stops listening.
func (c *cutter) close() {
	c.listener.Close()
	c.mu.Lock()
	c.over = true
	c.mu.Unlock()
	c.cut()
	c.running.Wait()
}

func (c *cutter) accept() {
	for {
		near, err := c.listener.Accept()
		if err != nil {
			return
		}
		far, err := net.Dial("tcp", c.target)
		if err != nil || !c.keep(near, far) {
			near.Close()
			continue
		}
		c.running.Go(func() { c.pass(near, far) })
		c.running.Go(func() { c.pass(far, near) })
	}
}

func (c *cutter) keep(near, far net.Conn) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.over || c.shut {
		far.Close()
		return false
	}
	c.conns[near], c.conns[far] = struct{}{}, struct{}{}
	return true
}

func (c *cutter) pass(from, to net.Conn) {
	io.Copy(to, from)
	from.Close()
	to.Close()
	c.mu.Lock()
	defer c.mu.Unlock()
	delete(c.conns, from)
	delete(c.conns, to)
}

// cut ends all connections without a word.
func (c *cutter) cut() {
	c.mu.Lock()
	defer c.mu.Unlock()
	for conn := range c.conns {
		if tcp, ok := conn.(*net.TCPConn); ok {
			tcp.SetLinger(0)
		}
		conn.Close()
	}
}

// block cuts all connections and lets no others through, until it is called
// again.
func (c *cutter) block(shut bool) {
	c.mu.Lock()
	c.shut = shut
	c.mu.Unlock()
	c.cut()
}
