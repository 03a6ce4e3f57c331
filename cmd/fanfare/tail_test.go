package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"iter"
	"net/http/httptest"
	"os"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/fanfare-hub/fanfare"
	apphub "github.com/fanfare-hub/fanfare/internal/app/hub"
	"github.com/fanfare-hub/fanfare/signalr"
)

// script is one call of StreamTopic.
type script func(ctx context.Context, yield func(fanfare.Envelope) bool, c *signalr.Caller) error

// topicHub gives a topic as the contract says, one script per call of
// StreamTopic.
type topicHub struct {
	url string

	mu     sync.Mutex // guards the fields below
	asked  []string   // what StreamTopic was asked for
	script []script
}

func setupTail(t *testing.T, scripts ...script) *topicHub {
	t.Helper()
	h := &topicHub{script: scripts}
	hub := signalr.NewHub(nil)
	hub.Handle("Subscribe", func(topic string, options map[string]string) (map[string]any, error) {
		return map[string]any{"topic": topic, "cursor": "now", "resumed": options["from"] == "now"}, nil
	})
	hub.Handle("Unsubscribe", func(string) {})
	hub.Handle("StreamTopic", h.stream)
	server := signalr.NewServer(nil)
	server.MapHub(apphub.Path, hub, nil)
	front := httptest.NewServer(server)
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
		defer cancel()
		if err := server.Shutdown(ctx); err != nil {
			t.Error(err)
		}
		front.Close()
	})
	h.url = front.URL
	return h
}

func (h *topicHub) stream(ctx context.Context, c *signalr.Caller, topic string, options map[string]string) (iter.Seq2[fanfare.Envelope, error], error) {
	asked, err := json.Marshal(options)
	if err != nil {
		return nil, err
	}
	h.mu.Lock()
	h.asked = append(h.asked, topic+" "+string(asked))
	play := stay
	if len(h.script) > 0 {
		play, h.script = h.script[0], h.script[1:]
	}
	h.mu.Unlock()
	return func(yield func(fanfare.Envelope, error) bool) {
		err := play(ctx, func(e fanfare.Envelope) bool { return yield(e, nil) }, c)
		if err != nil && !errors.Is(err, context.Canceled) {
			yield(fanfare.Envelope{}, err)
		}
	}, nil
}

// stay keeps a stream open.
func stay(ctx context.Context, _ func(fanfare.Envelope) bool, _ *signalr.Caller) error {
	<-ctx.Done()
	return ctx.Err()
}

// send is a script that gives envelopes, then ends with the error.
func send(err error, envelopes ...fanfare.Envelope) script {
	return func(_ context.Context, yield func(fanfare.Envelope) bool, _ *signalr.Caller) error {
		for _, e := range envelopes {
			if !yield(e) {
				return nil
			}
		}
		return err
	}
}

// cutAfter is a script that gives envelopes, then cuts the connection.
func cutAfter(envelopes ...fanfare.Envelope) script {
	return func(ctx context.Context, yield func(fanfare.Envelope) bool, c *signalr.Caller) error {
		err := send(nil, envelopes...)(ctx, yield, c)
		c.Abort()
		return err
	}
}

// at is a step of the test's document, with its place.
func at(seq, prev uint64, status fanfare.Status, percentage int) fanfare.Envelope {
	kind, _ := status.EventType()
	return fanfare.Envelope{
		Stored: fanfare.Stored{Topic: fanfare.DocumentTopic(testGUID), Seq: seq, Prev: prev, Event: fanfare.Event{
			ID: strconv.FormatUint(seq, 10), Type: kind, Service: "ocr", Time: time.Date(2026, 11, 23, 10, 0, 0, 5e6, time.UTC),
			Payload: fanfare.DocumentPayload{DocumentID: testGUID, Status: status, Percentage: percentage},
		}},
		Cursor: fmt.Sprintf("c%d", seq),
	}
}

func snapshot(e fanfare.Envelope) fanfare.Envelope { e.Snapshot = true; return e }
func gap(e fanfare.Envelope, after uint64) fanfare.Envelope {
	e.Gap = &fanfare.Gap{After: after}
	return e
}

const testTopic = "document:" + testGUID

// TestTail plays what a hub gives, and looks at what is shown, what is said
// beside, and where each connection goes on.
func TestTail(t *testing.T) {
	t.Parallel()
	unavailable := signalr.HubError("unavailable: the log is away")
	covering := at(9, 2, fanfare.StatusProcessing, 90).Covering(2, 3)
	gapOnly := fanfare.Envelope{Stored: fanfare.Stored{Topic: fanfare.DocumentTopic(testGUID), Seq: 50}, Cursor: "c50", Gap: &fanfare.Gap{After: 3}}
	done := at(3, 2, fanfare.StatusCompleted, 100)
	for name, test := range map[string]struct {
		script []script
		topic  string
		args   []string
		status int
		shown  []string // the end of each line
		said   []string
		asked  []string // options of each StreamTopic
	}{
		"to the end of the document": {
			script: []script{send(nil, snapshot(at(1, 0, "started", 0)), at(2, 1, "processing", 40), done)},
			args:   []string{"--until-terminal"},
			shown:  []string{"started      0 %  (present state)", "processing  40 %", "completed  100 %"},
			said:   []string{"To go on from here: --cursor c3\n"},
			asked:  []string{`{"from":"snapshot"}`},
		},
		"so many events": {
			script: []script{send(nil, at(1, 0, "started", 0), at(2, 1, "processing", 40), done)},
			args:   []string{"--from", "start", "--limit", "2"},
			shown:  []string{"started      0 %", "processing  40 %"},
			said:   []string{"--cursor c2\n"},
			asked:  []string{`{"from":"start"}`},
		},
		"from now, as a cursor": {
			script: []script{send(nil, done)},
			args:   []string{"--from", "now", "--limit", "1"},
			shown:  []string{"completed  100 %"},
			asked:  []string{`{"cursor":"now"}`},
		},
		"from a time": {
			script: []script{send(nil, done)},
			args:   []string{"--from", "2026-11-23T10:00:00Z", "--limit", "1"},
			shown:  []string{"completed  100 %"},
			asked:  []string{`{"from":"2026-11-23T10:00:00Z"}`},
		},
		"the connection is cut": {
			script: []script{cutAfter(at(1, 0, "started", 0), at(2, 1, "processing", 40)), send(nil, done)},
			args:   []string{"--until-terminal"},
			shown:  []string{"started      0 %", "processing  40 %", "completed  100 %"},
			said:   []string{"Reconnecting: "},
			asked:  []string{`{"from":"snapshot"}`, `{"cursor":"c2"}`},
		},
		"the hub fails for a while": {
			script: []script{send(unavailable, at(1, 0, "started", 0), at(2, 1, "processing", 40)), send(unavailable), send(errors.New("oops")), send(nil), send(nil, done)},
			args:   []string{"--until-terminal"},
			shown:  []string{"started      0 %", "processing  40 %", "completed  100 %"},
			said:   []string{"Reconnecting: unavailable: the log is away\n", "has ended the stream"},
			asked:  []string{`{"from":"snapshot"}`, `{"cursor":"c2"}`, `{"cursor":"c2"}`, `{"cursor":"c2"}`, `{"cursor":"c2"}`},
		},
		"cut before the first event, of a document": {
			script: []script{cutAfter(), send(nil, done)},
			args:   []string{"--limit", "1"},
			shown:  []string{"completed  100 %"},
			asked:  []string{`{"from":"snapshot"}`, `{"from":"snapshot"}`},
		},
		"cut before the first event, of a service": {
			script: []script{cutAfter(), send(nil, done)},
			topic:  "service:ocr",
			args:   []string{"--limit", "1"},
			shown:  []string{"completed  100 %"},
			asked:  []string{`{"from":"snapshot"}`, `{"cursor":"now"}`},
		},
		"cut before the first event, of a user": {
			script: []script{cutAfter(), send(nil, done)},
			topic:  "user:ann",
			args:   []string{"--limit", "1"},
			shown:  []string{"completed  100 %"},
			asked:  []string{`{"cursor":"now"}`, `{"cursor":"now"}`},
		},
		"an event is missing": {
			script: []script{send(nil, at(1, 0, "started", 0), done), send(nil, at(2, 1, "processing", 40), done)},
			args:   []string{"--until-terminal"},
			shown:  []string{"started      0 %", "processing  40 %", "completed  100 %"},
			said:   []string{"event 3 comes after 2, but 1 came last"},
			asked:  []string{`{"from":"snapshot"}`, `{"cursor":"c1"}`},
		},
		"conflated, and a gap": {
			script: []script{send(nil, at(2, 0, "processing", 20), covering, gapOnly, gap(at(60, 59, "failed", 90), 50))},
			args:   []string{"--until-terminal"},
			shown:  []string{"processing  20 %", "processing  90 %  (with 3 before it)", "failed      90 %"},
			said:   []string{"Events may be missing here: the log has none left after 3.\n", "none left after 50.\n", "--cursor c60\n"},
			asked:  []string{`{"from":"snapshot"}`},
		},
		"refused for good": {
			script: []script{send(signalr.HubError("forbidden: not yours"))},
			status: exitFailed,
			said:   []string{"fanfare: forbidden: not yours\n", "--cursor now\n"},
			asked:  []string{`{"from":"snapshot"}`},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := setupTail(t, test.script...)
			topic := testTopic
			if test.topic != "" {
				topic = test.topic
			}
			var stdout, stderr bytes.Buffer
			status := run(t.Context(), append([]string{"tail", "--server", h.url, topic}, test.args...), nil, &stdout, &stderr)
			if status != test.status {
				t.Errorf("status %d, want %d: %s", status, test.status, &stderr)
			}
			var shown []string
			for line := range strings.Lines(stdout.String()) {
				line, ok := strings.CutPrefix(strings.TrimSuffix(line, "\n"), "2026-11-23T10:00:00.005Z  ")
				_, tells, _ := strings.Cut(line, "  ocr  ")
				if tells, _, _ = strings.Cut(tells, "  "+testGUID); !ok {
					t.Errorf("line %q has no time", line)
				}
				shown = append(shown, tells)
			}
			if got, want := strings.Join(shown, "\n"), strings.Join(test.shown, "\n"); got != want {
				t.Errorf("shown\n%s\nwant\n%s", got, want)
			}
			for _, want := range test.said {
				if !strings.Contains(stderr.String(), want) {
					t.Errorf("said %q, want %q in it", &stderr, want)
				}
			}
			for i := range test.asked {
				test.asked[i] = topic + " " + test.asked[i]
			}
			if got, want := strings.Join(h.asked, "\n"), strings.Join(test.asked, "\n"); got != want {
				t.Errorf("asked\n%s\nwant\n%s", got, want)
			}
		})
	}
}

// TestTailLines: whole envelopes, which a program can read.
func TestTailLines(t *testing.T) {
	t.Parallel()
	want := []fanfare.Envelope{snapshot(at(1, 0, "started", 0)), gap(at(9, 8, "completed", 100), 1)}
	h := setupTail(t, send(nil, want...))
	var stdout, stderr bytes.Buffer
	if status := run(t.Context(), []string{"tail", "--server", h.url, "--json", "--limit", "2", testTopic}, nil, &stdout, &stderr); status != 0 {
		t.Fatalf("status %d: %s", status, &stderr)
	}
	var chain fanfare.Chain
	lines := 0
	for line := range strings.Lines(stdout.String()) {
		e, err := fanfare.DecodeEnvelope([]byte(line))
		if err != nil || chain.Follow(e) != nil || e.Seq != want[lines].Seq || e.Snapshot != want[lines].Snapshot || (e.Gap == nil) != (want[lines].Gap == nil) {
			t.Errorf("%s: %+v, %v", line, e, err)
		}
		lines++
	}
	if lines != 2 {
		t.Errorf("%d lines in %s", lines, &stdout)
	}
}

// TestTailCursor: a stored cursor is where the first connection begins.
func TestTailCursor(t *testing.T) {
	t.Parallel()
	topic := fanfare.DocumentTopic(testGUID)
	cursor := fanfare.CursorAt(fanfare.Epoch{1}, 2, "two").Encode(topic)
	h := setupTail(t, send(nil, at(3, 2, "completed", 100)))
	var stderr bytes.Buffer
	status := run(t.Context(), []string{"tail", "--server", h.url, "--cursor", cursor, "--until-terminal", testTopic}, nil, io.Discard, &stderr)
	if want := testTopic + ` {"cursor":"` + cursor + `"}`; status != 0 || len(h.asked) != 1 || h.asked[0] != want {
		t.Errorf("status %d, asked %q, want %q; %s", status, h.asked, want, &stderr)
	}
}

// TestTailWrongArguments: before anything is connected.
func TestTailWrongArguments(t *testing.T) {
	t.Parallel()
	foreign := fanfare.CursorBefore(fanfare.Epoch{}, 1).Encode(fanfare.ServiceTopic("other"))
	for name, test := range map[string]struct {
		args []string
		want string
	}{
		"no topic":             {nil, "arg"},
		"no such topic":        {[]string{"report.pdf"}, "topic is"},
		"two topics":           {[]string{testTopic, "service:ocr"}, "arg"},
		"from nowhere":         {[]string{testTopic, "--from", "yesterday"}, "--from is"},
		"both":                 {[]string{testTopic, "--from", "now", "--cursor", "c"}, "both"},
		"no cursor":            {[]string{testTopic, "--cursor", "c"}, "cursor cannot be read"},
		"another topic's":      {[]string{testTopic, "--cursor", foreign}, "another topic"},
		"no scheme":            {[]string{testTopic, "--server", "127.0.0.1:8080"}, "--server is"},
		"a limit that is none": {[]string{testTopic, "--limit", "-1"}, "--limit is -1"},
	} {
		var stdout, stderr bytes.Buffer
		status := run(t.Context(), append([]string{"tail", "--server", "http://127.0.0.1:1"}, test.args...), nil, &stdout, &stderr)
		if status != exitUsage || !strings.Contains(stderr.String(), test.want) || stdout.Len() > 0 {
			t.Errorf("%s: status %d, %q, want 2 and %q", name, status, &stderr, test.want)
		}
	}
}

// TestTailWithoutServer fails at once: nobody waits for a server that has never
// been there.
func TestTailWithoutServer(t *testing.T) {
	t.Parallel()
	gone := httptest.NewServer(nil)
	gone.Close()
	var stderr bytes.Buffer
	if status := run(t.Context(), []string{"tail", "--server", gone.URL, testTopic}, nil, io.Discard, &stderr); status != exitFailed || !strings.Contains(stderr.String(), gone.URL) {
		t.Errorf("status %d, %q", status, &stderr)
	}
}

// TestTailInterrupted ends with the shell's status for it, and says where to go
// on.
func TestTailInterrupted(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	h := setupTail(t, func(ctx context.Context, yield func(fanfare.Envelope) bool, c *signalr.Caller) error {
		yield(at(1, 0, "started", 0))
		return stay(ctx, yield, c)
	})
	reader, writer := io.Pipe()
	status := make(chan int, 1)
	var stderr bytes.Buffer
	go func() { status <- run(ctx, []string{"tail", "--server", h.url, testTopic}, nil, writer, &stderr) }()
	if _, err := reader.Read(make([]byte, 1000)); err != nil {
		t.Error(err)
	}
	cancel()
	if got := <-status; got != exitInterrupted || stderr.String() != "To go on from here: --cursor c1\n" {
		t.Errorf("status %d, %q", got, &stderr)
	}
}

// TestTailWithoutReader: who closes the output early, as head does, ends it.
func TestTailWithoutReader(t *testing.T) {
	t.Parallel()
	reader, writer, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer writer.Close()
	reader.Close()
	h := setupTail(t, send(nil, at(1, 0, "started", 0)))
	var stderr bytes.Buffer
	if status := run(t.Context(), []string{"tail", "--server", h.url, testTopic}, nil, writer, &stderr); status != exitFailed || strings.Contains(stderr.String(), "fanfare:") {
		t.Errorf("status %d: %s", status, &stderr)
	}
}

// TestTailLine: every payload in a line, and no text of it moves the cursor.
func TestTailLine(t *testing.T) {
	t.Parallel()
	for want, payload := range map[string]fanfare.Payload{
		"processing  40 %  page·4  " + testGUID: fanfare.DocumentPayload{DocumentID: testGUID, Status: "processing", Percentage: 40, Message: "page\a4"},
		"failed       7 %  damaged  no·page":    fanfare.DocumentPayload{Status: "failed", Percentage: 7, Error: &fanfare.Failure{Code: "damaged", Message: "no\npage"}},
		"9 PCI-DSS: a·[2Jcard":                  fanfare.AlertPayload{Framework: "PCI-DSS", Message: "a\x1b[2Jcard", Severity: 9},
		"healthy, 12 MB, 3.5 % of the CPU":      fanfare.HealthPayload{Status: "healthy", Metrics: fanfare.HealthMetrics{MemoryUsageMB: 12, CPUUsage: 3.5}},
		"1 to 3  queue":                         fanfare.ScaledPayload{OldCount: 1, NewCount: 3, Reason: "queue"},
		"ann  c1  gone":                         fanfare.PresencePayload{UserID: "ann", ConnectionID: "c1", DisconnectReason: "gone"},
	} {
		e := fanfare.Envelope{Stored: fanfare.Stored{Topic: fanfare.ServiceTopic("ocr"), Event: fanfare.Event{Service: "ocr", Payload: payload}}}
		for _, colour := range []bool{false, true} {
			line := (&tailView{colour: colour}).line(e)
			if !strings.Contains(line, want) || strings.Contains(line, "\x1b") && !colour {
				t.Errorf("%q, want %q in it", line, want)
			}
		}
	}
}
