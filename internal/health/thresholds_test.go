package health

import (
	"testing"
	"time"

	"github.com/fanfare-hub/fanfare"
)

func TestStatusIsTheWorstExceededLimit(t *testing.T) {
	t.Parallel()
	tests := []struct {
		memory, cpu  float64
		both, either fanfare.HealthStatus
	}{
		{0, 0, fanfare.HealthHealthy, fanfare.HealthHealthy},
		{1000, 60, fanfare.HealthHealthy, fanfare.HealthHealthy},
		{1001, 60, fanfare.HealthHealthy, fanfare.HealthDegraded},
		{1000, 61, fanfare.HealthHealthy, fanfare.HealthDegraded},
		{1001, 61, fanfare.HealthDegraded, fanfare.HealthDegraded},
		{1500, 75, fanfare.HealthDegraded, fanfare.HealthDegraded},
		{1501, 76, fanfare.HealthWarning, fanfare.HealthWarning},
		{2000, 90, fanfare.HealthWarning, fanfare.HealthWarning},
		{2001, 91, fanfare.HealthCritical, fanfare.HealthCritical},
		{5000, 0, fanfare.HealthHealthy, fanfare.HealthCritical},
		{5000, 61, fanfare.HealthDegraded, fanfare.HealthCritical},
		{0, 100, fanfare.HealthHealthy, fanfare.HealthCritical},
	}
	both, either := Thresholds{}.withDefaults(), Thresholds{Either: true}.withDefaults()
	for _, test := range tests {
		if got := both.status(test.memory, test.cpu); got != test.both {
			t.Errorf("%v MB and %v %%: %s, want %s", test.memory, test.cpu, got, test.both)
		}
		if got := either.status(test.memory, test.cpu); got != test.either {
			t.Errorf("%v MB or %v %%: %s, want %s", test.memory, test.cpu, got, test.either)
		}
	}
}

func TestThresholdsAreOptions(t *testing.T) {
	t.Parallel()
	own := Thresholds{Critical: Limit{MemoryMB: 10, CPUPercent: 0}}.withDefaults()
	if got := own.status(11, 1); got != fanfare.HealthCritical {
		t.Errorf("above the own limit it is %s", got)
	}
	if own.Warning != (Limit{1500, 75}) {
		t.Errorf("a limit left out is %+v", own.Warning)
	}
}

func TestCPUPercentIsOfTheAllowedCores(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		before, after, elapsed time.Duration
		cores, want            float64
	}{
		{0, 5 * time.Second, 5 * time.Second, 1, 100},
		{0, 5 * time.Second, 5 * time.Second, 4, 25},
		{time.Second, 2 * time.Second, 5 * time.Second, 0.5, 40},
		{2 * time.Second, time.Second, 5 * time.Second, 1, 0},
		{0, time.Second, 0, 1, 0},
	} {
		if got := cpuPercent(usage{cpu: test.before}, usage{cpu: test.after, cores: test.cores}, test.elapsed); got != test.want {
			t.Errorf("%+v: %v", test, got)
		}
	}
}

func TestCoresWithinAQuota(t *testing.T) {
	t.Parallel()
	for quota, want := range map[float64]float64{0: 4, 0.5: 0.5, 3: 3, 8: 4} {
		if got := coresWithin(quota, 4); got != want {
			t.Errorf("a quota of %v on 4 gives %v, want %v", quota, got, want)
		}
	}
}
