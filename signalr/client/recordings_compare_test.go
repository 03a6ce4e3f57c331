package client_test

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"strings"

	"github.com/fanfare-hub/fanfare/signalr/client"
	"github.com/fanfare-hub/fanfare/signalr/hubproto"
	"github.com/fanfare-hub/fanfare/signalr/internal/golden"
)

// compareSent waits for what the client sends.
func (a *actor) compareSent(ctx context.Context, recorded []byte, packed bool) error {
	got, err := a.server.Hear(ctx, a.channel.Name)
	if err != nil {
		return err
	}
	want, err := generic(string(recorded))
	if packed {
		want, err = generic(golden.Means(recorded))
	}
	if err != nil {
		return err
	}
	sent, err := generic(got)
	if err != nil {
		return err
	}
	a.learn(want, sent)
	if want = a.translate(want); !reflect.DeepEqual(want, sent) {
		return fmt.Errorf("client sent %s, recorded %s", got, recorded)
	}
	return nil
}

func generic(text string) (value any, err error) {
	decoder := json.NewDecoder(strings.NewReader(text))
	decoder.UseNumber()
	return value, decoder.Decode(&value)
}

// learn takes the ids that the client gave to its call and streams for the
// recorded ones.
func (a *actor) learn(want, sent any) {
	wanted, got := idsOf(want), idsOf(sent)
	if len(wanted) != len(got) {
		return
	}
	for i, id := range wanted {
		if _, known := a.ids[id]; !known && !strings.HasSuffix(id, ".ask") {
			a.ids[id] = got[i]
		}
	}
}

// idsOf lists the ids in a message, each form of it.
func idsOf(message any) []string {
	var values []any
	switch m := message.(type) {
	case map[string]any:
		streams, _ := m["streamIds"].([]any)
		values = append([]any{m["invocationId"]}, streams...)
	case []any:
		if len(m) > 2 {
			values = []any{m[2]}
		}
		if len(m) > 5 {
			streams, _ := m[5].([]any)
			values = append(values, streams...)
		}
	}
	var ids []string
	for _, value := range values {
		if id, ok := value.(string); ok {
			ids = append(ids, id)
		}
	}
	return ids
}

// translate puts the client's ids in the place of the recorded ones.
func (a *actor) translate(message any) any {
	other := func(value any) any {
		if id, ok := value.(string); ok && a.ids[id] != "" {
			return a.ids[id]
		}
		return value
	}
	all := func(value any) {
		list, _ := value.([]any)
		for i := range list {
			list[i] = other(list[i])
		}
	}
	switch m := message.(type) {
	case map[string]any:
		if m["invocationId"] != nil {
			m["invocationId"] = other(m["invocationId"])
		}
		all(m["streamIds"])
	case []any:
		if len(m) > 2 {
			m[2] = other(m[2])
		}
		if len(m) > 5 {
			all(m[5])
		}
	}
	return message
}

// hears sends a message to the client, and waits for what it makes of it.
func (a *actor) hears(ctx context.Context, record []byte) error {
	message, err := a.codec.Parse(record)
	if err != nil {
		return err
	}
	var look func() error
	again := a.in.count(message) && a.channel.Stateful // of which the client says nothing
	switch m := message.(type) {
	case *hubproto.Invocation:
		a.asked[m.InvocationID] = m.Target
		look = func() error { return a.called(ctx, m) }
	case *hubproto.StreamItem:
		call, item := a.calls[m.InvocationID], m.Item
		m.InvocationID = cmp.Or(a.ids[m.InvocationID], m.InvocationID)
		if call != nil && call.items != nil {
			look = func() error { return a.sees(ctx, call.items, actorItem{value: item}) }
		}
	case *hubproto.Completion:
		call, recorded := a.calls[m.InvocationID], m.InvocationID
		m.InvocationID = cmp.Or(a.ids[recorded], recorded)
		delete(a.ids, recorded) // it may be used again
		if call != nil {
			look = func() error { return a.completed(ctx, call, m) }
		}
	case *hubproto.Close:
		a.farewell = m.Error
	}
	a.server.Say(a.channel.Name, a.codec.Append(nil, message))
	if look == nil || again {
		return nil
	}
	return look()
}

// numbers counts one side's messages as stateful reconnect does.
type numbers struct{ last, newest int }

// count says whether a message is an old one again.
func (n *numbers) count(message hubproto.Message) (again bool) {
	switch m := message.(type) {
	case *hubproto.Sequence:
		n.last = int(m.SequenceID) - 1
	case *hubproto.Invocation, *hubproto.StreamItem, *hubproto.Completion, *hubproto.CancelInvocation:
		n.last++
		again = n.last <= n.newest
		n.newest = max(n.newest, n.last)
	}
	return again
}

func (a *actor) called(ctx context.Context, m *hubproto.Invocation) error {
	got, err := within(ctx, a.received, "call of a handler")
	if err != nil {
		return err
	}
	if !reflect.DeepEqual(got, m.Arguments) && len(got)+len(m.Arguments) > 0 {
		return fmt.Errorf("%s called with %q", m.Target, got)
	}
	return nil
}

func (a *actor) completed(ctx context.Context, call *actorCall, m *hubproto.Completion) error {
	want := actorItem{value: m.Result}
	if m.HasError {
		want.err = &client.HubError{Message: m.Error}
	}
	if call.items != nil {
		want.value = nil
	}
	if call.left {
		return nil // nobody looks any more
	}
	return a.sees(ctx, call.end, want)
}

func (a *actor) sees(ctx context.Context, from <-chan actorItem, want actorItem) error {
	got, err := within(ctx, from, "answer")
	if err != nil {
		return err
	}
	var failure *client.HubError
	if want.err != nil && (!errors.As(got.err, &failure) || failure.Error() != want.err.Error()) ||
		want.err == nil && got.err != nil || !bytes.Equal(got.value, want.value) {
		return fmt.Errorf("client sees %q, %v; recorded %q, %v", got.value, got.err, want.value, want.err) //nolint:errorlint // two errors side by side
	}
	return nil
}

func within[T any](ctx context.Context, ch <-chan T, what string) (value T, err error) {
	select {
	case value = <-ch:
		return value, nil
	case <-ctx.Done():
		return value, fmt.Errorf("no %s: %w", what, ctx.Err())
	}
}
