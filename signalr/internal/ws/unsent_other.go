//go:build !linux

package ws

import "errors"

// LimitUnsent bounds what the system takes of this connection and cannot send
// yet; here it cannot.
func (*Conn) LimitUnsent(int) error { return errors.ErrUnsupported }
