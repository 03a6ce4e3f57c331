package feed_test

import (
	"fmt"
	"math"
	"sort"

	"github.com/fanfare-hub/fanfare"
	"github.com/fanfare-hub/fanfare/internal/feed"
)

// checker is a client that follows one topic by the rule of the contract: by
// position and prev alone it knows that it has missed nothing. It is compared
// with what the log ever stored.
type checker struct {
	log   *memLog
	topic fanfare.Topic
	form  formRule

	has       bool   // there is a position
	position  uint64 // by the rule
	cursor    string // of the last envelope
	cursorSeq uint64
	floor     uint64 // without a position: what is stored above that is owed
	had       uint64 // with a cursor: everything up to there it had before, whatever snapshot it is told
	loose     bool   // but not what the log had eaten by the time it subscribed
	last      uint64 // the last envelope of this subscription
	got       []fanfare.Envelope
	broken    error
}

// formRule is what a form can tell its client.
type formRule bool

const (
	byEnvelope formRule = false
	byCallback formRule = true // no gap is told, so what is missing must be gone
)

// subscribing begins another subscription, by the last envelope's cursor or
// without a position.
func (c *checker) subscribing(from feed.From) {
	c.last = 0
	c.has, c.position = from == feed.FromCursor, c.cursorSeq // what comes first after a cursor has its seq as prev
	c.loose = from == feed.FromBeginning
	c.floor, c.had = math.MaxUint64, 0
	if c.has {
		c.had = c.position
	}
	if c.loose {
		c.floor = 0
	}
}

// subscribed is told when the subscription stands: what is stored from now on
// is owed.
func (c *checker) subscribed() {
	if !c.has && !c.loose {
		c.log.with(func() { c.floor = c.log.seq })
	}
}

// take is what the client does with an envelope.
func (c *checker) take(e fanfare.Envelope) {
	if err := c.check(e); err != nil && c.broken == nil {
		c.broken = fmt.Errorf("%s: %w", describe(e), err)
	}
	c.got = append(c.got, e)
	c.has, c.position, c.last = true, e.Seq, e.Seq
	c.cursor, c.cursorSeq = e.Cursor, e.Seq
}

func (c *checker) check(e fanfare.Envelope) error {
	switch {
	case e.Topic != c.topic:
		return fmt.Errorf("envelope of %s on %s", e.Topic, c.topic)
	case e.Seq <= c.last:
		return fmt.Errorf("seq %d after %d: twice or out of order", e.Seq, c.last)
	}
	if err := c.checkEvent(e); err != nil {
		return err
	}
	from := c.floor
	if c.has {
		from = c.position
	}
	switch {
	case e.Gap != nil && c.form == byEnvelope && (c.has || !c.loose):
		// Nothing up to Gap.After may be missing.
		if missing := c.missing(max(from, c.had), min(e.Gap.After+1, e.Seq)); len(missing) > 0 {
			return fmt.Errorf("gap after %d at %d, but %v are missing too", e.Gap.After, e.Seq, missing)
		}
		return nil
	case e.Snapshot:
		return nil
	case c.has && e.Prev != c.position && c.form == byEnvelope:
		return fmt.Errorf("seq %d has prev %d, position is %d", e.Seq, e.Prev, c.position)
	}
	return c.checkCovered(e, from)
}

// checkCovered compares what lies before an event with what it covers.
func (c *checker) checkCovered(e fanfare.Envelope, from uint64) error {
	missing := c.missing(from, e.Seq)
	if c.form == byCallback || !c.has && c.loose {
		n := 0
		for _, seq := range missing {
			if c.log.keeps(c.topic, seq) {
				n++
			}
		}
		if n > e.Covers {
			return fmt.Errorf("seq %d covers %d, but %v are missing after %d", e.Seq, e.Covers, missing, from)
		}
		return nil
	}
	if len(missing) > e.Covers || c.has && len(missing) < e.Covers {
		return fmt.Errorf("seq %d covers %d, but %v are missing after %d", e.Seq, e.Covers, missing, from)
	}
	return nil
}

// missing returns what was stored between the two.
func (c *checker) missing(after, before uint64) (seqs []uint64) {
	c.log.with(func() {
		history := c.log.history[c.topic]
		i := sort.Search(len(history), func(i int) bool { return history[i].Seq > after })
		for ; i < len(history) && history[i].Seq < before; i++ {
			seqs = append(seqs, history[i].Seq)
		}
	})
	return seqs
}

// checkEvent compares the event with the one stored at its seq.
func (c *checker) checkEvent(e fanfare.Envelope) error {
	if e.GapOnly() {
		if e.Gap == nil {
			return fmt.Errorf("envelope %d has neither event nor gap", e.Seq)
		}
		return nil
	}
	var stored fanfare.Stored
	c.log.with(func() {
		history := c.log.history[c.topic]
		if i := sort.Search(len(history), func(i int) bool { return history[i].Seq >= e.Seq }); i < len(history) {
			stored = history[i]
		}
	})
	if stored.Seq != e.Seq || stored.Event.ID != e.Event.ID {
		return fmt.Errorf("%s at seq %d was never stored on %s", e.Event.ID, e.Seq, c.topic)
	}
	return nil
}

// atEnd reports whether the client has come to the last event that was stored.
func (c *checker) atEnd() error {
	if c.broken != nil {
		return c.broken
	}
	all := c.missing(0, math.MaxUint64)
	if len(all) == 0 {
		return nil
	}
	last := all[len(all)-1]
	from := c.floor
	if c.has {
		from = c.position
	}
	if last > from && (c.form == byEnvelope || c.log.keeps(c.topic, last)) {
		return fmt.Errorf("the last event is %d, the client is at %d", last, from)
	}
	return nil
}
