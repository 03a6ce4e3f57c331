package golden_test

import (
	"context"
	"encoding/json"
	"net/http/httptest"
	"os"
	"testing"
	"time"

	"github.com/fanfare-hub/fanfare/signalr/internal/golden"
)

// TestRecordings replays every recorded scenario. Those that the server cannot
// answer yet stand in testdata/pending.json with the reason; one that passes
// fails the test, so that the list only shrinks.
func TestRecordings(t *testing.T) {
	t.Parallel()
	scenarios, err := golden.Scenarios()
	if err != nil {
		t.Fatal(err)
	}
	pending := readPending(t)
	hub := golden.NewServer()
	web := httptest.NewServer(hub)
	t.Cleanup(func() {
		last, cancel := context.WithTimeout(context.WithoutCancel(t.Context()), 30*time.Second)
		defer cancel()
		if err := hub.Shutdown(last); err != nil {
			t.Error(err)
		}
		web.Close()
	})
	for _, scenario := range scenarios {
		reason, isPending := pending[scenario.Name]
		delete(pending, scenario.Name)
		t.Run(scenario.Name, func(t *testing.T) {
			t.Parallel()
			player := &golden.Player{BaseURL: web.URL, Quiet: 50 * time.Millisecond}
			if isPending {
				player.Patience = time.Second // it is expected to fail
			}
			err := player.Play(t.Context(), &scenario)
			switch {
			case err == nil && isPending:
				t.Errorf("passes: take it out of testdata/pending.json, where it says %q", reason)
			case err != nil && isPending:
				t.Skipf("%s: %v", reason, err)
			case err != nil:
				t.Error(err)
			}
		})
	}
	for name := range pending {
		t.Errorf("testdata/pending.json lists %q, which is not recorded", name)
	}
}

func readPending(t *testing.T) map[string]string {
	t.Helper()
	data, err := os.ReadFile("testdata/pending.json")
	if err != nil {
		t.Fatal(err)
	}
	var pending map[string]string
	if err := json.Unmarshal(data, &pending); err != nil {
		t.Fatal(err)
	}
	return pending
}
