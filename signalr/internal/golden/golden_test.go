package golden_test

import (
	"context"
	"net/http/httptest"
	"os"
	"sync"
	"testing"
	"time"

	"github.com/fanfare-hub/fanfare/signalr/internal/golden"
)

// recordings plays each recorded scenario once, when somebody first asks how
// it went.
type recordings struct {
	names   []string
	play    map[string]func() error
	reasons map[string]string // why a scenario may differ
}

func newRecordings(t *testing.T) *recordings {
	t.Helper()
	scenarios, err := golden.Scenarios()
	if err != nil {
		t.Fatal(err)
	}
	differences, err := golden.Differences()
	if err != nil {
		t.Fatal(err)
	}
	r := &recordings{play: map[string]func() error{}, reasons: map[string]string{}}
	for _, difference := range differences {
		r.reasons[difference.Scenario] = difference.Reason
	}
	url := serve(t)
	for _, scenario := range scenarios {
		player := &golden.Player{BaseURL: url, Quiet: 50 * time.Millisecond}
		if r.reasons[scenario.Name] != "" {
			player.Patience = time.Second // it is expected to fail
		}
		r.names = append(r.names, scenario.Name)
		r.play[scenario.Name] = sync.OnceValue(func() error { return player.Play(t.Context(), &scenario) })
	}
	return r
}

// serve returns the address of the hub of the recordings. SIGNALR_FRONT=1 puts
// it behind a front.
func serve(t *testing.T) string {
	t.Helper()
	hub := golden.NewServer()
	web := httptest.NewUnstartedServer(hub)
	if os.Getenv("SIGNALR_FRONT") != "" {
		web.Listener = hub.Front(web.Listener, web.Config)
	}
	web.Start()
	t.Cleanup(func() {
		last, cancel := context.WithTimeout(context.WithoutCancel(t.Context()), 30*time.Second)
		defer cancel()
		if err := hub.Shutdown(last); err != nil {
			t.Error(err)
		}
		web.Close()
	})
	return web.URL
}

// TestRecordings replays every recorded scenario, and says of each item which
// ones show it. Those that the server does not meet stand in
// testdata/differences.json with the reason; one that passes fails the test, so
// that the list only shrinks.
func TestRecordings(t *testing.T) { //nolint:tparallel // the items wait for all scenarios
	t.Parallel()
	r := newRecordings(t)
	t.Run("scenarios", func(t *testing.T) {
		for _, name := range r.names {
			t.Run(name, func(t *testing.T) {
				t.Parallel()
				r.expect(t, name)
			})
		}
	})
	for name := range r.reasons {
		if r.play[name] == nil {
			t.Errorf("testdata/differences.json lists %q, which is not recorded", name)
		}
	}
	r.items(t)
}

// expect wants a scenario to go as recorded, unless there is a reason.
func (r *recordings) expect(t *testing.T, name string) {
	t.Helper()
	reason := r.reasons[name]
	switch err := r.play[name](); {
	case err == nil && reason != "":
		t.Errorf("passes: take it out of testdata/differences.json, where it says %q", reason)
	case err != nil && reason != "":
		t.Skipf("%s: %v", reason, err)
	case err != nil:
		t.Error(err)
	}
}
