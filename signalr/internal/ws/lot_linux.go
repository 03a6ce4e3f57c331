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

	events [128]syscall.EpollEvent // owned by wait
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
	w.raw, err = w.file.SyscallConn()
	return err
}

// oneShot tells of bytes, or of an end, that are there or come, once.
const oneShot = syscall.EPOLLIN | syscall.EPOLLRDHUP | syscall.EPOLLONESHOT

// add has key given back once when there is something to be read; known says
// that the connection has been added before.
func (w *watch) add(conn syscall.RawConn, key uint64, known bool) error {
	op := syscall.EPOLL_CTL_ADD
	if known {
		op = syscall.EPOLL_CTL_MOD
	}
	event := syscall.EpollEvent{Events: oneShot, Fd: int32(uint32(key)), Pad: int32(key >> 32)} //nolint:gosec // two halves
	var failed error
	err := conn.Control(func(fd uintptr) {
		closed := w.raw.Control(func(epoll uintptr) { failed = syscall.EpollCtl(int(epoll), op, int(fd), &event) })
		failed = errors.Join(failed, closed)
	})
	return errors.Join(err, failed)
}

// wait fills in keys of what has become ready, one at least.
func (w *watch) wait(keys []uint64) (n int, err error) {
	events := w.events[:min(len(keys), len(w.events))]
	var failed error
	err = w.raw.Read(func(epoll uintptr) bool {
		n, failed = syscall.EpollWait(int(epoll), events, 0)
		if errors.Is(failed, syscall.EINTR) {
			n, failed = 0, nil
		}
		return n != 0
	})
	if err == nil {
		err = failed
	}
	for i := range max(n, 0) {
		keys[i] = uint64(uint32(events[i].Pad))<<32 | uint64(uint32(events[i].Fd)) //nolint:gosec // two halves
	}
	return n, err
}

func (w *watch) close() { _ = w.file.Close() }
