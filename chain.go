package fanfare

import "fmt"

// Chain proves that a follower of one topic misses nothing: every envelope must
// follow the one before it. Its zero value has no position. It is not safe for
// concurrent use.
//
// Who subscribes without a cursor begins with a new Chain; who comes back with
// [Chain.Cursor] keeps the one that it has.
type Chain struct {
	placed bool
	seq    uint64
	cursor string
}

// MissedError is the error of an envelope that does not follow the one before it:
// subscribe again with [Chain.Cursor].
type MissedError struct {
	Topic    Topic
	Position uint64 // the seq of the last envelope that did follow
	Prev     uint64 // the seq that the envelope says comes before it
	Seq      uint64 // the envelope's own
}

// Error implements [error].
func (m *MissedError) Error() string {
	return fmt.Sprintf("%s: event %d comes after %d, but %d came last", m.Topic, m.Seq, m.Prev, m.Position)
}

// Follow takes the next envelope of the topic as it arrives. The error is a
// [*MissedError]; the position is then still the one before. A snapshot, an envelope
// with a gap and the first one of all set the position: what may be missing
// before them is said by their Gap.
func (c *Chain) Follow(e Envelope) error {
	sets := !c.placed || e.Snapshot || e.Gap != nil
	if !sets && (e.Prev != c.seq || e.Seq <= c.seq) {
		return &MissedError{Topic: e.Topic, Position: c.seq, Prev: e.Prev, Seq: e.Seq}
	}
	c.placed, c.seq, c.cursor = true, e.Seq, e.Cursor
	return nil
}

// Cursor returns the position after the last envelope that did follow, "" while
// there is none.
func (c *Chain) Cursor() string { return c.cursor }
