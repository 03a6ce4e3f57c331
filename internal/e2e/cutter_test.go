package e2e

import (
	"io"
	"net"
	"strings"
	"sync"
	"testing"
	"time"
)

// cutter stands between a client and the server, and cuts what it is told to.
type cutter struct {
	listener net.Listener
	target   string

	mu    sync.Mutex
	conns map[net.Conn]bool // guarded by mu: the clients' ends
	done  sync.WaitGroup
}

// newCutter passes on to the server at base until the test ends.
func newCutter(t *testing.T, base string) *cutter {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	c := &cutter{listener: listener, target: strings.TrimPrefix(base, "http://"), conns: map[net.Conn]bool{}}
	c.done.Go(c.accept)
	t.Cleanup(func() {
		listener.Close()
		c.cut()
		c.done.Wait()
	})
	return c
}

func (c *cutter) url() string { return "http://" + c.listener.Addr().String() }

// cut ends all connections, in the middle of whatever they say.
func (c *cutter) cut() {
	c.mu.Lock()
	defer c.mu.Unlock()
	for conn := range c.conns {
		conn.Close()
	}
}

func (c *cutter) accept() {
	for {
		conn, err := c.listener.Accept()
		if err != nil {
			return
		}
		c.done.Go(func() { c.pass(conn) })
	}
}

// pass copies both ways until either side ends.
func (c *cutter) pass(client net.Conn) {
	defer client.Close()
	server, err := net.Dial("tcp", c.target)
	if err != nil {
		return
	}
	defer server.Close()
	c.mu.Lock()
	c.conns[client] = true
	c.mu.Unlock()
	defer func() {
		c.mu.Lock()
		delete(c.conns, client)
		c.mu.Unlock()
	}()
	back := make(chan struct{})
	go func() {
		defer close(back)
		io.Copy(client, server)
		client.Close()
	}()
	io.Copy(server, client)
	server.Close()
	<-back
}

// within is the next value of a channel, which must come in time.
func within[T any](t *testing.T, ch <-chan T) (T, bool) {
	t.Helper()
	select {
	case v, ok := <-ch:
		return v, ok
	case <-time.After(patience):
		t.Fatal("nothing came")
	}
	panic("unreachable")
}
