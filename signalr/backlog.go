package signalr

// backlog holds the messages that wait in one queue. Each lane is in order; a
// lane goes before the next one. Messages of one key are in order across the
// lanes.
type backlog struct {
	lanes  [normalLane + 1]lane
	newest map[key]*entry // of each key that has messages here
	bytes  int            // what all of it is booked for
}

// The lanes, the first to be taken first.
const (
	controlLane = iota // what stateful reconnect does not count: it never waits for an Ack
	urgentLane
	normalLane
)

// entryCost is what a waiting message takes besides its frame, in bytes.
const entryCost = 128

// entry is one waiting message. It is in a lane, and in the chain of its key.
type entry struct {
	frame    []byte
	how      *handling
	lane     int
	position uint64 // of the oldest message that it stands for
	covers   int    // how many older ones it stands for

	next, prev   *entry // in the lane
	newer, older *entry // of the same key
}

func (e *entry) cost() int { return cost(e.frame, e.how) }

// cost is what a waiting message is booked for, in bytes.
func cost(frame []byte, how *handling) int {
	if how.again != nil {
		return len(frame) + entryCost + againRoom
	}
	return len(frame) + entryCost
}

// lane is a list of entries.
type lane struct{ first, last *entry }

func (l *lane) push(e *entry) {
	e.prev, e.next = l.last, nil
	if l.last == nil {
		l.first = e
	} else {
		l.last.next = e
	}
	l.last = e
}

func (l *lane) remove(e *entry) {
	if e.prev == nil {
		l.first = e.next
	} else {
		e.prev.next = e.next
	}
	if e.next == nil {
		l.last = e.prev
	} else {
		e.next.prev = e.prev
	}
}

func (b *backlog) empty() bool {
	return b.lanes[controlLane].first == nil && b.lanes[urgentLane].first == nil && b.lanes[normalLane].first == nil
}

// push appends a message to its lane. An urgent one takes along what its key
// has in the lane behind.
func (b *backlog) push(frame []byte, how *handling) {
	e := &entry{frame: frame, how: how, lane: normalLane, position: how.position}
	switch {
	case how == asControl:
		e.lane = controlLane
	case how.urgent:
		e.lane = urgentLane
		b.hurry(how.key)
	}
	b.lanes[e.lane].push(e)
	b.bytes += e.cost()
	b.chain(e)
}

func (b *backlog) chain(e *entry) {
	if e.how.key == (key{}) {
		return
	}
	if b.newest == nil {
		b.newest = map[key]*entry{}
	}
	if before := b.newest[e.how.key]; before != nil {
		e.older, before.newer = before, e
	}
	b.newest[e.how.key] = e
}

// hurry moves what a key has in the normal lane to the urgent one.
func (b *backlog) hurry(k key) {
	first := (*entry)(nil)
	for e := b.newest[k]; e != nil && e.lane == normalLane; e = e.older {
		first = e
	}
	for e := first; e != nil; e = e.newer {
		b.lanes[normalLane].remove(e)
		e.lane = urgentLane
		b.lanes[urgentLane].push(e)
	}
}

// conflate puts a message in the place of the one before it of the same key,
// if both may be conflated and it is not longer by more than room.
func (b *backlog) conflate(frame []byte, how *handling, room int) bool {
	before := b.newest[how.key]
	if !how.conflate || before == nil || !before.how.conflate {
		return false
	}
	growth := cost(frame, how) - before.cost()
	if growth > max(room, 0) {
		return false
	}
	b.bytes += growth
	before.frame = frame
	if how.urgent {
		b.hurry(how.key)
	}
	before.how = how
	before.covers++
	return true
}

// remove takes an entry out of everything.
func (b *backlog) remove(e *entry) {
	b.lanes[e.lane].remove(e)
	b.bytes -= e.cost()
	if e.newer != nil {
		e.newer.older = e.older
	}
	if e.older != nil {
		e.older.newer = e.newer
	}
	if e.newer == nil && e.how.key != (key{}) {
		b.forget(e)
	}
}

// forget makes the entry before e the newest of its key.
func (b *backlog) forget(e *entry) {
	if e.older != nil {
		b.newest[e.how.key] = e.older
		return
	}
	if delete(b.newest, e.how.key); len(b.newest) == 0 {
		b.newest = nil // a client that has caught up holds nothing
	}
}

// drop removes all that a key has; it returns how much that was and the
// position of the oldest.
func (b *backlog) drop(k key) (messages int, position uint64) {
	for e := b.newest[k]; e != nil; e = b.newest[k] {
		b.remove(e)
		messages, position = messages+1, e.position
	}
	return messages, position
}

// first is the message that goes next; blocked leaves out what has to wait for
// an Ack.
func (b *backlog) first(blocked bool) *entry {
	for i := range b.lanes {
		if e := b.lanes[i].first; e != nil && (!blocked || !e.how.numbered) {
			return e
		}
	}
	return nil
}
