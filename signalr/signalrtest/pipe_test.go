package signalrtest

import (
	"bytes"
	"errors"
	"io"
	"net"
	"os"
	"testing"
	"testing/synctest"
	"time"
)

// Bytes go both ways, in order, and the writer waits when there are too many.
func TestPipeCarries(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		a, b := pipe()
		for _, way := range [][2]net.Conn{{a, b}, {b, a}} {
			sent := bytes.Repeat([]byte("0123456789"), pipeSize/5) // twice as much as fits
			wrote := false
			go func() {
				n, err := way[0].Write(sent)
				wrote = true
				if n != len(sent) || err != nil {
					t.Errorf("wrote %d, %v", n, err)
				}
			}()
			synctest.Wait()
			if wrote {
				t.Error("it does not wait")
			}
			got := make([]byte, len(sent))
			if _, err := io.ReadFull(way[1], got); err != nil || !bytes.Equal(got, sent) {
				t.Errorf("read: %v", err)
			}
			synctest.Wait()
		}
	})
}

// What was written before a Close is still read; nothing else works after it.
func TestPipeCloses(t *testing.T) {
	t.Parallel()
	a, b := pipe()
	if _, err := a.Write([]byte("bye")); err != nil {
		t.Fatal(err)
	}
	a.Close()
	a.Close()
	if got, err := io.ReadAll(b); string(got) != "bye" || err != nil {
		t.Errorf("got %q, %v", got, err)
	}
	if _, err := b.Write([]byte("x")); !errors.Is(err, io.ErrClosedPipe) {
		t.Errorf("write to the closed: %v", err)
	}
	if _, err := a.Write([]byte("x")); !errors.Is(err, net.ErrClosed) {
		t.Errorf("write of the closed: %v", err)
	}
	if _, err := a.Read(make([]byte, 1)); !errors.Is(err, net.ErrClosed) {
		t.Errorf("read of the closed: %v", err)
	}
}

// A deadline ends what waits, also one that is set meanwhile; one that is put
// off or taken away does not.
func TestPipeDeadlines(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		a, b := pipe()
		began := time.Now()
		a.SetDeadline(began.Add(time.Second))
		a.SetReadDeadline(began.Add(2 * time.Second))
		if _, err := a.Read(make([]byte, 1)); !errors.Is(err, os.ErrDeadlineExceeded) || time.Since(began) != 2*time.Second {
			t.Errorf("read: %v after %v", err, time.Since(began))
		}
		if n, err := a.Write(make([]byte, 10)); n != 0 || !errors.Is(err, os.ErrDeadlineExceeded) {
			t.Errorf("write: %d, %v", n, err)
		}
		a.SetDeadline(time.Time{})
		read := make(chan error, 1)
		go func() {
			_, err := a.Read(make([]byte, 1))
			read <- err
		}()
		<-time.After(time.Hour)
		a.SetReadDeadline(time.Unix(1, 0))
		if err := <-read; !errors.Is(err, os.ErrDeadlineExceeded) {
			t.Errorf("read: %v", err)
		}
		a.SetReadDeadline(time.Time{})
		if _, err := b.Write([]byte("x")); err != nil {
			t.Fatal(err)
		}
		if n, err := a.Read(make([]byte, 2)); n != 1 || err != nil {
			t.Errorf("read: %d, %v", n, err)
		}
	})
}
