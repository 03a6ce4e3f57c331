package signalr_test

import (
	"context"
	"fmt"

	"github.com/fanfare-hub/fanfare/signalr"
)

// receiveMessage is what clients can be told, typed once.
const receiveMessage = signalr.Call2[string, string]("ReceiveMessage")

func Example() {
	hub := signalr.NewHub(&signalr.HubOptions{Name: "chat"})
	hub.OnConnected(func(_ context.Context, c *signalr.Caller) error { return c.Join("lobby") })
	hub.Handle("Send", func(ctx context.Context, c *signalr.Caller, room, text string) error {
		return receiveMessage.To(ctx, hub.Group(room), c.UserID(), text)
	})
	server := signalr.NewServer(nil) // an http.Handler
	server.MapHub("/chat", hub, nil)
	fmt.Println(hub.Methods(), server.Connections())
	if err := server.Shutdown(context.Background()); err != nil {
		fmt.Println(err)
	}
	// Output: [Send] 0
}
