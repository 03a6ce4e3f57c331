//go:build linux || darwin

package document

import "syscall"

// region is address space without access, of which a beginning is opened as the
// guest grows: pages cost nothing until they are touched.
type region struct {
	space  []byte
	opened uint64
}

// reserve gives an empty region if the system refuses; the guest then cannot start.
func reserve(size uint64) region {
	space, err := syscall.Mmap(-1, 0, int(size), syscall.PROT_NONE, syscall.MAP_ANON|syscall.MAP_PRIVATE) //nolint:gosec // at most maxGuestMemory
	if err != nil {
		return region{}
	}
	return region{space: space}
}

// grow opens the first size bytes, or gives nil where there are not as many.
func (r *region) grow(size uint64) []byte {
	if size > uint64(len(r.space)) {
		return nil
	}
	if size > r.opened {
		if err := syscall.Mprotect(r.space[:size], syscall.PROT_READ|syscall.PROT_WRITE); err != nil {
			return nil
		}
		r.opened = size
	}
	return r.space[:size:size]
}

func (r *region) free() {
	if r.space != nil {
		_ = syscall.Munmap(r.space)
		r.space = nil
	}
}
