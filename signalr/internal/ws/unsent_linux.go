package ws

import (
	"errors"
	"fmt"
	"net"
	"syscall"
)

// tcpNotSentLowat is TCP_NOTSENT_LOWAT, which package syscall does not have.
const tcpNotSentLowat = 25

// LimitUnsent bounds what the system takes of this connection and cannot send
// yet, in bytes: above it the connection counts as full. What is on its way to
// the peer, and what the peer has not read, is besides, so that the bound slows
// nothing down. The system may exceed it by one write. It is for Linux; the
// error is [errors.ErrUnsupported] elsewhere, and for what is not TCP.
func (c *Conn) LimitUnsent(bytes int) error {
	conn := c.in.conn
	if outer, ok := conn.(interface{ NetConn() net.Conn }); ok { // TLS
		conn = outer.NetConn()
	}
	tcp, ok := conn.(*net.TCPConn)
	if !ok {
		return errors.ErrUnsupported
	}
	raw, err := tcp.SyscallConn()
	if err != nil {
		return fmt.Errorf("limit unsent bytes: %w", err)
	}
	failed := raw.Control(func(fd uintptr) {
		err = syscall.SetsockoptInt(int(fd), syscall.IPPROTO_TCP, tcpNotSentLowat, bytes)
	})
	if err = errors.Join(failed, err); err != nil {
		return fmt.Errorf("limit unsent bytes: %w", err)
	}
	return nil
}
