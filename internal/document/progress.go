package document

import (
	"math/bits"
	"time"
)

const (
	// readPercentage is where the input has been read to its end. The rest is
	// for the findings and the last writing.
	readPercentage = 97

	// Progress is told without delay as long as it is rare, so that a short
	// document shows its steps, and at a pace that a person can follow then.
	paceBurst = 20
	paceEvery = 250 * time.Millisecond
)

// percent is the percentage of a position in the input. It is rounded down:
// 97 is the end of the input, not nearly so.
func percent(done, total int64) int {
	if total <= 0 || done <= 0 {
		return 0
	}
	// 128 bits wide, since 97 times the bytes of a file need not fit in 64.
	high, low := bits.Mul64(uint64(min(done, total)), readPercentage)
	quotient, _ := bits.Div64(high, low, uint64(total))
	return int(quotient) //nolint:gosec // at most 97
}

// gauge hands the newest percentage from the extraction to the worker. One not
// taken yet is replaced by the next, so that neither waits for the other.
type gauge struct {
	latest chan int
	shown  int // of the extraction's goroutine
}

// newGauge shows nothing up to percentage, which clients know from an attempt
// before.
func newGauge(percentage int) *gauge {
	return &gauge{latest: make(chan int, 1), shown: percentage}
}

// set is called by one goroutine, the only one that sends.
func (g *gauge) set(done, total int64) {
	p := percent(done, total)
	if p <= g.shown {
		return
	}
	g.shown = p
	select {
	case <-g.latest:
	default:
	}
	g.latest <- p
}

// pace decides which percentages of a document are told, and when: each whole
// per cent, as long as a token bucket of 20 has tokens, which come back 4 a
// second; and a sign of life when nothing was told for the heartbeat's time.
type pace struct {
	heartbeat time.Duration
	tokens    int
	refilled  time.Time // when the last token came back
	told      time.Time
	last      int // the percentage told last
}

// newPace starts with a full bucket; percentage is what clients know already.
func newPace(now time.Time, heartbeat time.Duration, percentage int) *pace {
	return &pace{heartbeat: heartbeat, tokens: paceBurst, refilled: now, told: now, last: percentage}
}

// next says whether to tell percentage now, and after what time to ask again
// if the percentage does not change before.
func (p *pace) next(now time.Time, percentage int) (tell bool, wait time.Duration) {
	p.refill(now)
	alive := p.told.Add(p.heartbeat)
	rising := percentage > p.last
	switch {
	case rising && p.tokens > 0:
		p.tokens--
	case !now.Before(alive):
	case rising:
		return false, min(p.refilled.Add(paceEvery).Sub(now), alive.Sub(now))
	default:
		return false, alive.Sub(now)
	}
	p.told, p.last = now, percentage
	return true, p.heartbeat
}

// refill puts the tokens back that have come due.
func (p *pace) refill(now time.Time) {
	due := int(now.Sub(p.refilled) / paceEvery)
	p.tokens += due
	p.refilled = p.refilled.Add(time.Duration(due) * paceEvery)
	if p.tokens >= paceBurst {
		p.tokens, p.refilled = paceBurst, now
	}
}
