//go:build unix

package front

import (
	"errors"
	"syscall"
)

// rawIO says that readFD works on this system.
const rawIO = true

// readFD reads once; again says that nothing has arrived yet.
func readFD(fd uintptr, p []byte) (n int, again bool, err error) {
	for {
		n, err = syscall.Read(int(fd), p)
		switch {
		case err == nil:
			return n, false, nil
		case errors.Is(err, syscall.EINTR):
		case errors.Is(err, syscall.EAGAIN):
			return 0, true, nil
		default:
			return 0, false, err
		}
	}
}
