// Command eventbench measures what an event costs the server, from its POST to
// its subscribers, beside the same HTTP handler that hands the event straight
// to the hub, without a log:
//
//	go run ./internal/eventbench [-events 20000] [-rounds 5] [-json]
//
// # Method
//
// Each server is a process of its own, started anew for each measurement, on
// loopback, with its data in a temporary directory. This process is the
// publisher and all the subscribers. The publisher sends one event a request,
// structured CloudEvents JSON, over eight kept-alive connections, to one
// topic; the subscribers are Go clients over WebSockets in JSON. The CPU time
// is the server's own, user and system, as the kernel counts it, between the
// first POST and the last subscriber's last event: it is steady where times are
// not. The servers take turns in each round; the table has medians.
//
// The time of a subscription is from the call of Subscribe to the snapshot's
// envelope, one after the other, while 2,000 events a second in batches of 20 go
// by on the followed topics; beside it stands a call of the same client that
// the hub answers without a log.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
)

// settings are what a run does.
type settings struct {
	events    int
	rounds    int
	subscribe int
	json      bool

	serve string // of a child: what kind of server it is
	dir   string // of a child: its data
}

func main() {
	s := settings{}
	flag.IntVar(&s.events, "events", 20_000, "events of one measurement")
	flag.IntVar(&s.rounds, "rounds", 5, "measurements of each kind")
	flag.IntVar(&s.subscribe, "subscribe", 1_000, "subscriptions to be timed")
	flag.BoolVar(&s.json, "json", false, "print JSON")
	flag.StringVar(&s.serve, "serve", "", "of a child process: straight or log")
	flag.StringVar(&s.dir, "dir", "", "of a child process: where its data is")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx, s); err != nil && !errors.Is(err, context.Canceled) {
		fmt.Fprintln(os.Stderr, "eventbench:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, s settings) error {
	switch s.serve {
	case "straight":
		return serveStraight(ctx)
	case "log":
		return serveLog(ctx, s.dir)
	case "":
	default:
		return fmt.Errorf("there is no server of the kind %q", s.serve)
	}
	result, err := measure(ctx, s)
	if err != nil {
		return err
	}
	if s.json {
		return json.NewEncoder(os.Stdout).Encode(result)
	}
	result.print(os.Stdout)
	return nil
}
