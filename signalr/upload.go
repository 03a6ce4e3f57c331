package signalr

import (
	"bytes"
	"context"
	"errors"
	"reflect"

	"github.com/fanfare-hub/fanfare/signalr/hubproto"
)

// upload is a stream from a client to one call. The reading goroutine puts in,
// the method takes out.
type upload struct {
	id     string
	stream reflect.Type       // iter.Seq2[T, error]
	items  chan reflect.Value // closed by the reading goroutine: there are no more
	err    error              // why there are no more; set before items is closed
	over   chan struct{}      // closed when the call has ended
}

// errUnderlying is what a method reads whose connection has ended (UP-10).
var errUnderlying = &namedError{nameCanceled, "The underlying connection was closed."}

var errUploadOver = errors.New("signalr: the method that the stream was sent to has returned")

func newUpload(id string, stream reflect.Type, capacity int) *upload {
	return &upload{id: id, stream: stream, items: make(chan reflect.Value, capacity), over: make(chan struct{})}
}

// receiveItem gives an item to its stream. While the method does not take what
// is there, it waits, and with it all that the client sends (UP-05). Items for
// unknown streams are skipped (UP-07).
func (c *connection) receiveItem(m *hubproto.StreamItem) {
	u := c.streams.upload(m.InvocationID)
	if u == nil {
		return
	}
	item := reflect.New(itemOf(u.stream))
	if err := c.encoding.Load().codec.Unmarshal(m.Item, item.Interface()); err != nil { // UP-06
		c.finishUpload(u, HubError(explain("Failed to bind Stream message.", err, c.hub.options.DetailedErrors)))
		return
	}
	select {
	case u.items <- item.Elem():
	case <-u.over:
	case <-c.ctx.Done():
	}
}

// receiveCompletion ends an upload, or answers a question, or is skipped, in
// this order (CR-12). An error ends the connection.
func (c *connection) receiveCompletion(m *hubproto.Completion) error {
	u := c.streams.upload(m.InvocationID)
	switch {
	case u == nil:
		return c.hub.questions.answer(c, &hubproto.Completion{ // m aliases the record
			InvocationID: m.InvocationID, Result: bytes.Clone(m.Result), HasResult: m.HasResult, Error: m.Error, HasError: m.HasError,
		})
	case m.HasError:
		c.finishUpload(u, HubError(m.Error)) // UP-02
	default:
		c.finishUpload(u, nil)
	}
	return nil
}

func (c *connection) finishUpload(u *upload, err error) {
	c.streams.forget(u)
	u.err = err
	close(u.items)
}

// sequence is the stream as the method's parameter.
func (u *upload) sequence(v *invocation) reflect.Value {
	return reflect.MakeFunc(u.stream, func(in []reflect.Value) []reflect.Value {
		yield := in[0]
		for {
			item, more, err := u.next(v)
			if !more && err == nil {
				return nil
			}
			if !more {
				item = reflect.Zero(itemOf(u.stream))
			}
			goOn := yield.Call([]reflect.Value{item, reflect.ValueOf(&err).Elem()})[0].Bool()
			if !goOn || !more {
				return nil
			}
		}
	})
}

// next waits for an item; without one the stream ends, with an error or not.
// What has arrived comes first, whatever has happened since.
func (u *upload) next(v *invocation) (item reflect.Value, more bool, err error) {
	select {
	case item, more = <-u.items:
		return item, more, u.failure(more)
	default:
	}
	select {
	case item, more = <-u.items:
		return item, more, u.failure(more)
	case <-u.over:
		return item, false, errUploadOver
	case <-v.ctx.Done():
		return item, false, v.interruption()
	}
}

func (u *upload) failure(more bool) error {
	if more {
		return nil
	}
	return u.err
}

func (v *invocation) interruption() error {
	if v.conn.ctx.Err() != nil {
		return errUnderlying
	}
	return context.Cause(v.ctx)
}
