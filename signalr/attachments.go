package signalr

import (
	"io"
	"slices"
	"sync"
	"time"
)

// earlyLimit is for how many connections bytes are kept that came before the
// transport (POST-07); each may hold inboundLimit.
const earlyLimit = 1024

// attachments remembers what has become of the tokens: each is good for one
// transport (CONN-06). It forgets a token when it has run out by itself.
type attachments struct {
	mint   *mint
	window time.Duration // from negotiate to attach

	mu      sync.Mutex
	known   map[string]*attachment // guarded by mu: by the token's text
	expired []token                // guarded by mu: their connections are over, in that order
	early   []*attachment          // guarded by mu: something was posted before the transport, in that order
}

// attachment is what has become of a token. One that was only negotiated has
// none.
type attachment struct {
	token    token
	standing standing
	kind     Transports  // once a transport has attached
	conn     *connection // likewise; on a WebSocket a little later
	in       *inbound    // what was posted; nil on a WebSocket to which nothing was
}

// standing is what a token is good for.
type standing uint8

const (
	unknown  standing = iota // never issued, run out, or its connection is over
	waiting                  // negotiated, nothing attached yet
	attached                 // its connection lives
)

func newAttachments(window time.Duration) *attachments {
	return &attachments{mint: newMint(), window: window, known: map[string]*attachment{}}
}

// look says what the token in a request is good for.
func (a *attachments) look(text string) attachment {
	t, ok := a.mint.verify(text)
	if !ok {
		return attachment{}
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.lookLocked(t)
}

func (a *attachments) lookLocked(t token) attachment {
	found := attachment{token: t, standing: waiting}
	if known := a.known[t.text]; known != nil {
		found = *known
	}
	if found.standing == waiting && t.age() > a.window {
		found.standing = unknown
	}
	return found
}

// attach takes a token, which look has verified, that waits for a transport;
// open makes the connection, unless it is nil. It returns what the token was
// good for until now.
func (a *attachments) attach(t token, kind Transports, open func(token, *inbound) *connection) attachment {
	a.mu.Lock()
	defer a.mu.Unlock()
	found := a.lookLocked(t)
	if found.standing != waiting {
		return found
	}
	now := attachment{token: t, standing: attached, kind: kind, in: found.in}
	if open != nil {
		if now.in == nil {
			now.in = newInbound()
		}
		now.conn = open(t, now.in)
	}
	if known := a.known[t.text]; known != nil {
		*known = now // it may stand in early too
	} else {
		a.known[t.text] = &now
	}
	found.conn = now.conn
	return found
}

// bind notes the connection of a token that a WebSocket has attached with.
func (a *attachments) bind(t token, c *connection) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if known := a.known[t.text]; known != nil && known.standing == attached {
		known.conn = c
	}
}

// stream is where the bytes go that are posted with a token (POST-07). It has
// none for a WebSocket, nor if too many connections have bytes too early.
func (a *attachments) stream(text string) attachment {
	t, ok := a.mint.verify(text)
	if !ok {
		return attachment{}
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	found := a.lookLocked(t)
	if found.standing == waiting && found.in == nil && len(a.early) < earlyLimit {
		found.in = newInbound()
		known := found
		a.known[t.text] = &known
		a.early = append(a.early, &known)
	}
	return found
}

// detach is called when the connection of a token is over.
func (a *attachments) detach(t token) {
	a.mu.Lock()
	defer a.mu.Unlock()
	known := a.known[t.text]
	if known == nil || known.standing != attached {
		return
	}
	*known = attachment{token: t}
	a.expired = append(a.expired, t)
}

// giveBack lets a token be used again whose transport could not be opened.
func (a *attachments) giveBack(t token) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if known := a.known[t.text]; known.in != nil {
		known.standing, known.kind = waiting, 0
		if !slices.Contains(a.early, known) { // swept meanwhile
			a.early = append(a.early, known)
		}
		return
	}
	delete(a.known, t.text)
}

// sweep forgets what has run out. It is called again and again.
func (a *attachments) sweep() {
	a.mu.Lock()
	defer a.mu.Unlock()
	// Most have run out long before: only those of the last seconds stay.
	for len(a.expired) > 0 && a.expired[0].age() > a.window {
		delete(a.known, a.expired[0].text)
		a.expired = a.expired[1:]
	}
	kept := a.early[:0]
	for _, early := range a.early {
		switch {
		case early.standing != waiting: // its transport has come
		case early.token.age() > a.window:
			early.in.end(io.ErrUnexpectedEOF)
			delete(a.known, early.token.text)
		default:
			kept = append(kept, early)
		}
	}
	clear(a.early[len(kept):])
	a.early = kept
}
