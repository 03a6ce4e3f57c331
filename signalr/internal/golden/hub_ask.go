package golden

import (
	"context"
	"time"

	"github.com/fanfare-hub/fanfare/signalr"
)

// What the hub asks of clients.
const (
	askAnswer = signalr.Ask1[string, string]("answer")
	askNumber = signalr.Ask0[int32]("number")
)

func handleQuestions(hub *signalr.Hub) {
	hub.Handle("AskClient", func(ctx context.Context, c *signalr.Caller, question string) (string, error) {
		said, err := askAnswer.From(ctx, c.Self(), question)
		return "the client said " + said, err
	})
	hub.Handle("AskClientNumber", func(ctx context.Context, c *signalr.Caller) (int32, error) {
		return askNumber.From(ctx, c.Self())
	})
	hub.Handle("AskStranger", func(ctx context.Context, id string) (string, error) {
		return askAnswer.From(ctx, hub.Client(id), "who?")
	})
	hub.Handle("AskBriefly", func(ctx context.Context, c *signalr.Caller) (string, error) {
		ctx, cancel := context.WithTimeout(ctx, 300*time.Millisecond)
		defer cancel()
		return askAnswer.From(ctx, c.Self(), "quick?")
	})
}
