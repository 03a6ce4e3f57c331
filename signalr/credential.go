package signalr

import "time"

// user is who a request comes from.
type user struct {
	value  any
	id     string
	expiry time.Time // zero: never
}

// expired says whether what is known of a user has run out.
func (u *user) expired() bool { return !u.expiry.IsZero() && time.Now().After(u.expiry) }

// older says whether u runs out before another one does.
func (u *user) older(than *user) bool {
	return !u.expiry.IsZero() && (than.expiry.IsZero() || u.expiry.Before(than.expiry))
}

// lifetime is how many whole seconds are left; 0 if there is no end, or none is
// left.
func (u *user) lifetime() int {
	if u.expiry.IsZero() {
		return 0
	}
	return max(int(time.Until(u.expiry).Seconds()), 0)
}

// credential is what is known of the connection's user now.
func (c *connection) credential() *user {
	if fresh := c.fresh.Load(); fresh != nil {
		return fresh
	}
	return &c.user
}

// renew takes in what a later request says of the user: a poll, or one that is
// there for it. Without EndpointOptions.EnableRefresh only the expiry counts,
// whatever it is (LP-16). With it the user is replaced too, but never by an
// older credential nor by somebody else's (AUTH-11). It returns what holds now.
func (c *connection) renew(u user) *user {
	for {
		fresh, holds := c.fresh.Load(), c.credential()
		switch {
		case !c.endpoint.EnableRefresh && u.expiry.Equal(holds.expiry):
			return holds
		case !c.endpoint.EnableRefresh:
			u = user{value: holds.value, id: holds.id, expiry: u.expiry}
		case u.id != holds.id, u.older(holds):
			return holds
		}
		if c.fresh.CompareAndSwap(fresh, &u) {
			return &u
		}
	}
}

// expired says whether the connection has to end because its credential has
// run out (AUTH-08, AUTH-09).
func (c *connection) expired() bool { return c.endpoint.CloseOnExpiry && c.credential().expired() }
