package signalrtest_test

import (
	"context"
	"fmt"

	"github.com/fanfare-hub/fanfare/signalr"
	"github.com/fanfare-hub/fanfare/signalr/client"
	"github.com/fanfare-hub/fanfare/signalr/signalrtest"
)

// In a test, Serve and Connect take its t and need no Close and no Stop.
func Example() {
	greeted := signalr.Call1[string]("Greeted")
	hub := signalr.NewHub(nil)
	hub.Handle("Greet", func(ctx context.Context, c *signalr.Caller, name string) (int, error) {
		return len(name), greeted.To(ctx, c.Self(), name)
	})
	server := signalr.NewServer(nil)
	server.MapHub("/greetings", hub, nil)

	memory := signalrtest.New(server)
	defer memory.Close()
	ctx := context.Background()
	heard := make(chan string, 1)
	c, err := memory.Dial(ctx, "/greetings", nil, func(c *client.Client) {
		c.On("Greeted", func(name string) { heard <- name })
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer c.Stop(ctx)

	var length int
	if err := c.Invoke(ctx, &length, "Greet", "Ada"); err != nil {
		fmt.Println(err)
	}
	fmt.Println(<-heard, length)
	// Output: Ada 3
}
