package signalr

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"strconv"
	"sync"

	"github.com/fanfare-hub/fanfare/signalr/hubproto"
)

// question is a result that a client is asked for.
//
//	ask -> all shards: the one that has the connection claims it and sends
//	client -> reading goroutine: answer -> ask
type question struct {
	id           string
	connectionID string
	answer       chan *hubproto.Completion // room for the one
	settled      chan struct{}             // closed when conn or err is known

	// Guarded by questions.mu until settled is closed.
	shards int         // that may still have the connection
	conn   *connection // that it was sent to
	err    error       // why it was not sent
}

// questions are those of a hub that wait for an answer.
type questions struct {
	mu      sync.Mutex
	last    uint64               // guarded by mu
	waiting map[string]*question // guarded by mu: by id
}

// The keys of what contexts of application code tell Ask of their place.
type (
	callKey       struct{} // *invocation: the call
	connectingKey struct{} // set in OnConnected
)

const nameInvalidOperation = "InvalidOperationException"

// ioError is the error of a connection that is not there (CR-06).
func ioError(format string, args ...any) error {
	return &namedError{"IOException", fmt.Sprintf(format, args...)}
}

var errNotOne = errors.New("only one connection can be asked for a result: a Caller's Self, or a Hub's Client")

// ask stores the client's result in what result points to.
func (t Target) ask(ctx context.Context, result any, method string, args []any) error {
	switch {
	case t.kind != toClients || len(t.names) != 1 || len(t.except) > 0 || t.newer != nil: // CR-02
		return fmt.Errorf("ask %s: %w", method, errNotOne)
	case ctx.Value(connectingKey{}) != nil:
		return &namedError{nameInvalidOperation, "Client results inside OnConnectedAsync Hub methods are not allowed."}
	}
	server := t.hub.server.Load()
	if server == nil {
		return ioError("Connection '%s' does not exist.", t.names[0])
	}
	if call, ok := ctx.Value(callKey{}).(*invocation); ok {
		call.release()
	}
	if timeout := t.hub.options.ClientResultTimeout; timeout > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, timeout)
		defer cancel()
	}
	q := t.hub.questions.add(t.names[0], len(server.shards))
	defer t.hub.questions.remove(q)
	m, err := t.call(q.id, method, args)
	if err != nil {
		return err
	}
	if err := server.post(ctx, task{kind: taskAsk, hub: t.hub, id: q.connectionID, message: m, question: q}); err != nil {
		return canceledBy(ctx, err)
	}
	return q.await(ctx, result)
}

// canceledBy is how a question ends whose context did (CR-07).
func canceledBy(ctx context.Context, otherwise error) error {
	if ctx.Err() == nil {
		return otherwise
	}
	return fmt.Errorf("%w (%w)", HubError("Invocation canceled by the server."), context.Cause(ctx))
}

// await waits for the answer.
func (q *question) await(ctx context.Context, result any) error {
	select {
	case <-q.settled:
	case <-ctx.Done():
		return canceledBy(ctx, nil)
	}
	if q.err != nil {
		return q.err
	}
	select {
	case m := <-q.answer:
		return q.read(m, result)
	case <-ctx.Done():
		return canceledBy(ctx, nil)
	case <-q.conn.ctx.Done():
	}
	select {
	case m := <-q.answer: // it came just before the end
		return q.read(m, result)
	default:
		return ioError("Connection '%s' disconnected.", q.connectionID)
	}
}

// read takes the result out of an answer (CR-03 to CR-05).
func (q *question) read(m *hubproto.Completion, result any) error {
	switch {
	case m.HasError:
		return HubError(m.Error)
	case !m.HasResult:
		return HubError("Exception of type 'Microsoft.AspNetCore.SignalR.HubException' was thrown.")
	}
	if err := q.conn.encoding.Load().codec.Unmarshal(m.Result, result); err != nil {
		return HubError(fmt.Sprintf("Error trying to deserialize result to %s. %v", dotnetName(reflect.TypeOf(result).Elem()), err))
	}
	return nil
}

// dotnetName is the name of a type in .NET, for those that have another there.
func dotnetName(t reflect.Type) string {
	names := map[string]string{
		"bool": "Boolean", "string": "String", "int": "Int64", "uint": "UInt64",
		"int8": "SByte", "int16": "Int16", "int32": "Int32", "int64": "Int64",
		"uint8": "Byte", "uint16": "UInt16", "uint32": "UInt32", "uint64": "UInt64",
		"float32": "Single", "float64": "Double",
	}
	if name, ok := names[t.String()]; ok {
		return name
	}
	return t.String()
}

// add makes a question with an id that no other of the hub has (CR-01).
func (s *questions) add(connectionID string, shards int) *question {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.last++
	q := &question{
		id:           "s" + strconv.FormatUint(s.last, 10),
		connectionID: connectionID,
		answer:       make(chan *hubproto.Completion, 1),
		settled:      make(chan struct{}),
		shards:       shards,
	}
	if s.waiting == nil {
		s.waiting = map[string]*question{}
	}
	s.waiting[q.id] = q
	return q
}

// remove is called when nobody waits for the answer any more.
func (s *questions) remove(q *question) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.waiting, q.id)
	if q.conn != nil {
		q.conn.owed--
	}
}

// ask sends a question to its connection, if it is this shard's.
func (s *shard) ask(t *task) {
	c := s.rosterOf(t.hub).byID[t.id]
	if c == nil {
		t.hub.questions.miss(t.question)
		return
	}
	frame := t.message.frames[c.encoding.Load().index]
	if len(frame) == 0 { // the message was made before c came: to the asker it is not there
		t.hub.questions.miss(t.question)
		return
	}
	if t.hub.questions.claim(t.question, c) {
		s.give(c, frame, &t.message.how)
	}
}

// miss notes that one shard does not have the connection.
func (s *questions) miss(q *question) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if q.shards--; q.shards == 0 {
		q.err = ioError("Connection '%s' does not exist.", q.connectionID)
		close(q.settled)
	}
}

// claim says whether a question is to be sent to c: not if nobody waits for it
// any more, or c owes too many already (SEC-01).
func (s *questions) claim(q *question, c *connection) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.waiting[q.id] != q {
		return false
	}
	defer close(q.settled)
	if limit := c.hub.options.MaximumClientResults; over(c.owed+1, limit) {
		c.server.counters.capped.Add(1)
		q.err = &namedError{nameInvalidOperation, fmt.Sprintf("Connection '%s' already owes %d results.", c.id, limit)}
		return false
	}
	c.owed++
	q.conn = c
	return true
}

// answer hands an answer of c to who waits for it. One that is for another
// connection is an error and changes nothing (CR-11); one that nobody waits
// for is ignored (CR-07).
func (s *questions) answer(c *connection, m *hubproto.Completion) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	q := s.waiting[m.InvocationID]
	switch {
	case q == nil:
	case q.connectionID != c.id:
		return &namedError{nameInvalidOperation, fmt.Sprintf("Connection ID '%s' is not valid for invocation ID '%s'.", c.id, q.id)}
	case q.conn == c:
		select {
		case q.answer <- m:
		default: // it is the second one
		}
	}
	return nil
}
