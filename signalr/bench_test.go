//go:build unix

package signalr_test

import (
	"bytes"
	"fmt"
	"strings"
	"sync"
	"syscall"
	"testing"

	"github.com/fanfare-hub/fanfare/signalr"
	"github.com/fanfare-hub/fanfare/signalr/internal/ws"
)

// BenchmarkFanOut sends to all connections at once and waits until each that
// reads has the last message; one operation is one delivery. Slow ones, in
// percent, read nothing, which costs them their connection in the end.
func BenchmarkFanOut(b *testing.B) {
	for _, c := range []struct{ connections, slow int }{{1, 0}, {100, 0}, {100, 1}, {10_000, 0}, {10_000, 1}} {
		b.Run(fmt.Sprintf("connections=%d/slow=%d%%", c.connections, c.slow), func(b *testing.B) {
			needDescriptors(b, 2*c.connections+100)
			benchmarkFanOut(b, c.connections, c.connections*c.slow/100)
		})
	}
}

// needDescriptors skips a benchmark that has more sockets than the process may.
func needDescriptors(b *testing.B, number int) {
	b.Helper()
	var limit syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &limit); err != nil || limit.Cur < uint64(number) {
		b.Skipf("%d descriptors are needed; ulimit -n allows %d", number, limit.Cur)
	}
}

func benchmarkFanOut(b *testing.B, connections, slow int) {
	b.Helper()
	s := setup(b, options{})
	readers := connections - slow
	rounds := b.N/readers + 1
	const window = 4 // messages under way
	arrived := make(chan struct{}, window*readers)
	var reading sync.WaitGroup
	for i := range connections {
		if c := s.connect(b); i < readers {
			reading.Go(func() { drain(c.conn, rounds, arrived) })
		}
	}
	text := strings.Repeat("x", 128)
	b.ReportAllocs()
	b.ResetTimer()
	for i := range rounds {
		if i >= window {
			for range readers {
				<-arrived
			}
		}
		if err := message.To(b.Context(), s.hub.All(), text); err != nil {
			b.Fatal(err)
		}
	}
	for range min(window, rounds) * readers {
		<-arrived
	}
	b.StopTimer()
	reading.Wait()
}

// BenchmarkEcho calls a method and waits for its result, each goroutine on a
// connection of its own.
func BenchmarkEcho(b *testing.B) {
	s := setup(b, options{prepare: func(h *signalr.Hub) { h.Handle("Echo", func(x any) any { return x }) }})
	text := strings.Repeat("x", 128)
	b.ReportAllocs()
	b.RunParallel(func(pb *testing.PB) {
		c := s.connect(b)
		for pb.Next() {
			c.invoke("Echo", `["`+text+`"]`, `"result":"`+text+`"`)
		}
	})
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
