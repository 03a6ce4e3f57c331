package signalr

import (
	"fmt"
	"slices"
	"sync"
	"sync/atomic"

	"github.com/fanfare-hub/fanfare/signalr/hubproto"
	"github.com/fanfare-hub/fanfare/signalr/internal/ws"
)

// encoding is one form in which a hub's messages travel: a codec and the
// frames around it. Every connection has one; a message is encoded once for
// each and shared by all connections that have it.
type encoding struct {
	index  int // in Hub.encodings and message.frames
	codec  hubproto.Codec
	opcode ws.Opcode
	ping   []byte // the one ready Ping
	// users counts the connections that have this encoding. It grows before
	// the shard knows the connection and before anything of the application
	// runs for it.
	users atomic.Int64
}

func newEncoding(index int, codec hubproto.Codec) *encoding {
	e := &encoding{index: index, codec: codec, opcode: ws.Text}
	if codec.Binary() {
		e.opcode = ws.Binary
	}
	e.ping = e.frame(nil, &hubproto.Ping{})
	return e
}

var records = sync.Pool{New: func() any { return new([]byte) }} //nolint:gochecknoglobals // a pool is shared by its nature

// frame appends m, ready to be written, to dst.
func (e *encoding) frame(dst []byte, m hubproto.Message) []byte {
	record, _ := records.Get().(*[]byte)
	*record = e.codec.Append((*record)[:0], m)
	dst = slices.Grow(dst, ws.MaxHeader+len(*record))
	dst = ws.AppendFrame(dst, e.opcode, *record)
	if cap(*record) <= keepBuffer {
		records.Put(record)
	}
	return dst
}

// message is a hub message in every encoding that somebody uses. It is never
// changed after it was made.
type message struct {
	frames [][]byte // by encoding.index; nil where nobody was there to read it
	size   int      // of all frames, bytes
	how    handling
}

// call encodes an invocation of the target's method; with an id the client is
// to answer.
func (t Target) call(id, method string, args []any) (*message, error) {
	h := t.hub
	m := &message{frames: make([][]byte, len(h.encodings)), how: t.handling()}
	for i, e := range h.encodings {
		// The first is made always: an argument that cannot be encoded is an
		// error also while nobody is there. Who comes with another one from now
		// on has come after this message.
		if i > 0 && e.users.Load() == 0 {
			continue
		}
		frame, err := e.call(id, method, args)
		if err != nil {
			return nil, err
		}
		m.frames[i] = frame
		m.size += len(frame)
	}
	if id == "" && m.how.conflate {
		m.how.again = keepConflatable(h, method, args)
	}
	return m, nil
}

// call is the frame of an invocation.
func (e *encoding) call(id, method string, args []any) ([]byte, error) {
	raws := make([]hubproto.Raw, len(args))
	for i, arg := range args {
		raw, err := e.codec.Marshal(arg)
		if err != nil {
			return nil, fmt.Errorf("send %s: argument %d: %w", method, i+1, err)
		}
		raws[i] = raw
	}
	return e.frame(nil, &hubproto.Invocation{InvocationID: id, Target: method, Arguments: raws}), nil
}
