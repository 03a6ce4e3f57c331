package signalr

import "slices"

// roster is a hub's connections on one shard, which owns it.
type roster struct {
	list   []*connection
	byID   map[string]*connection
	byUser map[string][]*connection
	groups map[string]*group
	shared []shared // by encoding.index: what everybody gets in this round
}

func newRoster(h *Hub) *roster {
	return &roster{
		byID:   map[string]*connection{},
		byUser: map[string][]*connection{},
		groups: map[string]*group{},
		shared: make([]shared, len(h.encodings)),
	}
}

// member is what a connection's shard knows of it, and the shard alone.
type member struct {
	roster      *roster // nil before registration and after removal
	place       int     // in roster.list
	memberships map[string]*membership
	sink        sink  // of the transport that it has now
	finished    bool  // nothing is written any more
	away        bool  // its socket is lost, and it may come back with another one
	gone        bool  // its transport is lost: finished, or away
	slow        bool  // its queue has something, or may have
	dirty       bool  // it gets something of its own in this round
	ends        bool  // this round is its last
	own         run   // all that it gets in this round, if it is dirty and has no queue
	wroteAt     int64 // when it was written to last; of one that is gone: since when it is
	booked      int   // bytes of items in own that are still booked in the queue
}

func (r *roster) add(c *connection) {
	c.roster, c.place = r, len(r.list)
	r.list = append(r.list, c)
	r.byID[c.id] = c
	if c.user.id != "" {
		r.byUser[c.user.id] = append(r.byUser[c.user.id], c)
	}
}

// remove takes c out of everything, its groups too (GRP-03).
func (r *roster) remove(c *connection) {
	last := r.list[len(r.list)-1]
	r.list[c.place], last.place = last, c.place
	r.list[len(r.list)-1] = nil
	r.list = r.list[:len(r.list)-1]
	if r.byID[c.id] == c {
		delete(r.byID, c.id)
	}
	for name := range c.memberships {
		r.leave(c, name)
	}
	if c.user.id != "" {
		others := slices.DeleteFunc(r.byUser[c.user.id], func(o *connection) bool { return o == c })
		if r.byUser[c.user.id] = others; len(others) == 0 {
			delete(r.byUser, c.user.id)
		}
	}
	c.roster = nil
}

// each calls visit for the connections of a target.
func (r *roster) each(t *Target, visit func(*connection)) {
	chosen := func(c *connection) {
		if !slices.Contains(t.except, c.id) {
			visit(c)
		}
	}
	switch t.kind {
	case toAll:
		for _, c := range r.list {
			chosen(c)
		}
	case toGroups:
		for _, name := range t.names {
			r.eachOf(name, chosen)
		}
	case toUsers:
		for _, id := range t.names {
			for _, c := range r.byUser[id] {
				chosen(c)
			}
		}
	case toKey: // no target has it
	case toClients:
		for _, id := range t.names {
			if c := r.byID[id]; c != nil {
				chosen(c)
			}
		}
	}
}

func (r *roster) eachOf(name string, visit func(*connection)) {
	g := r.groups[name]
	if g == nil {
		return
	}
	for _, m := range g.members {
		visit(m.conn)
	}
}
