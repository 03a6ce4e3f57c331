package health

import "time"

// usage is one sample of what the process uses and may use.
type usage struct {
	resident    uint64        // bytes
	cpu         time.Duration // since the process started
	cores       float64       // that it may use
	memoryLimit uint64        // bytes, of its cgroup; 0 is none
}

// cpuPercent returns the share of the allowed cores that was used between two
// samples, 0 if no time has passed.
func cpuPercent(before, after usage, elapsed time.Duration) float64 {
	available := elapsed.Seconds() * after.cores
	if available <= 0 {
		return 0
	}
	return max(0, (after.cpu-before.cpu).Seconds()/available*100)
}

// coresWithin returns how many cores may be used by a program that runs on
// procs of them at once within this quota.
func coresWithin(quota float64, procs int) float64 {
	if quota > 0 {
		return min(quota, float64(procs))
	}
	return float64(procs)
}
