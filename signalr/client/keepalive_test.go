package client

import (
	"context"
	"errors"
	"io"
	"net"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// pipe is a transport over one end of a net.Pipe: a stream without frames, of
// which the test holds the other end.
type pipe struct{ net.Conn }

func (p pipe) Receive(buf []byte, timeout time.Duration) ([]byte, error) {
	p.SetReadDeadline(time.Now().Add(timeout))
	var chunk [7]byte // odd, so that messages come in pieces
	n, err := p.Read(chunk[:])
	return append(buf, chunk[:n]...), err
}

func (p pipe) Send(data []byte, timeout time.Duration) error {
	p.SetWriteDeadline(time.Now().Add(timeout))
	_, err := p.Write(data)
	return err
}

func (p pipe) Finish() error { return nil }

func (p pipe) NeedsPings() bool { return true }

// piped is a connected client and the server's end. It must be used within a
// synctest bubble.
func piped(t *testing.T) (*Client, net.Conn) {
	t.Helper()
	near, far := net.Pipe()
	c := New("", nil)
	if err := c.begin(func() {}); err != nil {
		t.Fatal(err)
	}
	if err := c.settle(context.Background(), c.newConnection(&link{transport: pipe{near}}, nil), nil); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { far.Close(); <-c.Done() })
	return c, far
}

func TestPingsAreSentAtOnceAndThenRegularly(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		_, far := piped(t)
		start := time.Now()
		for i := range 2 { // the third would come together with the timeout
			ping := make([]byte, len("{\"type\":6}\x1e"))
			if _, err := io.ReadFull(far, ping); err != nil || string(ping) != "{\"type\":6}\x1e" {
				t.Fatalf("ping %d = %q, %v", i, ping, err)
			}
			if got, want := time.Since(start), time.Duration(i)*defaultKeepAliveInterval; got != want {
				t.Errorf("ping %d after %v, want %v", i, got, want)
			}
		}
	})
}

func TestSilentServerTimesOut(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c, far := piped(t)
		go io.Copy(io.Discard, far)
		start := time.Now()
		<-time.After(20 * time.Second)
		far.Write([]byte("{\"type\":6}\x1e"))
		<-c.Done()
		if err := c.Err(); !errors.Is(err, ErrServerTimeout) {
			t.Errorf("Err = %v, want ErrServerTimeout", err)
		}
		if got, want := time.Since(start), 20*time.Second+defaultServerTimeout; got != want {
			t.Errorf("ended after %v, want %v", got, want)
		}
	})
}

// While handlers keep the queue full the client does not read; that is not the
// server's silence.
func TestBusyHandlerIsNotSilence(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c, far := piped(t)
		handled := 0
		c.On("Work", func() { <-time.After(time.Second); handled++ })
		go io.Copy(io.Discard, far)
		const calls = 2 * defaultHandlerQueue
		for range calls {
			if _, err := far.Write([]byte("{\"type\":1,\"target\":\"Work\",\"arguments\":[]}\x1e")); err != nil {
				t.Fatal(err)
			}
		}
		far.Close()
		<-c.Done()
		if handled != calls {
			t.Errorf("handled %d calls, want %d (%v)", handled, calls, c.Err())
		}
	})
}

func TestServerThatTakesNothingIsGivenUp(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c, far := piped(t)
		var server sync.WaitGroup
		server.Go(func() { // alive, but not reading
			for {
				if _, err := far.Write([]byte("{\"type\":6}\x1e")); err != nil {
					return
				}
				<-time.After(time.Second)
			}
		})
		start := time.Now()
		err := c.Send(context.Background(), "Method")
		if !errors.Is(err, ErrClosed) {
			t.Errorf("Send = %v, want ErrClosed", err)
		}
		if got := time.Since(start); got != defaultServerTimeout {
			t.Errorf("given up after %v, want %v", got, defaultServerTimeout)
		}
		server.Wait()
	})
}

func TestServerThatDoesNotCloseIsCut(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c, far := piped(t)
		go io.Copy(io.Discard, far)
		start := time.Now()
		if err := c.Stop(context.Background()); err != nil {
			t.Errorf("Stop = %v", err)
		}
		if got := time.Since(start); got != closeTimeout {
			t.Errorf("stopped after %v, want %v", got, closeTimeout)
		}
		if err := c.Err(); err != nil {
			t.Errorf("Err = %v, want nil", err)
		}
	})
}
