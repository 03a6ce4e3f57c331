package main

import (
	"bytes"
	"context"
	"crypto/sha256"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"go.uber.org/goleak"

	"github.com/fanfare-hub/fanfare"
	"github.com/fanfare-hub/fanfare/publisher/publishertest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// bundle is a hub and a file to work on.
type bundle struct {
	hub    *publishertest.Hub
	getenv func(string) string
	path   string
	data   []byte
	out    bytes.Buffer
}

func setup(t *testing.T, before func(http.ResponseWriter, *http.Request) bool) *bundle {
	t.Helper()
	b := &bundle{hub: &publishertest.Hub{Before: before}, data: []byte(strings.Repeat("work ", 1001))}
	server := httptest.NewServer(b.hub)
	t.Cleanup(server.Close)
	b.path = filepath.Join(t.TempDir(), "work.txt")
	if err := os.WriteFile(b.path, b.data, 0o600); err != nil {
		t.Fatal(err)
	}
	b.getenv = func(name string) string { return map[string]string{"FANFARE_URL": server.URL}[name] }
	return b
}

// told is what the hub was told, in short.
func (b *bundle) told() string {
	var steps []string
	for _, e := range b.hub.Events() {
		p, _ := e.Payload.(fanfare.DocumentPayload)
		step := fmt.Sprintf("%s %d", p.Status, p.Percentage)
		if p.Error != nil {
			step += " " + p.Error.Code
		}
		steps = append(steps, step)
	}
	return strings.Join(steps, ", ")
}

func TestCompleted(t *testing.T) {
	t.Parallel()
	b := setup(t, nil)
	if err := run(t.Context(), b.path, 0, b.getenv, &b.out); err != nil {
		t.Fatal(err)
	}
	const want = "started 0, processing 20, processing 40, processing 60, processing 80, processing 100, completed 100"
	if got := b.told(); got != want {
		t.Errorf("told %q, want %q", got, want)
	}
	if topics, err := b.hub.Events()[0].Topics(); err != nil || b.out.String() != fmt.Sprintf("%s\n%x\n", topics[0], sha256.Sum256(b.data)) {
		t.Errorf("wrote %q of %v, %v", &b.out, topics, err)
	}
}

func TestFailed(t *testing.T) {
	t.Parallel()
	b := setup(t, nil)
	if err := run(t.Context(), b.path+".lost", 0, b.getenv, &b.out); err == nil {
		t.Error("a file that is not there is no failure")
	}
	if got, want := b.told(), "started 0, failed 0 internal"; got != want {
		t.Errorf("told %q, want %q", got, want)
	}
}

// TestCancelled: called off in the middle, which is told with the last
// percentage.
func TestCancelled(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	requests := 0
	b := setup(t, func(http.ResponseWriter, *http.Request) bool {
		if requests++; requests == 4 { // started, 20, 40, 60
			cancel()
		}
		return true
	})
	if err := run(ctx, b.path, 0, b.getenv, &b.out); err == nil {
		t.Error("work that was called off is no failure")
	}
	if got := b.told(); !strings.HasPrefix(got, "started 0, processing 20, processing 40, ") || !strings.HasSuffix(got, "0 cancelled") {
		t.Errorf("told %q", got)
	}
}
