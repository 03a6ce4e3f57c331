package signalr

import (
	"sync"
	"time"
)

// attachments remembers which tokens a transport has attached to, so that each
// is good once (CONN-06). It forgets a token when it has run out by itself.
type attachments struct {
	mint   *mint
	window time.Duration // from negotiate to attach

	mu      sync.Mutex
	taken   map[string]bool // guarded by mu: true while the connection lives
	expired []token         // guarded by mu: given back, in that order
}

// standing is what a token is good for.
type standing int

const (
	unknown  standing = iota // never issued, run out, or its connection is over
	waiting                  // negotiated, nothing attached yet
	attached                 // its connection lives
)

func newAttachments(window time.Duration) *attachments {
	return &attachments{mint: newMint(), window: window, taken: map[string]bool{}}
}

// look says what the token in a request is good for.
func (a *attachments) look(text string) standing {
	t, ok := a.mint.verify(text)
	if !ok {
		return unknown
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.standingLocked(t)
}

// attach takes a token that waits, and says what it was good for until now.
func (a *attachments) attach(text string) (token, standing) {
	t, ok := a.mint.verify(text)
	if !ok {
		return t, unknown
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	was := a.standingLocked(t)
	if was == waiting {
		a.taken[text] = true
	}
	return t, was
}

func (a *attachments) standingLocked(t token) standing {
	switch live, seen := a.taken[t.text]; {
	case live:
		return attached
	case seen || time.Since(t.issued) > a.window:
		return unknown
	default:
		return waiting
	}
}

// detach is called when the connection of a token is over.
func (a *attachments) detach(t token) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.taken[t.text] = false
	a.expired = append(a.expired, t)
	// Most have run out long before: only those of the last seconds stay.
	for len(a.expired) > 0 && time.Since(a.expired[0].issued) > a.window {
		delete(a.taken, a.expired[0].text)
		a.expired = a.expired[1:]
	}
}

// giveBack lets a token be used again whose transport could not be opened.
func (a *attachments) giveBack(t token) {
	a.mu.Lock()
	defer a.mu.Unlock()
	delete(a.taken, t.text)
}
