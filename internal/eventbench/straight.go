package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"sync/atomic"
	"time"

	"github.com/fanfare-hub/fanfare"
	"github.com/fanfare-hub/fanfare/internal/api"
	"github.com/fanfare-hub/fanfare/internal/app"
	"github.com/fanfare-hub/fanfare/internal/pipeline"
	"github.com/fanfare-hub/fanfare/signalr"
)

const receiveEvent = signalr.Call1[fanfare.Envelope]("ReceiveEvent")

// straight takes the place of the log: an event goes to the hub at once.
type straight struct {
	hub *signalr.Hub
	seq atomic.Uint64
}

// Append implements [pipeline.Log].
func (s *straight) Append(ctx context.Context, e fanfare.Event, topic fanfare.Topic) (fanfare.Receipt, error) {
	seq := s.seq.Add(1)
	record, err := fanfare.EncodeCloudEvent(e)
	if err != nil {
		return fanfare.Receipt{}, err
	}
	cursor := fanfare.CursorAt(fanfare.Epoch{}, seq, e.ID).Encode(topic)
	envelope := fanfare.Envelope{Stored: fanfare.Stored{Event: e, Topic: topic, Seq: seq, Prev: seq - 1, Record: record}, Cursor: cursor}
	if err := receiveEvent.To(ctx, s.hub.Group(topic.String()), envelope); err != nil {
		return fanfare.Receipt{}, err
	}
	return fanfare.Receipt{ID: e.ID, Topic: topic, Seq: seq, Cursor: cursor, Durability: "none"}, nil
}

// AppendAll implements [pipeline.Log].
func (s *straight) AppendAll(ctx context.Context, entries []fanfare.Entry) ([]fanfare.Receipt, error) {
	receipts := make([]fanfare.Receipt, 0, len(entries))
	for _, entry := range entries {
		receipt, err := s.Append(ctx, entry.Event, entry.Topic)
		if err != nil {
			return receipts, err
		}
		receipts = append(receipts, receipt)
	}
	return receipts, nil
}

// serveStraight serves the product's handler of events on a hub alone.
func serveStraight(ctx context.Context) error {
	hub := signalr.NewHub(&signalr.HubOptions{Name: "straight"})
	hub.Handle("Subscribe", func(caller *signalr.Caller, topic string, _ map[string]any) error { return caller.Join(topic) })
	processor, err := pipeline.New(pipeline.Options{Log: &straight{hub: hub}, Service: "straight"})
	if err != nil {
		return err
	}
	handler := api.New(api.Options{Emitter: processor, EventRate: -1})
	defer handler.Close()
	server := signalr.NewServer(nil)
	server.MapHub("/aspire-realtime", hub, nil)
	server.Fallback(handler)
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	web := &http.Server{Handler: server, ReadHeaderTimeout: time.Minute}
	failed := make(chan error, 1)
	go func() { failed <- web.Serve(listener) }()
	fmt.Fprintln(os.Stdout, "http://"+listener.Addr().String())
	select {
	case err := <-failed:
		return err
	case <-ctx.Done():
	}
	stopping, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
	defer cancel()
	return errors.Join(server.Shutdown(stopping), web.Shutdown(stopping))
}

// serveLog serves the whole product.
func serveLog(ctx context.Context, dir string) error {
	config := app.DefaultConfig()
	config.Listen, config.DataDir, config.EventRate = "127.0.0.1:0", dir, 0
	config.Worker = []string{os.Args[0]} // which no document will ask for
	server := app.New(config, slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: slog.LevelError})))
	if err := server.Start(ctx); err != nil {
		return err
	}
	fmt.Fprintln(os.Stdout, server.URL())
	select {
	case err := <-server.Failed():
		return err
	case <-ctx.Done():
	}
	stopping, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
	defer cancel()
	return server.Stop(stopping)
}
