package document

import (
	"sync/atomic"

	"github.com/tetratelabs/wazero/experimental"
)

// maxGuestMemory bounds the memory of PDFium. Pages with 300,000 objects need
// 311 MiB; compression bombs need whatever there is.
const maxGuestMemory = 512 << 20

// guestMemory allocates the sandbox's memory at a fixed address. wazero's own
// way is append: the old copies stay until a collection, and a bomb reaches more
// than three times the limit.
type guestMemory struct {
	limit   uint64
	refused atomic.Bool // a guest wanted more than limit
}

// Allocate implements [experimental.MemoryAllocator].
func (m *guestMemory) Allocate(_, maximum uint64) experimental.LinearMemory {
	return &guestRegion{memory: m, region: reserve(min(m.limit, maximum))}
}

// guestRegion is the memory of one instance.
type guestRegion struct {
	memory *guestMemory
	region region
}

// Reallocate gives the first size bytes, or nil above the limit.
func (r *guestRegion) Reallocate(size uint64) []byte {
	b := r.region.grow(size)
	if b == nil {
		r.memory.refused.Store(true)
	}
	return b
}

// Free gives the memory back to the system.
func (r *guestRegion) Free() { r.region.free() }

var (
	_ experimental.MemoryAllocator = (*guestMemory)(nil)
	_ experimental.LinearMemory    = (*guestRegion)(nil)
)
