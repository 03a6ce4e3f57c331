package client_test

import (
	"context"
	"fmt"
	"iter"
	"net/http"
	"net/http/httptest"

	"github.com/fanfare-hub/fanfare/signalr"
	"github.com/fanfare-hub/fanfare/signalr/client"
	"github.com/fanfare-hub/fanfare/signalr/hubproto"
)

// serveChat serves a small hub until the returned function is called.
func serveChat() (url string, stop func()) {
	hub := signalr.NewHub(nil)
	hub.Handle("Send", func(ctx context.Context, c *signalr.Caller, text string) error {
		return signalr.Call1[string]("ReceiveMessage").To(ctx, c.Self(), text)
	})
	hub.Handle("Countdown", func(_ context.Context, from int) iter.Seq2[int, error] {
		return func(yield func(int, error) bool) {
			for n := from; n > 0 && yield(n, nil); n-- {
			}
		}
	})
	hub.Handle("Delete", func(ctx context.Context, c *signalr.Caller, name string) (string, error) {
		sure, err := signalr.Ask1[string, bool]("Confirm").From(ctx, c.Self(), "Delete "+name+"?")
		if err != nil || !sure {
			return name + " stays", err
		}
		return name + " is gone", nil
	})
	hub.Handle("Join", func(c *signalr.Caller, group string) error { return c.Join(group) })
	server := signalr.NewServer(nil)
	server.MapHub("/chat", hub, nil)
	web := httptest.NewServer(server)
	return web.URL + "/chat", func() {
		_ = server.Shutdown(context.Background())
		web.Close()
		http.DefaultClient.CloseIdleConnections()
	}
}

func ExampleClient() {
	url, stop := serveChat()
	defer stop()
	ctx := context.Background()

	c := client.New(url, &client.Options{Protocol: hubproto.NewMessagePack(nil)})
	received := make(chan struct{})
	c.On("ReceiveMessage", func(text string) {
		fmt.Println("received", text)
		close(received)
	})
	if err := c.Start(ctx); err != nil {
		fmt.Println(err)
		return
	}
	if err := c.Invoke(ctx, nil, "Send", "hello"); err != nil {
		fmt.Println(err)
	}
	<-received
	if err := c.Stop(ctx); err != nil {
		fmt.Println(err)
	}
	fmt.Println(c.State(), c.Err())
	// Output:
	// received hello
	// closed <nil>
}

// A handler's result is the answer to a hub that asks for one.
func ExampleClient_On_result() {
	url, stop := serveChat()
	defer stop()
	ctx := context.Background()

	c := client.New(url, nil)
	c.On("Confirm", func(question string) (bool, error) {
		fmt.Println(question)
		return true, nil
	})
	if err := c.Start(ctx); err != nil {
		fmt.Println(err)
		return
	}
	var outcome string
	if err := c.Invoke(ctx, &outcome, "Delete", "draft.txt"); err != nil {
		fmt.Println(err)
	}
	fmt.Println(outcome)
	_ = c.Stop(ctx)
	// Output:
	// Delete draft.txt?
	// draft.txt is gone
}

func ExampleStream() {
	url, stop := serveChat()
	defer stop()
	ctx := context.Background()

	c := client.New(url, nil)
	if err := c.Start(ctx); err != nil {
		fmt.Println(err)
		return
	}
	for n, err := range client.Stream[int](ctx, c, "Countdown", 10) {
		if err != nil {
			fmt.Println(err)
			break
		}
		fmt.Println(n)
		if n == 8 {
			break // the hub is told that nobody wants the rest
		}
	}
	_ = c.Stop(ctx)
	// Output:
	// 10
	// 9
	// 8
}

// A client that comes back is a new one to the hub: OnReconnected is the place
// to join groups again.
func ExampleReconnectAfter() {
	url, stop := serveChat()
	defer stop()
	ctx := context.Background()
	way, err := listenCutter(url) // a proxy that can cut connections
	if err != nil {
		fmt.Println(err)
		return
	}
	defer way.close()

	var c *client.Client
	back := make(chan struct{})
	c = client.New(way.url, &client.Options{
		Reconnect:      client.ReconnectAfter(), // after 0, 2, 10 and 30 s
		OnReconnecting: func(error) { fmt.Println("lost the connection") },
		OnReconnected: func(string) {
			fmt.Println("back:", c.Invoke(ctx, nil, "Join", "lobby"))
			close(back)
		},
	})
	if err := c.Start(ctx); err != nil {
		fmt.Println(err)
		return
	}
	way.cut()
	<-back
	_ = c.Stop(ctx)
	// Output:
	// lost the connection
	// back: <nil>
}
