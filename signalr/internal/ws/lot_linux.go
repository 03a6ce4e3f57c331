package ws

import (
	"errors"
	"fmt"
	"os"
	"syscall"
)

// watch is an epoll instance. It is a file itself, so that waiting for it
// costs a goroutine and no thread.
type watch struct {
	file *os.File
	raw  syscall.RawConn

	adding  addition // guarded by the lot's mu
	waiting waiting  // owned by wait
}

// addition is the arguments and the result of one epoll_ctl, and waiting those
// of one epoll_wait. They are fields, so that the closures which the runtime
// wants are made only once.
type addition struct {
	op, fd int
	event  syscall.EpollEvent
	err    error

	withConn, withEpoll func(fd uintptr)
}

type waiting struct {
	events [128]syscall.EpollEvent
	n      int
	err    error
	do     func(epoll uintptr) bool
}

func (w *watch) open() error {
	fd, err := syscall.EpollCreate1(syscall.EPOLL_CLOEXEC)
	if err != nil {
		return fmt.Errorf("create epoll: %w", err)
	}
	if err := syscall.SetNonblock(fd, true); err != nil {
		_ = syscall.Close(fd)
		return fmt.Errorf("create epoll: %w", err)
	}
	w.file = os.NewFile(uintptr(fd), "epoll")
	w.prepare()
	w.raw, err = w.file.SyscallConn()
	return err
}

func (w *watch) prepare() {
	a, p := &w.adding, &w.waiting
	a.withEpoll = func(epoll uintptr) { a.err = syscall.EpollCtl(int(epoll), a.op, a.fd, &a.event) }
	a.withConn = func(fd uintptr) {
		a.fd = int(fd)
		if err := w.raw.Control(a.withEpoll); err != nil {
			a.err = err
		}
	}
	p.do = func(epoll uintptr) bool {
		p.n, p.err = syscall.EpollWait(int(epoll), p.events[:], 0)
		return p.n != 0 && !errors.Is(p.err, syscall.EINTR)
	}
}

// oneShot tells of bytes, or of an end, that are there or come, once.
const oneShot = syscall.EPOLLIN | syscall.EPOLLRDHUP | syscall.EPOLLONESHOT

// add has key given back once when there is something to be read; known says
// that the connection has been added before.
func (w *watch) add(conn syscall.RawConn, key uint64, known bool) error {
	a := &w.adding
	a.op, a.err = syscall.EPOLL_CTL_ADD, nil
	if known {
		a.op = syscall.EPOLL_CTL_MOD
	}
	a.event = syscall.EpollEvent{Events: oneShot, Fd: int32(uint32(key)), Pad: int32(key >> 32)} //nolint:gosec // two halves
	if err := conn.Control(a.withConn); err != nil {
		return err
	}
	return a.err
}

// wait appends the keys of what has become ready, one at least.
func (w *watch) wait(keys []uint64) ([]uint64, error) {
	p := &w.waiting
	if err := w.raw.Read(p.do); err != nil {
		return keys, err
	}
	for i := range max(p.n, 0) {
		keys = append(keys, uint64(uint32(p.events[i].Pad))<<32|uint64(uint32(p.events[i].Fd))) //nolint:gosec // two halves
	}
	return keys, p.err
}

func (w *watch) close() { _ = w.file.Close() }
