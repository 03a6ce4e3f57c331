package client_test

import (
	"context"
	"testing"
	"testing/synctest"

	"github.com/fanfare-hub/fanfare/signalr/client"
)

// JSON-10: the headers of a context go with each call that is made with it.
func TestHeaders(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c, conn, stop := connectIn(t, nil, nil)
		plain := client.WithHeaders(t.Context(), nil)
		outer := client.WithHeaders(plain, map[string]string{"a": "1"})
		inner := client.WithHeaders(outer, map[string]string{"a": "2"})
		for _, step := range []struct {
			call func() error
			want string
		}{
			{func() error { return c.Send(plain, "S") }, `{"type":1,"target":"S","arguments":[]}`},
			{func() error { return c.Send(outer, "S") }, `{"type":1,"headers":{"a":"1"},"target":"S","arguments":[]}`},
			{
				func() error { return invokeFor(inner, c) },
				`{"type":1,"headers":{"a":"2"},"invocationId":"1","target":"I","arguments":[]}`,
			},
			{
				func() error { return streamFor(outer, c) },
				`{"type":4,"headers":{"a":"1"},"invocationId":"2","target":"T","arguments":[]}`,
			},
		} {
			failed := make(chan error, 1)
			go func() { failed <- step.call() }()
			if got := <-conn.sent; got != step.want {
				t.Errorf("got  %s\nwant %s", got, step.want)
			}
			conn.say(`{"type":3,"invocationId":"1"}`, `{"type":3,"invocationId":"2"}`)
			if err := <-failed; err != nil {
				t.Error(err)
			}
		}
		stop()
	})
}

func invokeFor(ctx context.Context, c *client.Client) error { return c.Invoke(ctx, nil, "I") }

func streamFor(ctx context.Context, c *client.Client) error {
	for _, err := range client.Stream[int](ctx, c, "T") {
		return err
	}
	return nil
}

// What the hub would end the connection for is not sent.
func TestEmptyHeaders(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c, conn, stop := connectIn(t, nil, nil)
		for _, headers := range []map[string]string{{"": "x"}, {"x": ""}} {
			ctx := client.WithHeaders(t.Context(), headers)
			for _, err := range []error{c.Send(ctx, "S"), invokeFor(ctx, c), streamFor(ctx, c)} {
				if err == nil {
					t.Errorf("%v: no error", headers)
				}
			}
		}
		if len(conn.sent) > 0 {
			t.Errorf("sent %s", <-conn.sent)
		}
		stop()
	})
}
