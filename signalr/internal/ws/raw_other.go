//go:build !unix

package ws

import "errors"

// rawIO says that readFD and writeFD work on this system.
const rawIO = false

func writeFD(uintptr, []byte) (int, error) { return 0, errors.ErrUnsupported }

func readFD(uintptr, []byte) (n int, again bool, err error) { return 0, false, errors.ErrUnsupported }
