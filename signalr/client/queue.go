package client

import (
	"math"
	"sync"

	"github.com/fanfare-hub/fanfare/signalr/hubproto"
)

const (
	// maxQueueBytes bounds the calls that wait for their handlers, whatever
	// their number, by the bytes of their messages.
	maxQueueBytes = 16 << 20
	// callOverhead is what a waiting call takes beside its message, in bytes:
	// many small ones must not pass for nothing.
	callOverhead = 1 << 10

	noLimit = math.MaxInt
)

// job is what the handlers' goroutine does next: a call of the hub, or
// something else that has its place between the calls.
type job struct {
	conn  *connection
	call  *hubproto.Invocation // nil: do is set
	do    func()
	bytes int
}

// queue holds the jobs between the readers of a client's connections and its
// handlers' goroutine.
type queue struct {
	news chan struct{} // holds one signal that there is more to take

	mu     sync.Mutex // guards the fields below
	jobs   []job
	bytes  int
	room   chan struct{} // closed when something is taken; nil if nobody waits
	closed bool
}

func newQueue() *queue { return &queue{news: make(chan struct{}, 1)} }

// offer appends a job if at most limit are waiting then, and no more than
// maxQueueBytes; else it returns what to wait for. One may always wait.
func (q *queue) offer(j job, limit int) (room <-chan struct{}) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if len(q.jobs) > 0 && (len(q.jobs) >= limit || q.bytes+j.bytes > maxQueueBytes) {
		if q.room == nil {
			q.room = make(chan struct{})
		}
		return q.room
	}
	q.addLocked(j)
	return nil
}

// push appends what is not a call, without a bound.
func (q *queue) push(do func()) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.addLocked(job{do: do})
}

func (q *queue) addLocked(j job) {
	q.jobs = append(q.jobs, j)
	q.bytes += j.bytes
	signal(q.news)
}

// next waits for a job. It returns false when the queue is closed and empty.
func (q *queue) next() (job, bool) {
	for {
		j, ok, closed := q.take()
		if ok || closed {
			return j, ok
		}
		<-q.news
	}
}

func (q *queue) take() (j job, ok, closed bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if len(q.jobs) == 0 {
		return job{}, false, q.closed
	}
	j = q.jobs[0]
	q.jobs[0] = job{}
	if q.jobs = q.jobs[1:]; len(q.jobs) == 0 {
		q.jobs = nil
	}
	q.bytes -= j.bytes
	if q.room != nil {
		close(q.room)
		q.room = nil
	}
	return j, true, q.closed
}

// longer says whether more than limit jobs wait.
func (q *queue) longer(limit int) bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	return len(q.jobs) > limit
}

// close says that nothing more will come.
func (q *queue) close() {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.closed = true
	signal(q.news)
}
