package signalr_test

import (
	"context"
	"fmt"
	"iter"
	"net/http/httptest"

	"github.com/fanfare-hub/fanfare/signalr"
	hubclient "github.com/fanfare-hub/fanfare/signalr/client"
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

// confirm is a question to one client, typed once.
const confirm = signalr.Ask1[string, bool]("Confirm")

func ExampleAsk1() {
	hub := signalr.NewHub(nil)
	hub.Handle("Delete", func(ctx context.Context, c *signalr.Caller, name string) (string, error) {
		sure, err := confirm.From(ctx, c.Self(), "Delete "+name+"?")
		if err != nil || !sure {
			return name + " stays", err
		}
		return name + " is gone", nil
	})
	visit(hub, func(ctx context.Context, c *hubclient.Client) error {
		var outcome string
		err := c.Invoke(ctx, &outcome, "Delete", "draft.txt")
		fmt.Println(outcome)
		return err
	})
	// Output:
	// Delete draft.txt?
	// draft.txt is gone
}

func ExampleHub_Handle_streams() {
	hub := signalr.NewHub(nil)
	hub.Handle("Countdown", func(_ context.Context, from int) iter.Seq2[int, error] {
		return func(yield func(int, error) bool) {
			for n := from; n > 0 && yield(n, nil); n-- { // false: the client wants no more
			}
		}
	})
	hub.Handle("Sum", func(numbers iter.Seq2[int, error]) (total int, err error) {
		for n, err := range numbers {
			if err != nil {
				return 0, err
			}
			total += n
		}
		return total, nil
	})
	visit(hub, func(ctx context.Context, c *hubclient.Client) error {
		for n, err := range hubclient.Stream[int](ctx, c, "Countdown", 3) {
			if err != nil {
				return err
			}
			fmt.Println(n)
		}
		var total int
		err := c.Invoke(ctx, &total, "Sum", hubclient.Stream[int](ctx, c, "Countdown", 4)) // from one to the other
		fmt.Println("total", total)
		return err
	})
	// Output:
	// 3
	// 2
	// 1
	// total 10
}

// visit serves a hub to one client that confirms everything.
func visit(hub *signalr.Hub, talk func(context.Context, *hubclient.Client) error) {
	ctx := context.Background()
	server := signalr.NewServer(nil)
	server.MapHub("/hub", hub, nil)
	web := httptest.NewServer(server)
	defer web.Close()
	c := hubclient.New(web.URL+"/hub", &hubclient.Options{HTTPClient: web.Client()})
	c.On("Confirm", func(question string) bool {
		fmt.Println(question)
		return true
	})
	if err := c.Start(ctx); err != nil {
		fmt.Println(err)
		return
	}
	for _, err := range []error{talk(ctx, c), c.Stop(ctx), server.Shutdown(ctx)} {
		if err != nil {
			fmt.Println(err)
		}
	}
}
