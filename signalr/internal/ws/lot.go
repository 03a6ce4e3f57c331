package ws

import (
	"errors"
	"sync"
	"sync/atomic"
)

// ErrLot says that a connection cannot be parked: it is not plain TCP, bytes
// of it wait to be used, it is closed, or the system has no epoll.
var ErrLot = errors.New("websocket: this connection cannot be parked")

// Resumer is told when a parked connection has something to be read: bytes,
// its end, or a deadline. Resume must not block; it may be called from any
// goroutine, once for each Park.
type Resumer interface{ Resume() }

// Lot is where connections wait for bytes without a goroutine of their own.
// One that is parked is nobody's to read until Resume is called for it, which
// Conn.Close and Conn.SetReadDeadline do at once. NewLot makes one, Serve runs
// it, Close ends it.
type Lot struct {
	watch watch

	mu     sync.Mutex
	places []*Conn  // guarded by mu; nil is free
	free   []uint32 // guarded by mu: free places
	stays  uint32   // guarded by mu: how often somebody came, so that late events are known
}

// spot is a connection's place in a lot. All but lot is guarded by its mu.
type spot struct {
	lot     atomic.Pointer[Lot] // nil before the first Park
	known   bool                // the system knows the connection
	place   uint32
	stay    uint32
	resumer Resumer // nil while it is not parked
}

// NewLot returns a lot, or an error where the system has no epoll.
func NewLot() (*Lot, error) {
	l := &Lot{}
	if err := l.watch.open(); err != nil {
		return nil, err
	}
	return l, nil
}

// Park leaves c to the lot, always the same one, until r's Resume is called.
// It is for the reading goroutine, which must not read any more afterwards.
// With an error c is not parked.
func (l *Lot) Park(c *Conn, r Resumer) error {
	if c.in.raw == nil || len(c.in.data) > 0 {
		return ErrLot
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	s := &c.spot
	s.lot.Store(l)
	l.stays++
	s.place, s.stay, s.resumer = l.placeLocked(), l.stays, r
	l.places[s.place] = c
	if err := l.watch.add(c.in.raw, s.key(), s.known); err != nil {
		l.leaveLocked(c)
		return ErrLot
	}
	s.known = true
	return nil
}

// Leave takes c out without a call of Resume; it says whether c was there.
func (l *Lot) Leave(c *Conn) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.leaveLocked(c) != nil
}

// resume takes c out, because of something that the system does not tell.
func (s *spot) resume(c *Conn) {
	l := s.lot.Load()
	if l == nil {
		return
	}
	l.mu.Lock()
	r := l.leaveLocked(c)
	l.mu.Unlock()
	if r != nil {
		r.Resume()
	}
}

// key is what the system gives back with an event.
func (s *spot) key() uint64 { return uint64(s.stay)<<32 | uint64(s.place) }

// Serve calls Resume for whatever has something to be read, until Close. Who
// is parked then stays so.
func (l *Lot) Serve() {
	var keys []uint64
	for {
		var err error
		if keys, err = l.watch.wait(keys[:0]); err != nil {
			return
		}
		for _, key := range keys {
			if r := l.called(key); r != nil {
				r.Resume()
			}
		}
	}
}

// Close ends Serve.
func (l *Lot) Close() { l.watch.close() }

func (l *Lot) called(key uint64) Resumer {
	l.mu.Lock()
	defer l.mu.Unlock()
	c := l.places[uint32(key)] //nolint:gosec // the lower half is the place
	if c == nil || c.spot.key() != key {
		return nil // it has left meanwhile
	}
	return l.leaveLocked(c)
}

func (l *Lot) placeLocked() uint32 {
	if last := len(l.free) - 1; last >= 0 {
		place := l.free[last]
		l.free = l.free[:last]
		return place
	}
	l.places = append(l.places, nil)
	return uint32(len(l.places) - 1) //nolint:gosec // fewer than there are descriptors
}

// leaveLocked returns nil if c is not there.
func (l *Lot) leaveLocked(c *Conn) Resumer {
	s := &c.spot
	r := s.resumer
	if r != nil {
		s.resumer = nil
		l.places[s.place] = nil
		l.free = append(l.free, s.place)
	}
	return r
}
