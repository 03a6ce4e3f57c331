package document

import (
	"maps"
	"slices"
	"sync"

	"github.com/fanfare-hub/fanfare"
)

// catalog is the list of the documents' ids, oldest first, and of those that
// are not finished. It holds ids only; ids of one process are UUIDv7, which
// sort by time, so a new one is almost always appended.
type catalog struct {
	mu   sync.Mutex
	ids  []string            // sorted
	open map[string]struct{} // status not terminal

	ready chan struct{} // closed when what was stored before the start is listed
	once  sync.Once
}

func newCatalog() *catalog {
	return &catalog{open: make(map[string]struct{}), ready: make(chan struct{})}
}

// add lists an id, so that who created a document finds it at once; whether it
// is open is left to the watch, which alone sees a record's states in order.
func (c *catalog) add(id string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.addLocked(id)
}

func (c *catalog) addLocked(id string) {
	if i, found := slices.BinarySearch(c.ids, id); !found {
		c.ids = slices.Insert(c.ids, i, id)
	}
}

// note takes in a record's present state, as the watch sees it.
func (c *catalog) note(id string, status fanfare.Status) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.addLocked(id)
	if status.Terminal() {
		delete(c.open, id)
		return
	}
	c.open[id] = struct{}{}
}

// complete says that everything stored before the start has been noted.
func (c *catalog) complete() { c.once.Do(func() { close(c.ready) }) }

// isComplete reports whether complete was called.
func (c *catalog) isComplete() bool {
	select {
	case <-c.ready:
		return true
	default:
		return false
	}
}

// before gives at most limit ids older than after, newest first; after "" is
// the end of the list.
func (c *catalog) before(after string, limit int) []string {
	c.mu.Lock()
	defer c.mu.Unlock()
	end := len(c.ids)
	if after != "" {
		end, _ = slices.BinarySearch(c.ids, after)
	}
	page := slices.Clone(c.ids[max(0, end-limit):end])
	slices.Reverse(page)
	return page
}

// unfinished gives the ids of the documents that are not finished, oldest
// first.
func (c *catalog) unfinished() []string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return slices.Sorted(maps.Keys(c.open))
}
