//go:build !linux

package ws

import (
	"errors"
	"syscall"
)

// watch is epoll, which only Linux has.
type watch struct{}

func (*watch) open() error { return errors.ErrUnsupported }

func (*watch) add(syscall.RawConn, uint64, bool) error { return errors.ErrUnsupported }

func (*watch) wait([]uint64) ([]uint64, error) { return nil, errors.ErrUnsupported }

func (*watch) close() {}
