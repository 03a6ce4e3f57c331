package main

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
)

// measure compares lines and returns the rows of one server by figure.
func measure(t *testing.T, peer string, lines ...string) map[string]row {
	t.Helper()
	name := filepath.Join(t.TempDir(), "peers.jsonl")
	if err := os.WriteFile(name, []byte(strings.Join(lines, "\n")), 0o600); err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	if err := run([]string{"-json", "-idle", "3", name}, &out); err != nil {
		t.Fatal(err)
	}
	var rows []row
	if err := json.Unmarshal(out.Bytes(), &rows); err != nil {
		t.Fatal(err)
	}
	found := map[string]row{}
	for _, r := range rows {
		if r.Peer == peer {
			found[r.Figure] = r
		}
	}
	return found
}

func TestMediansAreComparedWithRaw(t *testing.T) {
	t.Parallel()
	got := measure(t, "fanfare",
		`{"test":"echo","peer":"raw","server_cpu_s_per_million":10,"unanswered":0}`,
		`{"test":"echo","peer":"fanfare","server_cpu_s_per_million":30,"unanswered":0}`,
		`{"test":"echo","peer":"fanfare","error":"timeout"}`,
		`{"test":"echo","peer":"fanfare","server_cpu_s_per_million":14,"unanswered":1}`,
		`{"test":"echo","peer":"fanfare","server_cpu_s_per_million":12,"unanswered":0}`,
		`{"test":"echo","peer":"raw","server_cpu_s_per_million":8,"unanswered":0}`,
		`{"test":"echo","peer":"raw","server_cpu_s_per_million":40,"unanswered":0}`,
	)
	bound, none := 1.5, 0.0
	want := map[string]row{
		"CPU per round trip": {
			Test: "echo", Peer: "fanfare", Figure: "CPU per round trip", Runs: 3, Failed: 1,
			Median: 14, Least: 12, Most: 30, Ratio: 1.4, LeastRatio: 1.2, MostRatio: 3, Goal: &bound, Met: true,
		},
		// One bad run is enough where nothing may be lost.
		"unanswered": {Test: "echo", Peer: "fanfare", Figure: "unanswered", Runs: 3, Failed: 1, Most: 1, Goal: &none},
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got  %+v\nwant %+v", got, want)
	}
}

func TestGoalsOfOtherKinds(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		figure string
		lines  []string
		met    bool
	}{
		"idle within":   {"KiB per connection", []string{`{"test":"idle-10k","peer":"fanfare","rss_per_connection_kib":2.9}`}, true},
		"idle above":    {"KiB per connection", []string{`{"test":"idle-10k","peer":"fanfare","rss_per_connection_kib":3.1}`}, false},
		"rate of raw's": {"connects/s", []string{`{"test":"storm-10k","peer":"raw","connects_per_s":100}`, `{"test":"storm-10k","peer":"fanfare","connects_per_s":90}`}, true},
		"rate below":    {"connects/s", []string{`{"test":"storm-10k","peer":"raw","connects_per_s":100}`, `{"test":"storm-10k","peer":"fanfare","connects_per_s":80}`}, false},
		"without raw":   {"connects/s", []string{`{"test":"storm-10k","peer":"fanfare","connects_per_s":80}`}, false},
		"unknown test":  {"CPU", []string{`{"test":"x","peer":"fanfare","server_cpu_s_per_million":80}`}, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, ok := measure(t, "fanfare", c.lines...)[c.figure]
			if !ok || got.Met != c.met {
				t.Errorf("got %+v, want met = %v", got, c.met)
			}
		})
	}
}

func TestTable(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	bound := 1.3
	if err := writeTable(&out, []row{{
		Test: "rate-1k-128", Peer: "fanfare", Figure: "CPU", Runs: 2, Median: 12, Least: 11.5, Most: 120, Ratio: 1.4, LeastRatio: 1.4, MostRatio: 1.4, Goal: &bound,
	}}); err != nil {
		t.Fatal(err)
	}
	want := "rate-1k-128  fanfare  CPU     2     12 (11.50-120)       1.40                1.3 MISSED"
	if !strings.Contains(out.String(), want) {
		t.Errorf("got\n%s\nwant in it\n%s", out.String(), want)
	}
}

func TestUnreadable(t *testing.T) {
	t.Parallel()
	name := filepath.Join(t.TempDir(), "peers.jsonl")
	if err := os.WriteFile(name, []byte("{}\n{"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, args := range [][]string{{}, {name}, {name + "x"}, {"-no-such-flag"}} {
		if err := run(args, &bytes.Buffer{}); err == nil {
			t.Errorf("%v: no error", args)
		}
	}
}
