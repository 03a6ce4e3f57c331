package signalr_test

import (
	"context"
	"testing"

	"github.com/fanfare-hub/fanfare/signalr"
)

const message = signalr.Call1[string]("message")

// room registers what the tests of groups call.
func room(h *signalr.Hub) {
	h.Handle("Join", func(c *signalr.Caller, group string) error { return c.Join(group) })
	h.Handle("Leave", func(c *signalr.Caller, group string) error { return c.Leave(group) })
	h.Handle("ToGroup", func(ctx context.Context, group, text string) error {
		return message.To(ctx, h.Group(group), text)
	})
	h.Handle("ToOthersInGroup", func(ctx context.Context, c *signalr.Caller, group, text string) error {
		return message.To(ctx, c.OthersInGroup(group), text)
	})
	h.Handle("ToMe", func(ctx context.Context, c *signalr.Caller, text string) (string, error) {
		return "done", message.To(ctx, c.Self(), text)
	})
	h.Handle("Id", func(c *signalr.Caller) string { return c.ConnectionID() })
}

const void = `"result":null`

func said(text string) string { return `{"type":1,"target":"message","arguments":["` + text + `"]}` }

// GRP-01, GRP-02, SEND-02, SEND-08, callback/group and its neighbours.
func TestGroups(t *testing.T) {
	t.Parallel()
	b := setup(t, options{prepare: room})
	first, second := b.connect(t), b.connect(t)
	first.invoke("Join", `["g"]`, void)
	first.invoke("Join", `["g"]`, void) // joining twice is joining once
	second.invoke("Join", `["g"]`, void)
	second.invoke("ToGroup", `["G","other case"]`, void)
	second.send(`{"type":1,"target":"ToGroup","arguments":["g","one"]}`)
	first.want(said("one"))
	second.want(said("one"))
	second.invoke("ToOthersInGroup", `["g","two"]`, void)
	first.want(said("two"))
	second.invoke("Leave", `["g"]`, void)
	second.invoke("Leave", `["g"]`, void)
	second.invoke("ToGroup", `["g","three"]`, void)
	first.want(said("three"))
}

// SEND-05: what a method sends to its caller arrives before its completion.
func TestSendBeforeCompletion(t *testing.T) {
	t.Parallel()
	b := setup(t, options{prepare: room})
	c := b.connect(t)
	c.send(`{"type":1,"invocationId":"1","target":"ToMe","arguments":["hi"]}`)
	c.want(said("hi"), `{"type":3,"invocationId":"1","result":"done"}`)
}

// GRP-03: membership ends with the connection; who comes back is in no group.
func TestMembershipEnds(t *testing.T) {
	t.Parallel()
	b := setup(t, options{prepare: room})
	c := b.connect(t)
	c.invoke("Join", `["g"]`, void)
	c.conn.Close()
	b.waitOpen(t, 0)
	again := b.connect(t)
	if err := message.To(t.Context(), b.hub.Group("g"), "to members"); err != nil {
		t.Fatal(err)
	}
	again.id() // nothing came before it
	if got := b.server.Stats(); got.Dropped != 0 {
		t.Errorf("the old one is still a member: %+v", got)
	}
}
