package e2e

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"os"
	"testing"
	"time"

	"github.com/fanfare-hub/fanfare/internal/app"
)

// patience is how long a test waits for what must come, on a busy machine.
const patience = 60 * time.Second

// startServer runs a whole server on a free port until the test ends.
func startServer(t *testing.T) string {
	t.Helper()
	config := app.DefaultConfig()
	config.Listen = "127.0.0.1:0"
	config.DataDir = t.TempDir()
	config.Worker = []string{os.Args[0], extractWorker}
	server := app.New(config, slog.New(slog.NewTextHandler(t.Output(), nil)))
	if err := server.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), patience)
		defer cancel()
		if err := server.Stop(ctx); err != nil {
			t.Error(err)
		}
	})
	return server.URL()
}

// record is a document as the API tells it.
type record struct {
	ID         string
	Name       string
	Status     string
	Percentage int
	Attempt    int
	Pages      int
	Words      int
	Findings   []struct{ Framework, Rule string }
	Error      *struct{ Code, Message string }
}

func (r record) terminal() bool { return r.Status == "completed" || r.Status == "failed" }

// post uploads a body, which must be accepted.
func post(t *testing.T, base, name string, body []byte) record {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, base+"/api/documents?name="+url.QueryEscape(name), bytes.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	status, header, answer := send(t, request)
	if status != http.StatusCreated {
		t.Fatalf("upload %s: %d %s", name, status, answer)
	}
	var r record
	if err := json.Unmarshal(answer, &r); err != nil {
		t.Fatal(err)
	}
	if got, want := header.Get("Location"), "/api/documents/"+r.ID; got != want {
		t.Errorf("Location %q, want %q", got, want)
	}
	return r
}

// get reads one document's record.
func get(t *testing.T, base, id string) record {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, base+"/api/documents/"+id, nil)
	if err != nil {
		t.Fatal(err)
	}
	status, _, answer := send(t, request)
	if status != http.StatusOK {
		t.Fatalf("read %s: %d %s", id, status, answer)
	}
	var r record
	if err := json.Unmarshal(answer, &r); err != nil {
		t.Fatal(err)
	}
	return r
}

func send(t *testing.T, request *http.Request) (int, http.Header, []byte) {
	t.Helper()
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return response.StatusCode, response.Header, body
}

// await polls until the condition holds.
func await(t *testing.T, what string, condition func() bool) {
	t.Helper()
	deadline := time.After(patience)
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for !condition() {
		select {
		case <-deadline:
			t.Fatalf("gave up waiting: %s", what)
		case <-tick.C:
		}
	}
}
