package signalrtest

import (
	"sync"
	"time"
)

// deadline is a moment that can be put off and brought forward while somebody
// waits for it.
type deadline struct {
	mu    sync.Mutex
	timer *time.Timer   // guarded by mu: nil without a deadline
	turn  int           // guarded by mu: grows with each set
	gone  chan struct{} // guarded by mu: closed when the moment has come
	past  bool          // guarded by mu: gone is closed
}

func newDeadline() *deadline { return &deadline{gone: make(chan struct{})} }

// set changes the moment; the zero time is never.
func (d *deadline) set(t time.Time) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.timer != nil {
		d.timer.Stop()
		d.timer = nil
	}
	if d.past {
		d.gone, d.past = make(chan struct{}), false
	}
	d.turn++
	turn, wait := d.turn, time.Until(t)
	switch {
	case t.IsZero():
	case wait > 0:
		d.timer = time.AfterFunc(wait, func() { d.pass(turn) })
	default:
		d.passLocked()
	}
}

// pass is called by a timer, which may have been replaced meanwhile.
func (d *deadline) pass(turn int) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.turn == turn {
		d.passLocked()
	}
}

func (d *deadline) passLocked() {
	if !d.past {
		d.past = true
		close(d.gone)
	}
}

// passed is closed when the moment has come, unless it is put off before.
func (d *deadline) passed() <-chan struct{} {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.gone
}

func (d *deadline) over() bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.past
}
