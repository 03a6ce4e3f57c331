package ws_test

import (
	"errors"
	"net"
	"testing"
	"time"

	"github.com/fanfare-hub/fanfare/signalr/internal/ws"
)

// A peer that does not read is full after a fraction of what the system would
// take of its own accord, over TLS too; what is no TCP says so.
func TestLimitUnsent(t *testing.T) {
	t.Parallel()
	for name, tls := range map[string]bool{"plain": false, "TLS": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			taken := map[bool]int{}
			for _, limited := range []bool{false, true} {
				server, _ := dialed(t, tls)
				if limited {
					if err := server.LimitUnsent(4 << 10); err != nil {
						t.Fatal(err)
					}
				}
				taken[limited] = fill(t, server)
			}
			if taken[true] > taken[false]/4 {
				t.Errorf("took %d bytes, without a bound %d", taken[true], taken[false])
			}
		})
	}
	pipe := acceptPipe(t, func(net.Conn) {})
	if err := pipe.LimitUnsent(4 << 10); !errors.Is(err, errors.ErrUnsupported) {
		t.Errorf("a pipe: %v", err)
	}
}

// fill writes until nothing is taken for a moment; it returns how much was.
func fill(t *testing.T, c *ws.Conn) (bytes int) {
	t.Helper()
	step := make([]byte, 1<<10)
	for {
		if err := c.SetWriteDeadline(time.Now().Add(300 * time.Millisecond)); err != nil {
			t.Fatal(err)
		}
		n, err := c.Write(step)
		if bytes += n; err != nil {
			return bytes
		}
	}
}
