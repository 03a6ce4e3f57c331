package document

import (
	"math"
	"testing"
	"time"
)

func TestPercent(t *testing.T) {
	t.Parallel()
	tests := []struct {
		done, total int64
		want        int
	}{
		{0, 100, 0},
		{1, 1000, 0},
		{50, 100, 48},
		{99, 100, 96},
		{math.MaxInt64 - 1<<12, math.MaxInt64, 96},
		{100, 100, 97},
		{200, 100, 97},
		{5, 0, 0},
		{-1, 100, 0},
		{math.MaxInt64, math.MaxInt64, 97},
	}
	for _, test := range tests {
		if got := percent(test.done, test.total); got != test.want {
			t.Errorf("percent(%d, %d) = %d, want %d", test.done, test.total, got, test.want)
		}
	}
}

func TestGaugeShowsTheNewest(t *testing.T) {
	t.Parallel()
	g := newGauge(0)
	for _, done := range []int64{10, 50, 30, 50} {
		g.set(done, 100)
	}
	if got := <-g.latest; got != 48 {
		t.Errorf("shows %d, want 48", got)
	}
	g.set(40, 100)
	select {
	case p := <-g.latest:
		t.Errorf("shows %d after a fall", p)
	default:
	}
}

func TestGaugeGoesOnFromTheAttemptBefore(t *testing.T) {
	t.Parallel()
	g := newGauge(48)
	g.set(50, 100)
	g.set(60, 100)
	if got := <-g.latest; got != 58 {
		t.Errorf("shows %d, want 58", got)
	}
}

func TestPaceTellsABurstThenFourASecond(t *testing.T) {
	t.Parallel()
	start := time.Unix(1_700_000_000, 0)
	p := newPace(start, 5*time.Second, 0)
	for percentage := 1; percentage <= paceBurst; percentage++ {
		if tell, _ := p.next(start, percentage); !tell {
			t.Fatalf("%d %% is not told at once", percentage)
		}
	}
	if tell, wait := p.next(start, 21); tell || wait != 250*time.Millisecond {
		t.Errorf("21st at once: told %t, wait %s", tell, wait)
	}
	told := 0
	for tick := 1; tick <= 40; tick++ {
		if tell, _ := p.next(start.Add(time.Duration(tick)*50*time.Millisecond), 21+tick); tell {
			told++
		}
	}
	if told != 8 {
		t.Errorf("told %d times in the next 2 s, want 8", told)
	}
}

func TestPaceTellsEachPercentageOnce(t *testing.T) {
	t.Parallel()
	start := time.Unix(1_700_000_000, 0)
	p := newPace(start, 5*time.Second, 40)
	for _, percentage := range []int{39, 40} {
		if tell, wait := p.next(start.Add(time.Second), percentage); tell || wait != 4*time.Second {
			t.Errorf("%d %%: told %t, wait %s", percentage, tell, wait)
		}
	}
}

func TestPaceGivesASignOfLife(t *testing.T) {
	t.Parallel()
	start := time.Unix(1_700_000_000, 0)
	p := newPace(start, 5*time.Second, 0)
	p.next(start.Add(time.Second), 7)
	if tell, wait := p.next(start.Add(5*time.Second), 7); tell || wait != time.Second {
		t.Errorf("after 4 s of silence: told %t, wait %s", tell, wait)
	}
	if tell, wait := p.next(start.Add(6*time.Second), 7); !tell || wait != 5*time.Second {
		t.Errorf("after 5 s of silence: told %t, wait %s", tell, wait)
	}
}
