package api

import (
	"context"
	"sync"

	"github.com/fanfare-hub/fanfare"
)

// streams are the answers that do not end by themselves.
type streams struct {
	most int // 0 or less: any number

	mu     sync.Mutex // guards what follows
	next   int
	ends   map[int]context.CancelFunc
	closed bool
}

func newStreams(most int) *streams {
	return &streams{most: most, ends: map[int]context.CancelFunc{}}
}

// enter counts a stream in until leave is called; the context ends with the
// request, or when all are ended.
func (s *streams) enter(ctx context.Context) (inner context.Context, leave func(), err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return nil, nil, fanfare.Errorf(fanfare.CodeUnavailable, "the server is stopping: connect again")
	}
	if s.most > 0 && len(s.ends) >= s.most {
		return nil, nil, fanfare.Errorf(fanfare.CodeUnavailable, "%d event streams are open, which is as many as may be: try again later", s.most)
	}
	inner, cancel := context.WithCancel(ctx) //nolint:gosec // leave and close call it
	id := s.next
	s.next++
	s.ends[id] = cancel
	return inner, func() { s.leave(id) }, nil
}

func (s *streams) leave(id int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.ends[id]()
	delete(s.ends, id)
}

// close ends all, and lets none in any more.
func (s *streams) close() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.closed = true
	for _, end := range s.ends {
		end()
	}
}
