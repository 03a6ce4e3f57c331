package signalr_test

import (
	"bytes"
	"context"
	"encoding/binary"
	"fmt"
	"slices"
	"testing"

	"github.com/fanfare-hub/fanfare/signalr"
	"github.com/fanfare-hub/fanfare/signalr/hubproto"
	"github.com/fanfare-hub/fanfare/signalr/internal/ws"
)

// packedClient is a SignalR client that speaks MessagePack, by hand.
type packedClient struct {
	*client

	data []byte
}

// connectPacked opens a WebSocket and does the handshake, whose answer comes in
// a binary frame too (WS-05).
func (b *bundle) connectPacked(tb testing.TB) *packedClient {
	tb.Helper()
	c := &packedClient{client: b.dial(tb)}
	c.send(`{"protocol":"messagepack","version":1}`)
	op, answer, err := c.conn.ReadMessage(nil)
	if err != nil || op != ws.Binary || string(answer) != "{}\x1e" {
		tb.Fatalf("WS-05: answer %q in %v, %v", answer, op, err)
	}
	return c
}

// call sends [1, {}, id, target, arguments, []].
func (c *packedClient) call(id any, target string, arguments ...any) {
	c.t.Helper()
	body, err := hubproto.NewMessagePack(nil).Marshal([]any{1, map[string]any{}, id, target, arguments, []any{}})
	if err != nil {
		c.t.Fatal(err)
	}
	frame := append(binary.AppendUvarint(nil, uint64(len(body))), body...)
	if err := c.conn.WriteMessage(ws.Binary, frame); err != nil {
		c.t.Errorf("send: %v", err)
	}
}

// wantPacked reads one message and compares its items.
func (c *packedClient) wantPacked(want ...any) {
	c.t.Helper()
	codec, wanted := hubproto.NewMessagePack(nil), fmt.Sprint(slices.Clone(want))
	for {
		record, rest, err := codec.Next(c.data, 0)
		if err != nil {
			c.t.Fatal(err)
		}
		if record != nil {
			var items []any
			if err := codec.Unmarshal(record, &items); err != nil || fmt.Sprint(items) != wanted {
				c.t.Fatalf("got  %v, %v\nwant %s", items, err, wanted)
			}
			c.data = rest
			return
		}
		op, more, err := c.conn.ReadMessage(nil)
		if err != nil || op != ws.Binary {
			c.t.Fatalf("read: %v in %v; want %s", err, op, wanted)
		}
		c.data = append(bytes.Clone(c.data), more...)
	}
}

// MP-27: both encodings on one hub; a broadcast reaches each connection in its
// own, and in the order of its sender, also who came later.
func TestEncodingsTogether(t *testing.T) {
	t.Parallel()
	b := setup(t, options{prepare: room})
	plain := b.connect(t)
	send := func(text string) {
		t.Helper()
		if err := b.hub.All().Send(context.Background(), "said", text, map[string]any{"n": 1}); err != nil {
			t.Fatal(err)
		}
	}
	send("one") // nobody speaks MessagePack yet
	packed := b.connectPacked(t)
	packed.call("1", "ToMe", "x")
	packed.wantPacked(1, map[string]any{}, nil, "message", []any{"x"}, []any{})
	packed.wantPacked(3, map[string]any{}, "1", 3, "done")
	for range 3 {
		send("two")
		packed.wantPacked(1, map[string]any{}, nil, "said", []any{"two", map[string]any{"n": 1}}, []any{})
	}
	plain.want(`{"type":1,"target":"said","arguments":["one",{"n":1}]}`)
	for range 3 {
		plain.want(`{"type":1,"target":"said","arguments":["two",{"n":1}]}`)
	}
}

// jsonOnly has no form in MessagePack.
type jsonOnly struct{ Channel chan int }

func (jsonOnly) MarshalJSON() ([]byte, error) { return []byte("1"), nil }

// INV-25, MP-27: what no encoding can carry is the sender's error also when
// nobody is there, and what only one cannot carry as soon as somebody uses it.
func TestSendUnsendable(t *testing.T) {
	t.Parallel()
	b := setup(t, options{})
	send := func(value any) error { return b.hub.All().Send(context.Background(), "said", value) }
	if send(func() {}) == nil {
		t.Error("sent a function")
	}
	if err := send(jsonOnly{}); err != nil {
		t.Error(err)
	}
	c := b.connectPacked(t)
	if send(jsonOnly{}) == nil {
		t.Error("sent a channel")
	}
	if err := send(1); err != nil {
		t.Error(err)
	}
	c.wantPacked(1, map[string]any{}, nil, "said", []any{1}, []any{})
}

// MP-18: arguments that are no array fail their own invocation only.
func TestArgumentsThatCannotBeRead(t *testing.T) {
	t.Parallel()
	b := setup(t, options{hub: &signalr.HubOptions{DetailedErrors: true}, prepare: room})
	c := b.connectPacked(t)
	if err := c.conn.WriteMessage(ws.Binary, []byte("\x0c\x96\x01\x80\xa11\xa4ToMe\x80\x90")); err != nil {
		t.Fatal(err)
	}
	c.wantPacked(3, map[string]any{}, "1", 1, "Failed to invoke 'ToMe' due to an error on the server. InvalidDataException: Reading array length for 'arguments' failed.")
	c.call("2", "NoSuch")
	c.wantPacked(3, map[string]any{}, "2", 1, "Failed to invoke 'NoSuch' due to an error on the server. HubException: Method does not exist.")
}
