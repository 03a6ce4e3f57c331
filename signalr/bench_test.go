package signalr_test

import (
	"bytes"
	"fmt"
	"strings"
	"sync"
	"testing"

	"github.com/fanfare-hub/fanfare/signalr/internal/ws"
)

// BenchmarkFanOut sends to all connections at once and waits until each has
// the last message; one operation is one delivery.
func BenchmarkFanOut(b *testing.B) {
	for _, connections := range []int{1, 100, 1000} {
		b.Run(fmt.Sprintf("connections=%d", connections), func(b *testing.B) {
			benchmarkFanOut(b, connections)
		})
	}
}

func benchmarkFanOut(b *testing.B, connections int) {
	b.Helper()
	s := setup(b, options{})
	rounds := b.N/connections + 1
	const window = 4 // messages under way
	arrived := make(chan struct{}, window*connections)
	var readers sync.WaitGroup
	for range connections {
		c := s.connect(b)
		readers.Go(func() { drain(c.conn, rounds, arrived) })
	}
	text := strings.Repeat("x", 128)
	b.ReportAllocs()
	b.ResetTimer()
	for i := range rounds {
		if i >= window {
			for range connections {
				<-arrived
			}
		}
		if err := message.To(b.Context(), s.hub.All(), text); err != nil {
			b.Fatal(err)
		}
	}
	for range min(window, rounds) * connections {
		<-arrived
	}
	b.StopTimer()
	readers.Wait()
}

// drain counts the records that come, until there were enough.
func drain(conn *ws.Conn, records int, arrived chan<- struct{}) {
	buf := make([]byte, 0, 4096)
	for records > 0 {
		_, got, _, err := conn.ReadChunk(buf)
		if err != nil {
			return
		}
		for range bytes.Count(got, []byte{0x1e}) {
			arrived <- struct{}{}
			records--
		}
	}
}
