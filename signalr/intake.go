package signalr

import "sync"

// chunk is about what one read from a transport brings, in bytes.
const chunk = 4 << 10

// keepBuffer is the largest buffer that goes back to a pool, in bytes.
const keepBuffer = 64 << 10

var intakes = sync.Pool{New: func() any { //nolint:gochecknoglobals // a pool is shared by its nature
	buffer := make([]byte, 0, 2*chunk)
	return &buffer
}}

// intake gathers what a client sent and what was not processed yet. It holds a
// buffer only as long as there is something in it.
type intake struct {
	buffer *[]byte // from the pool
	data   []byte  // unprocessed, at the end of *buffer
}

func (in *intake) pending() bool { return len(in.data) > 0 }

// fill appends what receive adds to a buffer.
func (in *intake) fill(receive func([]byte) ([]byte, error)) error {
	if in.buffer == nil {
		in.buffer, _ = intakes.Get().(*[]byte)
	}
	n := copy((*in.buffer)[:cap(*in.buffer)], in.data)
	data, err := receive((*in.buffer)[:n])
	*in.buffer = data
	in.rest(data)
	return err
}

// rest keeps what is left after a record was taken.
func (in *intake) rest(data []byte) {
	in.data = data
	if len(data) == 0 {
		in.release()
	}
}

func (in *intake) release() {
	if in.buffer != nil && cap(*in.buffer) <= keepBuffer {
		intakes.Put(in.buffer)
	}
	in.buffer, in.data = nil, nil
}
