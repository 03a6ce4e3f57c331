//go:build !unix

package front

import "errors"

// rawIO says that readFD works on this system. Where it does not, all
// connections are net/http's.
const rawIO = false

func readFD(uintptr, []byte) (n int, again bool, err error) { return 0, false, errors.ErrUnsupported }
