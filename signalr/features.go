package signalr

import (
	"net"
	"strconv"
	"strings"
	"sync"
)

// What a connection knows of the request that it came by (CONN-14, CONN-15) is
// the same for both kinds of connections. All of it is read from Request.

// Header is a header of the request, by its name in any case; of one that
// stands there several times the values joined by commas. ok is false if there
// is none (CONN-14).
func (c *Caller) Header(name string) (value string, ok bool) { return c.c.header(name) }

// Protocol is the request's: HTTP/1.1 or HTTP/2 (CONN-15).
func (c *Caller) Protocol() string { return c.c.protocol() }

// RemoteAddr is the client's address and port, as the HTTP server saw it
// (CONN-15): behind a proxy it is the proxy's.
func (c *Caller) RemoteAddr() string { return c.c.newestRequest().RemoteAddr }

// LocalAddr is the server's address and port on which the request came; nil if
// the HTTP server does not tell (CONN-15).
func (c *Caller) LocalAddr() net.Addr { return c.c.localAddr() }

// PublicID is an id of the connection that may be shown, stored and logged, as
// [Caller.PublicID] is.
func (r *RawConnection) PublicID() string { return r.c.caller.PublicID() }

// UserID is the id that Authenticate returned, as for [Caller.UserID].
func (r *RawConnection) UserID() string { return r.c.user.id }

// Transport is the one that the connection has (CONN-15).
func (r *RawConnection) Transport() Transports { return r.c.transport.kind() }

// Items belongs to the application, and lives as long as the connection.
func (r *RawConnection) Items() *sync.Map { return r.c.caller.Items() }

// Header is a header of the request, as [Caller.Header] is.
func (r *RawConnection) Header(name string) (value string, ok bool) { return r.c.header(name) }

// Protocol is the request's: HTTP/1.1 or HTTP/2.
func (r *RawConnection) Protocol() string { return r.c.protocol() }

// RemoteAddr is the client's address and port, as the HTTP server saw it.
func (r *RawConnection) RemoteAddr() string { return r.c.newestRequest().RemoteAddr }

// LocalAddr is the server's address and port on which the request came; nil if
// the HTTP server does not tell.
func (r *RawConnection) LocalAddr() net.Addr { return r.c.localAddr() }

func (c *connection) header(name string) (string, bool) {
	values := c.newestRequest().Header.Values(name)
	return strings.Join(values, ","), len(values) > 0
}

// protocol is written as .NET writes it: without the zero of HTTP/2.0.
func (c *connection) protocol() string {
	r := c.newestRequest()
	if r.ProtoMajor >= 2 {
		return "HTTP/" + strconv.Itoa(r.ProtoMajor)
	}
	return r.Proto
}

func (c *connection) localAddr() net.Addr { return c.request.Load().local }
