package client_test

import (
	"context"
	"fmt"

	"github.com/fanfare-hub/fanfare/signalr/client"
)

func ExampleStream() {
	ctx := context.Background()
	c := client.New("https://example.com/chat", nil)
	for line, err := range client.Stream[string](ctx, c, "Tail", "lobby") {
		if err != nil {
			fmt.Println(err)
			break
		}
		fmt.Println(line)
	}
	// Output: stream Tail: client is not started
}
