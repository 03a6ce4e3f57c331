package signalr

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"net/http"
	"sync"
)

// Caller is the connection that a method was called on, or that OnConnected
// and OnDisconnected tell of. It may be kept as long as one likes and used from
// any goroutine; after its end it does nothing.
type Caller struct{ c *connection }

// ConnectionID is the id by which the hub's targets know the connection. It is
// no secret, and never enough to act on the connection.
func (c *Caller) ConnectionID() string { return c.c.id }

// PublicID is an id of the connection that may be shown, stored and logged. It
// is the ConnectionID, but for a connection negotiated in version 0, whose id is
// its token (NEG-15): there it is base64url of the first 16 bytes of the id's
// SHA-256.
func (c *Caller) PublicID() string {
	if c.c.id != c.c.token.text {
		return c.c.id
	}
	sum := sha256.Sum256([]byte(c.c.id))
	return base64.RawURLEncoding.EncodeToString(sum[:16])
}

// User is what Authenticate returned for the request that opened the
// connection; nil without it (AUTH-12). Only EndpointOptions.EnableRefresh
// lets a later request replace it (AUTH-11, LP-16).
func (c *Caller) User() any { return c.c.credential().value }

// UserID is the id that Authenticate returned for that request; empty without
// it. It never changes.
func (c *Caller) UserID() string { return c.c.user.id }

// Request is the request that opened the connection, after a stateful reconnect
// the one that continued it (CONN-14): its URL, header, host and remote address,
// without a body and the headers that open a WebSocket, and of the context only
// the values that LocalAddr and a trace are made of. Each call makes it anew from
// what is kept: whoever needs it often should put it into Items.
func (c *Caller) Request() *http.Request { return c.c.newestRequest() }

// Items belongs to the application, and lives as long as the connection.
func (c *Caller) Items() *sync.Map {
	if items := c.c.items.Load(); items != nil {
		return items
	}
	c.c.items.CompareAndSwap(nil, &sync.Map{})
	return c.c.items.Load()
}

// Self is this connection.
func (c *Caller) Self() Target { return c.c.hub.Client(c.c.id) }

// Others is every connection of the hub but this one.
func (c *Caller) Others() Target { return c.c.hub.AllExcept(c.c.id) }

// OthersInGroup is every member of a group but this connection.
func (c *Caller) OthersInGroup(name string) Target { return c.c.hub.GroupExcept(name, c.c.id) }

// Join makes the connection a member of a group. Once it has returned, what is
// sent to the group reaches the connection (GRP-02). To be a member already is
// no error. Its only one is [ErrConnectionEnded], when OnDisconnected has
// returned; a connection that ends takes its memberships with it.
func (c *Caller) Join(group string) error {
	return c.post(task{kind: taskJoin, hub: c.c.hub, id: c.c.id, name: group})
}

// Leave ends a membership; not to be a member is no error. Once it has
// returned, what is sent to the group does not reach the connection. It fails
// as Join does.
func (c *Caller) Leave(group string) error {
	return c.post(task{kind: taskLeave, hub: c.c.hub, id: c.c.id, name: group})
}

// Abort ends the connection from the server's side, without an error for
// OnDisconnected; the client does not reconnect (CLOSE-03).
func (c *Caller) Abort() { c.c.end(c.c.aborted()) }

// EndReason says why the connection ended. It is for OnDisconnected: before the
// end there is none.
func (c *Caller) EndReason() EndReason {
	select {
	case <-c.c.ctx.Done():
		return c.c.ended.reason
	default:
		return ""
	}
}

// Join makes the connection with that id, if there is one, a member of a group
// (GRP-01). It is ordered before later sends, as [Caller.Join] is.
func (h *Hub) Join(ctx context.Context, connectionID, group string) error {
	return h.regroup(ctx, taskJoin, connectionID, group)
}

// Leave ends the membership of the connection with that id.
func (h *Hub) Leave(ctx context.Context, connectionID, group string) error {
	return h.regroup(ctx, taskLeave, connectionID, group)
}

func (h *Hub) regroup(ctx context.Context, kind taskKind, id, group string) error {
	server := h.server.Load()
	if server == nil {
		return nil
	}
	return server.post(ctx, task{kind: kind, hub: h, id: id, name: group})
}
