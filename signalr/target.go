package signalr

import (
	"context"
	"slices"
)

// targetKind says by what a target chooses connections.
type targetKind int

const (
	toAll targetKind = iota + 1 // 0 is no kind, as in the key of what has none
	toGroups
	toUsers
	toClients
	toKey // of a key only: the sender has named it
)

// Target is a set of a hub's connections, chosen at the moment when a message
// is delivered. Nobody being there is no error (SEND-02). A Target is a value:
// it may be kept, copied and used from any goroutine.
type Target struct {
	hub    *Hub
	kind   targetKind
	names  []string // of groups, users or connections
	except []string // connection ids
	newer  *newer

	delivery Delivery
}

// newer is the condition of OnlyNewer.
type newer struct {
	group   string
	version uint64
}

// All is every connection of the hub.
func (h *Hub) All() Target { return Target{hub: h, kind: toAll} }

// AllExcept is every connection but those with these ids.
func (h *Hub) AllExcept(ids ...string) Target {
	return Target{hub: h, kind: toAll, except: slices.Clone(ids)}
}

// Group is every member of a group. Names are case-sensitive (SEND-08).
func (h *Hub) Group(name string) Target { return h.Groups(name) }

// GroupExcept is every member of a group but the connections with these ids.
func (h *Hub) GroupExcept(name string, ids ...string) Target {
	return Target{hub: h, kind: toGroups, names: []string{name}, except: slices.Clone(ids)}
}

// Groups is every member of several groups; who is in two of them gets a
// message twice (SEND-06).
func (h *Hub) Groups(names ...string) Target {
	return Target{hub: h, kind: toGroups, names: slices.Clone(names)}
}

// User is every connection of a user. The empty id is nobody's.
func (h *Hub) User(id string) Target { return h.Users(id) }

// Users is every connection of several users, each once.
func (h *Hub) Users(ids ...string) Target { return Target{hub: h, kind: toUsers, names: unique(ids)} }

// Client is the connection with that id.
func (h *Hub) Client(id string) Target { return h.Clients(id) }

// Clients is the connections with these ids, each once.
func (h *Hub) Clients(ids ...string) Target {
	return Target{hub: h, kind: toClients, names: unique(ids)}
}

// OnlyNewer returns the same target with a condition: a send passes over every
// connection that is a member of group and to which the same or a greater
// version was already sent under that group. It lets a snapshot for one
// connection and live messages for its group cross each other without the
// client ever seeing an older state after a newer one. Who is not a member
// gets the message always. What was sent is kept with the membership and
// forgotten when the connection leaves the group.
func (t Target) OnlyNewer(group string, version uint64) Target {
	t.newer = &newer{group: group, version: version}
	return t
}

// Send calls a method of the clients. It returns when the message is encoded
// and in the server's inbox, not when it is delivered, and never waits for a
// client; it waits for room in the inbox as long as ctx lets it. An error says
// that not everybody was sent to: an argument cannot be encoded, ctx ended or
// the server is closed; only with several shards may some have been. Arguments may be changed afterwards.
func (t Target) Send(ctx context.Context, method string, args ...any) error {
	if t.kind == toGroups && len(t.names) > 1 && slices.Contains(t.names, "") {
		return HubError("Cannot send to an empty group name.")
	}
	m, err := t.call("", method, args)
	if err != nil {
		return err
	}
	server := t.hub.server.Load()
	if server == nil {
		return nil // not mapped yet: there is nobody
	}
	return server.post(ctx, task{kind: taskSend, target: &t, message: m})
}

func unique(names []string) []string {
	var out []string
	for _, name := range names {
		if !slices.Contains(out, name) {
			out = append(out, name)
		}
	}
	return out
}
