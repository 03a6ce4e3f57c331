package signalr

import (
	"context"
	"fmt"
	"sync"
)

// streams are what runs between a connection and its calls besides arguments
// and results: streams to the client by the id of their call, and streams from
// it by their own ids.
type streams struct {
	mu      sync.Mutex
	running map[string]context.CancelFunc // guarded by mu: to the client
	uploads map[string]*upload            // guarded by mu: from the client, until it has sent all
	open    int                           // guarded by mu: uploads whose calls run
}

// add makes a call's streams known before it runs, so that what follows it on
// the wire finds them. A text says why there are none of them (INV-24).
func (s *streams) add(v *invocation, ids []string) (refusal string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if refusal := s.checkLocked(v, ids); refusal != "" {
		return refusal
	}
	if v.stream {
		if s.running == nil {
			s.running = map[string]context.CancelFunc{}
		}
		v.ctx, v.cancel = context.WithCancel(v.conn.ctx)
		s.running[v.id] = v.cancel
	}
	if s.uploads == nil && len(ids) > 0 {
		s.uploads = map[string]*upload{}
	}
	for i, id := range ids {
		u := newUpload(id, v.method.uploads[i], v.conn.hub.options.StreamBufferCapacity)
		s.uploads[id] = u
		v.uploads = append(v.uploads, u)
	}
	s.open += len(ids)
	return ""
}

// checkLocked refuses ids that are in use, the newcomer's always: what runs
// must stay what it is (INV-24). It refuses too many as well (SEC-01).
func (s *streams) checkLocked(v *invocation, ids []string) (refusal string) {
	options := &v.conn.hub.options
	if _, taken := s.running[v.id]; v.stream && taken {
		return fmt.Sprintf("Invocation ID '%s' is already in use.", v.id)
	}
	if v.stream && over(len(s.running)+1, options.MaximumStreams) {
		return v.capped(fmt.Sprintf("More than %d streams run on the connection.", options.MaximumStreams))
	}
	if len(ids) > 0 && over(s.open+len(ids), options.MaximumUploads) {
		return v.capped(fmt.Sprintf("More than %d streams from the client are open on the connection.", options.MaximumUploads))
	}
	seen := map[string]bool{}
	for _, id := range ids {
		if s.uploads[id] != nil || seen[id] {
			return explain(unexpected(v.method.name), HubError(fmt.Sprintf("Stream ID '%s' is already in use.", id)), false)
		}
		seen[id] = true
	}
	return ""
}

// over says whether a number exceeds a limit; a negative one is none.
func over(number, limit int) bool { return limit >= 0 && number > limit }

func (v *invocation) capped(text string) string {
	v.conn.server.counters.capped.Add(1)
	return explain(unexpected(v.method.name), HubError(text), false)
}

// remove forgets the streams of a call that has ended; late items are for
// nobody (UP-08).
func (s *streams) remove(v *invocation) {
	if v.cancel == nil && v.uploads == nil {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if v.cancel != nil {
		v.cancel()
		delete(s.running, v.id)
	}
	for _, u := range v.uploads {
		close(u.over)
		s.forgetLocked(u)
	}
	s.open -= len(v.uploads)
}

// forget is called when the client has sent all of an upload.
func (s *streams) forget(u *upload) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.forgetLocked(u)
}

func (s *streams) forgetLocked(u *upload) {
	if s.uploads[u.id] == u { // the client may have used the id again
		delete(s.uploads, u.id)
	}
}

// cancel ends a stream to the client; an unknown id is ignored, that of a call
// without a stream too (STR-06, STR-07).
func (s *streams) cancel(id string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if cancel := s.running[id]; cancel != nil {
		cancel()
	}
}

// upload finds the stream that an item or completion is for.
func (s *streams) upload(id string) *upload {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.uploads[id]
}
