package signalr_test

import (
	"context"
	"fmt"
	"iter"

	"github.com/fanfare-hub/fanfare/signalr"
	hubclient "github.com/fanfare-hub/fanfare/signalr/client"
	"github.com/fanfare-hub/fanfare/signalr/signalrtest"
)

// receiveMessage is what clients can be told, typed once.
const receiveMessage = signalr.Call2[string, string]("ReceiveMessage")

// A chat: everybody is in the lobby, and hears what is sent to it.
func Example() {
	hub := signalr.NewHub(&signalr.HubOptions{Name: "chat"})
	hub.OnConnected(func(_ context.Context, c *signalr.Caller) error { return c.Join("lobby") })
	hub.Handle("Send", func(ctx context.Context, c *signalr.Caller, room, text string) error {
		return receiveMessage.To(ctx, c.OthersInGroup(room), "somebody", text)
	})
	server := signalr.NewServer(nil) // an http.Handler
	server.MapHub("/chat", hub, nil)

	memory := signalrtest.New(server) // or http.ListenAndServe("127.0.0.1:8080", server)
	defer memory.Close()
	heard := make(chan string)
	ann := dial(memory, "/chat", func(c *hubclient.Client) {
		c.On("ReceiveMessage", func(user, text string) { heard <- user + " says " + text })
	})
	defer ann.Stop(context.Background())
	bob := dial(memory, "/chat", nil)
	defer bob.Stop(context.Background())
	if err := bob.Send(context.Background(), "Send", "lobby", "hello"); err != nil {
		fmt.Println(err)
	}
	fmt.Println(<-heard)
	// Output: somebody says hello
}

// rooms is a hub whose state and methods are those of a type.
type rooms struct {
	hub    *signalr.Hub
	joined signalr.Call1[string] // what clients can be told
	leave  signalr.Ask1[string, bool]
}

func (r *rooms) Enter(ctx context.Context, c *signalr.Caller, room string) error {
	if err := c.Join(room); err != nil {
		return err
	}
	return r.joined.To(ctx, r.hub.Group(room), room)
}

func (r *rooms) Leave(ctx context.Context, c *signalr.Caller, room string) (string, error) {
	sure, err := r.leave.From(ctx, c.Self(), room)
	if err != nil || !sure {
		return "stays in " + room, err
	}
	return "left " + room, c.Leave(room)
}

// A hub with types on both sides: its methods are those of a Go type, and what
// it calls of its clients is typed too.
func Example_typedHub() {
	r := &rooms{hub: signalr.NewHub(nil), joined: "Joined", leave: "ReallyLeave"}
	r.hub.Handle("Enter", r.Enter)
	r.hub.Handle("Leave", r.Leave)
	visit(r.hub, func(c *hubclient.Client) {
		c.On("Joined", func(room string) { fmt.Println("joined", room) })
		c.On("ReallyLeave", func(room string) bool { return room != "home" })
	}, func(ctx context.Context, c *hubclient.Client) error {
		var outcome string
		if err := c.Invoke(ctx, nil, "Enter", "home"); err != nil {
			return err
		}
		err := c.Invoke(ctx, &outcome, "Leave", "home")
		fmt.Println(outcome)
		return err
	})
	// Output:
	// joined home
	// stays in home
}

// confirm is a question to one client, typed once.
const confirm = signalr.Ask1[string, bool]("Confirm")

// A client result: the hub asks the caller, and waits for the answer.
func ExampleAsk1() {
	hub := signalr.NewHub(nil)
	hub.Handle("Delete", func(ctx context.Context, c *signalr.Caller, name string) (string, error) {
		sure, err := confirm.From(ctx, c.Self(), "Delete "+name+"?")
		if err != nil || !sure {
			return name + " stays", err
		}
		return name + " is gone", nil
	})
	visit(hub, func(c *hubclient.Client) {
		c.On("Confirm", func(question string) bool {
			fmt.Println(question)
			return true
		})
	}, func(ctx context.Context, c *hubclient.Client) error {
		var outcome string
		err := c.Invoke(ctx, &outcome, "Delete", "draft.txt")
		fmt.Println(outcome)
		return err
	})
	// Output:
	// Delete draft.txt?
	// draft.txt is gone
}

// Streams in both directions, and one passed from the hub back to it.
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
	visit(hub, nil, func(ctx context.Context, c *hubclient.Client) error {
		for n, err := range hubclient.Stream[int](ctx, c, "Countdown", 3) {
			if err != nil {
				return err
			}
			fmt.Println(n)
		}
		var total int
		err := c.Invoke(ctx, &total, "Sum", hubclient.Stream[int](ctx, c, "Countdown", 4))
		fmt.Println("total", total)
		return err
	})
	// Output:
	// 3
	// 2
	// 1
	// total 10
}

// progress is told in per cent.
const progress = signalr.Call2[string, int]("Progress")

// A progress bar: everybody who watches a job hears of its steps. Whose
// connection is slow skips the steps that are already out of date, but never
// the last one, which also goes ahead of everything else.
func ExampleDelivery() {
	hub := signalr.NewHub(nil)
	hub.Handle("Watch", func(c *signalr.Caller, job string) error { return c.Join(job) })
	work := func(ctx context.Context, job string) error {
		steps := hub.Group(job).With(signalr.Delivery{Conflate: true})
		for percent := 0; percent < 100; percent += 25 {
			if err := progress.To(ctx, steps, job, percent); err != nil {
				return err
			}
		}
		end := hub.Group(job).With(signalr.Delivery{Urgent: true})
		return progress.To(ctx, end, job, 100)
	}
	done := make(chan struct{})
	visit(hub, func(c *hubclient.Client) {
		c.On("Progress", func(job string, percent int) {
			if percent == 100 { // a fast client has seen the steps before
				fmt.Println(job, "is done")
				close(done)
			}
		})
	}, func(ctx context.Context, c *hubclient.Client) error {
		if err := c.Invoke(ctx, nil, "Watch", "report"); err != nil {
			return err
		}
		err := work(ctx, "report") // anywhere in the server
		<-done
		return err
	})
	// Output: report is done
}

// visit serves a hub to one client.
func visit(hub *signalr.Hub, prepare func(*hubclient.Client), talk func(context.Context, *hubclient.Client) error) {
	server := signalr.NewServer(nil)
	server.MapHub("/hub", hub, nil)
	memory := signalrtest.New(server)
	defer memory.Close()
	c := dial(memory, "/hub", prepare)
	defer c.Stop(context.Background())
	if err := talk(context.Background(), c); err != nil {
		fmt.Println(err)
	}
}

func dial(memory *signalrtest.Server, path string, prepare func(*hubclient.Client)) *hubclient.Client {
	if prepare == nil {
		prepare = func(*hubclient.Client) {}
	}
	c, err := memory.Dial(context.Background(), path, nil, prepare)
	if err != nil {
		panic(err)
	}
	return c
}
