//go:build !linux

package health

import (
	"runtime"
	"runtime/metrics"
	"time"
)

// readUsage asks the Go runtime, which knows its own memory and, as of the last
// garbage collection, its own CPU time: an estimate, but the same everywhere.
func readUsage() (usage, error) {
	samples := []metrics.Sample{
		{Name: "/memory/classes/total:bytes"},
		{Name: "/memory/classes/heap/released:bytes"},
		{Name: "/cpu/classes/total:cpu-seconds"},
		{Name: "/cpu/classes/idle:cpu-seconds"},
	}
	metrics.Read(samples)
	busy := samples[2].Value.Float64() - samples[3].Value.Float64()
	return usage{
		resident: samples[0].Value.Uint64() - samples[1].Value.Uint64(),
		cpu:      time.Duration(busy * float64(time.Second)),
		cores:    coresWithin(0, runtime.GOMAXPROCS(0)),
	}, nil
}
