//go:build unix

package ws_test

import (
	"runtime"
	"strings"
	"sync"
	"testing"

	"github.com/fanfare-hub/fanfare/signalr/internal/ws"
)

// TestWaitKeepsTheStackSmall: a goroutine that begins with Wait has the 2 KiB
// that it began with.
//
//nolint:paralleltest // it measures the stacks of the whole process
func TestWaitKeepsTheStackSmall(t *testing.T) {
	if raceDetector {
		t.Skip("the race detector's own frames are larger")
	}
	const conns = 200
	var before, during runtime.MemStats
	servers := make([]*ws.Conn, conns)
	clients := make([]*ws.Conn, conns)
	for i := range conns {
		servers[i], clients[i] = dialed(t, false)
	}
	runtime.GC()
	runtime.ReadMemStats(&before)
	var all sync.WaitGroup
	for _, server := range servers {
		all.Go(func() {
			if err := server.Wait(); err != nil {
				t.Error(err)
			}
			if _, got, err := server.ReadMessage(nil); err != nil || string(got) != "m" {
				t.Errorf("read %q, %v", got, err)
			}
		})
	}
	for waiting := 0; waiting < conns; {
		waiting = goroutinesIn("Wait")
	}
	runtime.ReadMemStats(&during)
	if each := (int64(during.StackInuse) - int64(before.StackInuse)) / conns; each > 3<<10 {
		t.Errorf("%d bytes of stack for each", each)
	}
	for _, client := range clients {
		if err := client.WriteMessage(ws.Text, []byte("m")); err != nil {
			t.Error(err)
		}
	}
	all.Wait()
}

// goroutinesIn counts the goroutines that stand in a method of Conn and wait
// for the network.
func goroutinesIn(method string) int {
	all := make([]byte, 8<<20)
	all = all[:runtime.Stack(all, true)]
	waiting := 0
	for goroutine := range strings.SplitSeq(string(all), "\n\n") {
		if strings.Contains(goroutine, "[IO wait") && strings.Contains(goroutine, "ws.(*Conn)."+method) {
			waiting++
		}
	}
	return waiting
}
