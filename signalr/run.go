package signalr

// run gathers the bytes of one round for those who get the same. The first
// piece is not copied: most rounds have only one.
type run struct {
	bytes []byte
	own   bool // bytes is a buffer of this run, not a piece of somebody else
}

// shared is the run of those who get nothing but what all get, and its pieces
// for those who have a queue.
type shared struct {
	run
	pieces []piece
}

type piece struct {
	frame []byte
	how   *handling
}

func (s *shared) add(frame []byte, how *handling) {
	if len(frame) > 0 {
		s.run.add(frame)
		s.pieces = append(s.pieces, piece{frame, how})
	}
}

// reset forgets the round, but not the memory for the next one's pieces.
func (s *shared) reset() {
	clear(s.pieces)
	s.run, s.pieces = run{}, s.pieces[:0]
}

// add appends a piece. Bytes once added are never changed, so that a copy of
// the run stays good while this one grows.
func (r *run) add(piece []byte) {
	switch {
	case len(piece) == 0:
	case len(r.bytes) == 0:
		r.bytes, r.own = piece, false
	case r.own:
		r.bytes = append(r.bytes, piece...)
	default:
		grown := make([]byte, 0, 2*(len(r.bytes)+len(piece)))
		r.bytes, r.own = append(append(grown, r.bytes...), piece...), true
	}
}

// prefix is another run that begins with what is in this one now.
func (r *run) prefix() run { return run{bytes: r.bytes} }
