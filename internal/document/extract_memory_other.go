//go:build !linux && !darwin

package document

// region is ordinary memory where address space cannot be reserved: the limit
// holds for the guest, while copies may take as much again for a while.
type region struct {
	size uint64
	mem  []byte
}

func reserve(size uint64) region { return region{size: size} }

// grow gives size bytes with the old contents, or nil above the region's size.
func (r *region) grow(size uint64) []byte {
	if size > r.size {
		return nil
	}
	if size > uint64(len(r.mem)) {
		grown := make([]byte, size)
		copy(grown, r.mem)
		r.mem = grown
	}
	return r.mem[:size:size]
}

func (r *region) free() { r.mem = nil }
