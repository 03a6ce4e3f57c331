package signalr

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"reflect"

	"github.com/fanfare-hub/fanfare/signalr/hubproto"
)

// isStream says whether t is an iter.Seq2[T, error].
func isStream(t reflect.Type) bool {
	return t.Kind() == reflect.Func && t.CanSeq2() && t.In(0).In(1) == reflect.TypeFor[error]()
}

// itemOf is the T of an iter.Seq2[T, error].
func itemOf(stream reflect.Type) reflect.Type { return stream.In(0).In(0) }

// pump sends the items of the stream that a method returned, and returns how
// it ended (STR-01).
func (v *invocation) pump(result any) *hubproto.Completion {
	stream := reflect.ValueOf(result)
	if !stream.IsValid() || !isStream(stream.Type()) || stream.IsNil() { // STR-03
		return v.failed(fmt.Sprintf("The value returned by the streaming method '%s' is not a ChannelReader<> or IAsyncEnumerable<>.", v.method.name))
	}
	err := v.sendAll(stream)
	if err == nil || v.canceled(err) {
		return &hubproto.Completion{InvocationID: v.id}
	}
	if broken, ok := err.(unencodable); ok { //nolint:errorlint // sendItem's own, never wrapped
		v.conn.end(v.conn.failed(broken.error)) // INV-25
		return nil
	}
	v.conn.hub.options.Logger.DebugContext(v.ctx, "stream of a hub method failed",
		slog.String("method", v.method.name), slog.String("connection", v.conn.caller.PublicID()), slog.Any("error", err))
	return v.failed(explain("An error occurred on the server while streaming results.", err, v.conn.hub.options.DetailedErrors))
}

// canceled says whether err is only that the client, or the connection's end,
// has stopped the stream: that is no failure (STR-05).
func (v *invocation) canceled(err error) bool {
	return v.cancel != nil && v.ctx.Err() != nil && errors.Is(err, context.Canceled)
}

// sendAll pulls the items one after the other: the next is not asked for
// before the client's queue has room for this one.
func (v *invocation) sendAll(stream reflect.Value) (err error) {
	defer v.conn.hub.catch(v.ctx, v.method.name, &err)
	for item, failure := range stream.Seq2() {
		if err, _ := failure.Interface().(error); err != nil {
			return err
		}
		if err := v.sendItem(item.Interface()); err != nil {
			return err
		}
	}
	return nil
}

// unencodable is the error of an item that the codec cannot write, kept apart
// from the errors of the method.
type unencodable struct{ error }

func (v *invocation) sendItem(item any) error {
	if err := v.ctx.Err(); err != nil {
		return err
	}
	e := v.conn.encoding.Load()
	raw, err := e.codec.Marshal(item)
	if err != nil {
		return unencodable{err}
	}
	return v.conn.postItem(v.ctx, e.frame(nil, &hubproto.StreamItem{InvocationID: v.id, Item: raw}))
}
