package bus_test

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/fanfare-hub/fanfare"
	"github.com/fanfare-hub/fanfare/internal/bus"
)

// BenchmarkAppend shows how many events a second become durable, beside what
// one goroutine gets out of the same disk by a write and an fsync each. "x" is
// the quotient of the two, which were measured in turns: both see the same disk
// and the same neighbours.
func BenchmarkAppend(b *testing.B) {
	for _, load := range []struct {
		name               string
		publishers, topics int
	}{
		{"publishers=1/topics=1", 1, 1},
		{"publishers=64/topics=1", 64, 1},
		{"publishers=1000/topics=1000", 1000, 1000},
	} {
		b.Run(load.name, func(b *testing.B) { benchmarkAppend(b, load.publishers, load.topics) })
	}
}

// benchRound is how long either side is measured at a time.
const benchRound = 500 * time.Millisecond

func benchmarkAppend(b *testing.B, publishers, topics int) {
	b.Helper()
	dir := b.TempDir()
	log := bus.New(bus.Options{Dir: filepath.Join(dir, "log")})
	if err := log.Start(b.Context()); err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { log.Stop(context.Background()) })
	file, err := os.Create(filepath.Join(dir, "single"))
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { file.Close() })

	var events, syncs rate
	var sent atomic.Int64
	syncs.measure(b, 1, func(int) error { return writeAndSync(file) })
	for b.Loop() { // an iteration is a round of both
		events.measure(b, publishers, func(n int) error {
			id := fmt.Sprintf("00000000-0000-4000-8000-%012d", n%topics)
			_, err := log.Append(b.Context(), progress(id, int(sent.Add(1))), fanfare.DocumentTopic(id))
			return err
		})
		syncs.measure(b, 1, func(int) error { return writeAndSync(file) })
	}
	b.ReportMetric(events.perSecond(), "events/s")
	b.ReportMetric(syncs.perSecond(), "fsyncs/s")
	b.ReportMetric(events.perSecond()/syncs.perSecond(), "x")
	b.ReportMetric(0, "ns/op")
}

func writeAndSync(file *os.File) error {
	if _, err := file.Write(bytes.Repeat([]byte{'x'}, 256)); err != nil {
		return err
	}
	return file.Sync()
}

// rate counts what was done in the time that it was measured.
type rate struct {
	done int64
	took time.Duration
}

// measure has n goroutines do one thing after another for a round.
func (r *rate) measure(b *testing.B, n int, do func(n int) error) {
	b.Helper()
	var done atomic.Int64
	var wg sync.WaitGroup
	start := time.Now()
	for i := range n {
		wg.Go(func() {
			for time.Since(start) < benchRound {
				if err := do(i); err != nil {
					b.Error(err)
					return
				}
				done.Add(1)
			}
		})
	}
	wg.Wait()
	r.done += done.Load()
	r.took += time.Since(start)
}

func (r *rate) perSecond() float64 { return float64(r.done) / r.took.Seconds() }
