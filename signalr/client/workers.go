package client

import "sync"

// workers are the goroutines of a client that come and go beside its loops:
// one for each stream to the hub, and for each call that the hub wants
// answered. The zero value is ready.
type workers struct {
	running sync.WaitGroup

	mu   sync.Mutex
	over bool // guarded by mu: no more can be started
}

// start runs f, or otherwise if the client is at its end.
func (w *workers) start(f, otherwise func()) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.over {
		otherwise()
		return
	}
	w.running.Go(f)
}

// await returns when all have ended; no more can be started.
func (w *workers) await() {
	w.mu.Lock()
	w.over = true
	w.mu.Unlock()
	w.running.Wait()
}
