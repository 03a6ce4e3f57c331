package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/fanfare-hub/fanfare"
	"github.com/fanfare-hub/fanfare/internal/app"
)

// TestRealServer: the log of a whole server has every step, once and in order.
func TestRealServer(t *testing.T) {
	t.Parallel()
	config := app.DefaultConfig()
	config.Listen = "127.0.0.1:0"
	config.DataDir = t.TempDir()
	config.Worker = []string{os.Args[0]} // never started: there is no upload
	server := app.New(config, slog.New(slog.NewTextHandler(t.Output(), nil)))
	if err := server.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	defer func() {
		http.DefaultClient.CloseIdleConnections()
		ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
		defer cancel()
		if err := server.Stop(ctx); err != nil {
			t.Error(err)
		}
	}()
	b := setup(t, nil)
	getenv := func(name string) string { return map[string]string{"FANFARE_URL": server.URL()}[name] }
	if err := run(t.Context(), b.path, 0, getenv, &b.out); err != nil {
		t.Fatal(err)
	}
	topic, _, _ := strings.Cut(b.out.String(), "\n")
	var steps bytes.Buffer
	var chain fanfare.Chain
	for _, e := range history(t, server.URL(), topic) {
		if err := chain.Follow(e); err != nil {
			t.Error(err)
		}
		p, _ := e.Event.Payload.(fanfare.DocumentPayload)
		fmt.Fprintf(&steps, "%s %d, ", p.Status, p.Percentage)
	}
	const want = "started 0, processing 20, processing 40, processing 60, processing 80, processing 100, completed 100, "
	if steps.String() != want {
		t.Errorf("the log has %q, want %q", &steps, want)
	}
}

// history is what the log has of a topic.
func history(t *testing.T, base, topic string) []fanfare.Envelope {
	t.Helper()
	response, err := http.Get(base + "/api/topics/" + topic + "/events?from=start")
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	var page struct{ Items []json.RawMessage }
	if err := json.Unmarshal(body, &page); err != nil {
		t.Fatalf("%s: %v", body, err)
	}
	envelopes := make([]fanfare.Envelope, 0, len(page.Items))
	for _, item := range page.Items {
		e, err := fanfare.DecodeEnvelope(item)
		if err != nil {
			t.Fatalf("%s: %v", item, err)
		}
		envelopes = append(envelopes, e)
	}
	return envelopes
}
