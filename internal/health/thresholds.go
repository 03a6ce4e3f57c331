package health

import "github.com/fanfare-hub/fanfare"

// nearLimit is the share of the cgroup's memory limit from which the kernel may
// end the process at any time.
const nearLimit = 0.9

// Limit is what makes a status when it is exceeded.
type Limit struct {
	MemoryMB   float64 // resident, in MiB
	CPUPercent float64 // of the cores that the process may use
}

// Thresholds turn figures into a status. A zero Limit is its default.
type Thresholds struct {
	Degraded Limit // 1000 MB and 60 %
	Warning  Limit // 1500 MB and 75 %
	Critical Limit // 2000 MB and 90 %
	Either   bool  // one of the two figures is enough; else both must exceed
}

func (t Thresholds) withDefaults() Thresholds {
	fill := func(l *Limit, memoryMB, cpuPercent float64) {
		if *l == (Limit{}) {
			*l = Limit{MemoryMB: memoryMB, CPUPercent: cpuPercent}
		}
	}
	fill(&t.Degraded, 1000, 60)
	fill(&t.Warning, 1500, 75)
	fill(&t.Critical, 2000, 90)
	return t
}

// status is the rule of the .NET services: the worst limit that is exceeded.
func (t Thresholds) status(memoryMB, cpuPercent float64) fanfare.HealthStatus {
	exceeds := func(l Limit) bool {
		memory, cpu := memoryMB > l.MemoryMB, cpuPercent > l.CPUPercent
		return memory && cpu || t.Either && (memory || cpu)
	}
	switch {
	case exceeds(t.Critical):
		return fanfare.HealthCritical
	case exceeds(t.Warning):
		return fanfare.HealthWarning
	case exceeds(t.Degraded):
		return fanfare.HealthDegraded
	}
	return fanfare.HealthHealthy
}

// nearMemoryLimit reports whether the process is within a tenth of what its
// cgroup may use; a limit of 0 is none.
func nearMemoryLimit(resident, limit uint64) bool {
	return limit > 0 && float64(resident) >= nearLimit*float64(limit)
}
