package signalr

// group is a set of connections under a name. An empty one does not exist.
type group struct {
	name    string
	members []*membership
}

// membership is one connection's place in one group.
type membership struct {
	conn    *connection
	group   *group
	place   int    // in group.members
	sent    bool   // something was sent with a version
	version uint64 // the greatest such
}

// join makes c a member; to be one already changes nothing.
func (r *roster) join(c *connection, name string) {
	if c.memberships[name] != nil {
		return
	}
	g := r.groups[name]
	if g == nil {
		g = &group{name: name}
		r.groups[name] = g
	}
	m := &membership{conn: c, group: g, place: len(g.members)}
	g.members = append(g.members, m)
	if c.memberships == nil {
		c.memberships = map[string]*membership{}
	}
	c.memberships[name] = m
}

// leave ends a membership; the last one takes the group with it.
func (r *roster) leave(c *connection, name string) {
	m := c.memberships[name]
	if m == nil {
		return
	}
	delete(c.memberships, name)
	members := m.group.members
	last := members[len(members)-1]
	members[m.place], last.place = last, m.place
	members[len(members)-1] = nil
	m.group.members = members[:len(members)-1]
	if len(m.group.members) == 0 {
		delete(r.groups, name)
	}
}

// passes says whether a message of that version may be sent to c, and notes
// that it was.
func (n *newer) passes(c *connection) bool {
	if n == nil {
		return true
	}
	m := c.memberships[n.group]
	if m == nil {
		return true
	}
	if m.sent && m.version >= n.version {
		return false
	}
	m.sent, m.version = true, n.version
	return true
}
