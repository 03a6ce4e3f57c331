package signalr

// run gathers the bytes of one round for those who get the same. The first
// piece is not copied: most rounds have only one.
type run struct {
	bytes []byte
	own   bool // bytes is a buffer of this run, not a piece of somebody else
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
