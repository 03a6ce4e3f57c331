package client

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"reflect"

	"github.com/fanfare-hub/fanfare/signalr/hubproto"
)

// upload is a stream to the hub, an argument of a call.
type upload struct {
	id     string
	source reflect.Value // an iter.Seq2[T, error] or a channel
}

// isStream says whether an argument is a stream rather than a value.
func isStream(v reflect.Value) bool {
	switch v.Kind() {
	case reflect.Chan:
		return v.Type().ChanDir()&reflect.RecvDir != 0
	case reflect.Func:
		t := v.Type()
		return t.CanSeq2() && t.In(0).In(1) == reflect.TypeFor[error]()
	default:
		return false
	}
}

// invocation encodes a call; its streams have ids, but are not sent yet
// (UP-01).
func (c *connection) invocation(ctx context.Context, method string, args []any) (*hubproto.Invocation, []upload, error) {
	message := &hubproto.Invocation{Headers: headersOf(ctx), Target: method, Arguments: make([]hubproto.Raw, 0, len(args))}
	if err := checkHeaders(message.Headers); err != nil {
		return nil, nil, err
	}
	var uploads []upload
	for i, arg := range args {
		if source := reflect.ValueOf(arg); isStream(source) {
			id := c.calls.newID()
			uploads = append(uploads, upload{id, source})
			message.StreamIDs = append(message.StreamIDs, id)
			continue
		}
		raw, err := c.client.codec.Marshal(arg)
		if err != nil {
			return nil, nil, fmt.Errorf("encode argument %d: %w", i+1, err)
		}
		message.Arguments = append(message.Arguments, raw)
	}
	return message, uploads, nil
}

// upload sends the streams of a call that was sent, each in a goroutine that
// the client awaits. They end with ctx, or when the returned function is
// called because nobody reads them any more.
func (c *connection) upload(ctx context.Context, uploads []upload) (stop func()) {
	stops := make([]context.CancelFunc, len(uploads))
	for i, u := range uploads {
		each, cancel := context.WithCancel(ctx)
		stops[i] = cancel
		c.client.workers.start(func() {
			defer cancel()
			c.sendStream(each, u)
		}, cancel)
	}
	return func() {
		for _, stop := range stops {
			stop()
		}
	}
}

// sendStream sends one stream and its end.
func (c *connection) sendStream(ctx context.Context, u upload) {
	end := &hubproto.Completion{InvocationID: u.id}
	for item, err := range c.items(ctx, u.source) {
		if err == nil {
			err = c.sendItem(ctx, u.id, item)
		}
		if err != nil {
			end.Error, end.HasError = err.Error(), true
			break
		}
	}
	last, cancel := context.WithTimeout(context.WithoutCancel(ctx), closeTimeout)
	defer cancel()
	// If it cannot be sent the connection is at its end, and the stream too.
	_ = c.send(last, end)
}

func (c *connection) sendItem(ctx context.Context, id string, item any) error {
	raw, err := c.client.codec.Marshal(item)
	if err != nil {
		return fmt.Errorf("encode item: %w", err)
	}
	return c.send(ctx, &hubproto.StreamItem{InvocationID: id, Item: raw})
}

var errUploadCanceled = errors.New("stream canceled by the client")

// items goes through a source until ctx or the connection ends.
func (c *connection) items(ctx context.Context, source reflect.Value) iter.Seq2[any, error] {
	if source.Kind() == reflect.Chan {
		return func(yield func(any, error) bool) { c.receiveAll(ctx, source, yield) }
	}
	return func(yield func(any, error) bool) {
		for item, failure := range source.Seq2() {
			err, _ := failure.Interface().(error)
			if ctx.Err() != nil && err == nil {
				err = errUploadCanceled
			}
			if !yield(item.Interface(), err) {
				return
			}
		}
	}
}

func (c *connection) receiveAll(ctx context.Context, source reflect.Value, yield func(any, error) bool) {
	cases := []reflect.SelectCase{
		{Dir: reflect.SelectRecv, Chan: source},
		{Dir: reflect.SelectRecv, Chan: reflect.ValueOf(ctx.Done())},
		{Dir: reflect.SelectRecv, Chan: reflect.ValueOf(c.ended)},
	}
	for {
		chosen, item, ok := reflect.Select(cases)
		if chosen > 0 {
			yield(nil, errUploadCanceled)
			return
		}
		if !ok || !yield(item.Interface(), nil) {
			return
		}
	}
}
