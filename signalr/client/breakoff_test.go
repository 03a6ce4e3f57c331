package client

import (
	"context"
	"errors"
	"io"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// deaf is a transport that nothing can be sent on; what the server has said
// comes all the same, and then its end.
type deaf struct {
	says chan string
	done chan struct{}
}

var errDeaf = errors.New("nobody there")

func (d *deaf) Receive(buf []byte, _ time.Duration) ([]byte, error) {
	select {
	case text, ok := <-d.says:
		if !ok {
			return buf, io.ErrUnexpectedEOF
		}
		return append(buf, text...), nil
	case <-d.done:
		return buf, io.ErrClosedPipe
	}
}

func (*deaf) Send([]byte, time.Duration) error { return errDeaf }
func (*deaf) Finish() error                    { return nil }
func (*deaf) NeedsPings() bool                 { return false }

func (d *deaf) Close() error {
	select {
	case <-d.done:
	default:
		close(d.done)
	}
	return nil
}

// A server that goes away in order is heard to its last word, also where a
// write finds out first that it has gone.
func TestLastWordIsHeard(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		says  []string
		after time.Duration
		want  func(error) bool
	}{
		"a Close message": {[]string{"{\"type\":7,\"error\":\"enough\"}\x1e"}, 0, func(err error) bool {
			var closed *CloseError
			return errors.As(err, &closed) && closed.Message == "enough"
		}},
		"an end":  {[]string{}, 0, func(err error) bool { return errors.Is(err, errDeaf) }},
		"nothing": {nil, closeTimeout, func(err error) bool { return errors.Is(err, errDeaf) }},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				c := New("http://hub", &Options{Reconnect: func(Retry) (time.Duration, bool) { return 0, false }})
				d := &deaf{says: make(chan string, 1), done: make(chan struct{})}
				if err := c.begin(func() {}); err != nil {
					t.Fatal(err)
				}
				if err := c.settle(context.Background(), c.newConnection(&link{transport: d}, nil), nil); err != nil {
					t.Fatal(err)
				}
				err := c.Send(t.Context(), "Late")
				if !errors.Is(err, ErrClosed) || !strings.Contains(err.Error(), "nobody there") {
					t.Errorf("Send = %v", err)
				}
				begun := time.Now()
				for _, message := range test.says {
					d.says <- message
				}
				if test.says != nil {
					close(d.says)
				}
				<-c.Done()
				if err := c.Err(); !test.want(err) || time.Since(begun) != test.after {
					t.Errorf("ended with %v after %v", err, time.Since(begun))
				}
			})
		})
	}
}
