package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/fanfare-hub/fanfare"
	"github.com/fanfare-hub/fanfare/publisher/publishertest"
)

const testGUID = "6f9619ff-8b86-d011-b42d-00cf4fc964ff"

// publishBundle is a hub, and what a command said.
type publishBundle struct {
	hub            *publishertest.Hub
	url            string
	stdout, stderr bytes.Buffer
}

func setupPublish(t *testing.T) *publishBundle {
	t.Helper()
	b := &publishBundle{hub: &publishertest.Hub{}}
	server := httptest.NewServer(b.hub)
	t.Cleanup(server.Close)
	b.url = server.URL
	return b
}

func (b *publishBundle) run(ctx context.Context, in io.Reader, args ...string) int {
	return run(ctx, append([]string{"publish", "--server", b.url}, args...), in, &b.stdout, &b.stderr)
}

// TestPublishFlags: flags mean what the members of the same name do.
func TestPublishFlags(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		args []string
		want string // the stored event, without its version
	}{
		"a document": {
			[]string{"--document", strings.ToUpper(testGUID), "--status", "processing", "--percentage", "40", "--message", "page 4"},
			`ProcessingProgress of fanfare, document:` + testGUID + ` {"document_id":"` + testGUID + `","status":"processing","percentage":40,"service_instance":"","message":"page 4"}`,
		},
		"a completed one": {
			[]string{"--document", testGUID, "--status", "completed", "--service", "ocr"},
			`ProcessingCompleted of ocr, document:` + testGUID + ` {"document_id":"` + testGUID + `","status":"completed","percentage":100,"service_instance":""}`,
		},
		"a service's copy alone": {
			[]string{"--document", testGUID, "--status", "started", "--subject", "service:fanfare"},
			`ProcessingStarted of fanfare, service:fanfare {"document_id":"` + testGUID + `","status":"started","percentage":0,"service_instance":""}`,
		},
		"an alert": {
			[]string{"--framework", "GDPR", "--message", "email", "--severity", "7", "--user", "ann", "--group", "staff", "--priority", "0"},
			`ComplianceAlert of fanfare, user:ann {"framework":"GDPR","message":"email","severity":7}`,
		},
		"data": {
			[]string{"--type", "ServiceScaled", "--data", `{"old_count":1,"new_count":12345678901,"message":"","reason":"queue","own":9007199254740993}`, "--message", "more"},
			"",
		},
		"data with a flag before it": {
			[]string{"--type", "ServiceScaled", "--data", `{"old_count":1,"new_count":3,"message":"less","reason":"queue","own":9007199254740993}`, "--message", "more"},
			`ServiceScaled of fanfare, service:fanfare {"message":"more","old_count":1,"new_count":3,"reason":"queue","own":9007199254740993}`,
		},
		"health": {
			[]string{"--type", "HealthStatusChanged", "--status", "healthy", "--data", `{"metrics":{}}`},
			`HealthStatusChanged of fanfare, service:fanfare {"status":"healthy","metrics":{"memory_usage_mb":0,"thread_count":0,"cpu_usage":0,"active_connections":0}}`,
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := setupPublish(t)
			status := b.run(t.Context(), nil, test.args...)
			events := b.hub.Events()
			if test.want == "" {
				if status != exitUsage || len(events) != 0 {
					t.Errorf("status %d, stored %+v", status, events)
				}
				return
			}
			if status != 0 || len(events) != 1 {
				t.Fatalf("status %d, %s; stored %+v", status, &b.stderr, events)
			}
			topics, _ := events[0].Topics()
			payload, err := json.Marshal(events[0].Payload)
			if got := fmt.Sprintf("%s of %s, %s %s", events[0].Type, events[0].Service, topics[0], payload); err != nil || got != test.want {
				t.Errorf("stored %s, %v, want %s", got, err, test.want)
			}
			if want := "stored " + events[0].ID + " on " + topics[0].String() + " at 1 (memory)\n"; b.stdout.String() != want {
				t.Errorf("said %q, want %q", &b.stdout, want)
			}
		})
	}
}

// TestPublishAgain: the same id is stored once, and the receipt says so.
func TestPublishAgain(t *testing.T) {
	t.Parallel()
	b := setupPublish(t)
	args := []string{"--json", "--id", "mine", "--document", testGUID, "--status", "queued"}
	if status := b.run(t.Context(), nil, args...) + b.run(t.Context(), nil, args...); status != 0 || len(b.hub.Events()) != 1 {
		t.Fatalf("status %d, %s; stored %+v", status, &b.stderr, b.hub.Events())
	}
	var again []bool
	for line := range strings.Lines(b.stdout.String()) {
		var r fanfare.Receipt
		if err := json.Unmarshal([]byte(line), &r); err != nil || r.ID != "mine" || r.Topic != fanfare.DocumentTopic(testGUID) {
			t.Errorf("%s: %+v, %v", line, r, err)
		}
		again = append(again, r.Duplicate)
	}
	if len(again) != 2 || again[0] || !again[1] {
		t.Errorf("duplicates are %v", again)
	}
}

// TestPublishWrongArguments: nothing is sent, and the sentence names what is wrong.
func TestPublishWrongArguments(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		args []string
		want string
	}{
		"nothing":                {nil, "nothing to publish"},
		"unknown type":           {[]string{"--type", "Sung"}, "type is"},
		"unknown status":         {[]string{"--status", "done"}, "status is"},
		"no GUID":                {[]string{"--status", "started", "--document", "report.pdf"}, "document_id is"},
		"out of range":           {[]string{"--status", "started", "--document", testGUID, "--percentage", "101"}, "percentage is 101"},
		"data is no JSON":        {[]string{"--type", "ServiceScaled", "--data", "1,2"}, "--data is no JSON object"},
		"a file's name":          {[]string{"events.ndjson"}, "events.ndjson"},
		"a flag besides -":       {[]string{"--status", "started", "-"}, "--status"},
		"--continue without -":   {[]string{"--status", "started", "--continue"}, "--continue"},
		"bad server":             {[]string{"--server", "localhost", "--status", "started"}, "URL is"},
		"bad service":            {[]string{"--service", "o c r", "--status", "started"}, "Service is"},
		"a subject that is none": {[]string{"--status", "started", "--subject", "user:ann"}, "subject is"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := setupPublish(t)
			status := b.run(t.Context(), strings.NewReader(""), test.args...)
			if status != exitUsage || !strings.Contains(b.stderr.String(), test.want) || b.stdout.Len() > 0 || len(b.hub.Events()) > 0 {
				t.Errorf("status %d, stdout %q, stderr %q: want 2 and %q", status, &b.stdout, &b.stderr, test.want)
			}
		})
	}
}

// TestPublishRefused: in the hub's words.
func TestPublishRefused(t *testing.T) {
	t.Parallel()
	b := setupPublish(t)
	b.hub.Before = func(w http.ResponseWriter, r *http.Request) bool {
		if r.Header.Get("Authorization") == "Bearer right" {
			return true
		}
		publishertest.Refuse(w, fanfare.CodeUnauthenticated, "who are you?")
		return false
	}
	if status := b.run(t.Context(), nil, "--token", "wrong", "--status", "started"); status != exitFailed || b.stderr.String() != "fanfare: unauthenticated: who are you?\n" {
		t.Errorf("status %d, %q", status, &b.stderr)
	}
	if status := b.run(t.Context(), nil, "--token", "right", "--status", "started"); status != 0 {
		t.Errorf("status %d, %q", status, &b.stderr)
	}
}

// A line in each of the two forms, with a number in it.
const (
	cloudLine  = `{"specversion":"1.0","type":"ProcessingProgress","source":"/services/ocr","id":"c-%[1]d","data":{"document_id":"` + testGUID + `","status":"processing","percentage":40}}`
	dotNetLine = `{"Id":"d-%[1]d","EventType":2,"ServiceName":"ocr","Payload":{"document_id":"` + testGUID + `","status":"processing","percentage":40}}`
)

func numbered(form string, from, to int) string {
	var b strings.Builder
	for i := from; i <= to; i++ {
		fmt.Fprintf(&b, form+"\n", i)
	}
	return b.String()
}

// TestPublishLines: what is stored of which input, and what is said.
func TestPublishLines(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		input  string
		args   []string
		status int
		stored int
		said   []string
	}{
		"nothing":                   {"", nil, 0, 0, []string{"0 events stored"}},
		"both forms and empty ones": {numbered(cloudLine, 1, 2) + "\n  \n" + numbered(dotNetLine, 1, 2), nil, 0, 4, []string{"4 events stored"}},
		"no line feed at the end":   {strings.TrimSuffix(numbered(cloudLine, 1, 3), "\n"), nil, 0, 3, nil},
		"several batches":           {numbered(cloudLine, 1, 1234), nil, 0, 1234, []string{"1234 events stored"}},
		"a bad line":                {numbered(cloudLine, 1, 700) + "{}\n" + numbered(cloudLine, 701, 800), nil, exitFailed, 500, []string{"fanfare: line 701: ", "nothing of its batch is stored", "500 events stored"}},
		"a bad line left out":       {numbered(cloudLine, 1, 700) + "{}\n[\n" + numbered(cloudLine, 701, 800), []string{"--continue"}, exitFailed, 800, []string{"line 701 is left out", "line 702 is left out", "800 events stored", "2 bad lines left out"}},
		"a long line":               {numbered(cloudLine, 1, 1) + strings.Repeat("x", 2*maxLine) + "\n" + numbered(cloudLine, 2, 2), []string{"--continue"}, exitFailed, 2, []string{"line 2 is left out: it is longer than"}},
		"a long line at the end":    {numbered(cloudLine, 1, 1) + strings.Repeat("x", 2*maxLine), []string{"--continue"}, exitFailed, 1, []string{"line 2 is left out"}},
		"control characters":        {`{"specversion":"\u001b[2J"}`, nil, exitFailed, 0, []string{"line 1"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := setupPublish(t)
			status := b.run(t.Context(), strings.NewReader(test.input), append(test.args, "-")...)
			if status != test.status || len(b.hub.Events()) != test.stored || b.stdout.Len() > 0 {
				t.Errorf("status %d, stdout %q, %d stored, want %d and %d; %s", status, &b.stdout, len(b.hub.Events()), test.status, test.stored, &b.stderr)
			}
			for _, want := range test.said {
				if !strings.Contains(b.stderr.String(), want) {
					t.Errorf("said %q, want %q in it", &b.stderr, want)
				}
			}
			if strings.Contains(b.stderr.String(), "\x1b") {
				t.Errorf("said %q", &b.stderr)
			}
		})
	}
}

// TestPublishLineRefusedByTheHub: its index becomes the line's number.
func TestPublishLineRefusedByTheHub(t *testing.T) {
	t.Parallel()
	for name, args := range map[string][]string{"ends": {"-"}, "goes on": {"--continue", "-"}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := setupPublish(t)
			b.hub.Before = func(w http.ResponseWriter, r *http.Request) bool {
				body, _ := io.ReadAll(r.Body)
				r.Body = io.NopCloser(bytes.NewReader(body))
				before, _, found := bytes.Cut(body, []byte(`"c-7"`))
				if !found {
					return true
				}
				w.WriteHeader(http.StatusForbidden)
				fmt.Fprintf(w, `{"code":"forbidden","detail":"not you","index":%d}`, bytes.Count(before, []byte("specversion"))-1)
				return false
			}
			status := b.run(t.Context(), strings.NewReader("\n"+numbered(cloudLine, 1, 9)), args...)
			want, stored := "line 8: forbidden: not you", 0
			if name == "goes on" {
				want, stored = "line 8 is left out: forbidden: not you", 8
			}
			if status != exitFailed || len(b.hub.Events()) != stored || !strings.Contains(b.stderr.String(), want) {
				t.Errorf("status %d, %d stored, %q", status, len(b.hub.Events()), &b.stderr)
			}
		})
	}
}

// TestPublishLinesAsTheyCome: a line is stored although no other follows, and
// an interrupt ends the wait for one.
func TestPublishLinesAsTheyCome(t *testing.T) {
	t.Parallel()
	b := setupPublish(t)
	reader, writer := io.Pipe()
	defer writer.Close()
	receipts, out := io.Pipe()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	status := make(chan int, 1)
	go func() {
		status <- run(ctx, []string{"publish", "--server", b.url, "--json", "-"}, reader, out, &b.stderr)
		out.Close()
	}()
	decoder := json.NewDecoder(receipts)
	for i := range 3 {
		io.WriteString(writer, numbered(dotNetLine, i, i))
		var r fanfare.Receipt
		if err := decoder.Decode(&r); err != nil || r.ID != fmt.Sprintf("d-%d", i) {
			t.Errorf("%+v, %v", r, err)
		}
	}
	cancel()
	if got := <-status; got != exitInterrupted || !strings.Contains(b.stderr.String(), "3 events stored") {
		t.Errorf("status %d, %q", got, &b.stderr)
	}
}
