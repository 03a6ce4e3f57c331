package signalr

import "sync"

// crewReserve is how many goroutines of a crew may rest at a time. More calls
// than that run in parallel all the same; those who ran them then end.
const crewReserve = 64

// crew is the goroutines that run calls. One that has run a call rests until
// the next one comes: a new goroutine's stack is too small for what a call
// goes through, and to grow it costs more than most methods do.
type crew struct {
	all sync.WaitGroup // started by Run, for await

	mu        sync.Mutex
	resting   []chan func() // guarded by mu: the last to come is the first to go, with the warmest stack
	dismissed bool          // guarded by mu
}

// Run has a call run, and returns at once.
func (w *crew) Run(call func()) {
	if rested := w.wake(); rested != nil {
		rested <- call // it has room for one
		return
	}
	w.all.Go(func() { w.work(call) })
}

func (w *crew) wake() chan<- func() {
	w.mu.Lock()
	defer w.mu.Unlock()
	last := len(w.resting) - 1
	if last < 0 {
		return nil
	}
	rested := w.resting[last]
	w.resting = w.resting[:last]
	return rested
}

// work runs one call after the other, until there are enough others who rest.
func (w *crew) work(call func()) {
	next := make(chan func(), 1)
	for call != nil {
		call()
		call = nil
		if w.rest(next) {
			call = <-next
		}
	}
}

func (w *crew) rest(next chan func()) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.dismissed || len(w.resting) >= crewReserve {
		return false
	}
	w.resting = append(w.resting, next)
	return true
}

// Dismiss lets those go who rest, and the others when they have run their call.
func (w *crew) Dismiss() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.dismissed = true
	for _, rested := range w.resting {
		close(rested)
	}
	w.resting = nil
}

// await returns when the whole crew is gone.
func (w *crew) await() { w.all.Wait() }
