package e2e

import (
	"bufio"
	"encoding/json"
	"io"
	"os/exec"
	"reflect"
	"testing"
	"time"

	"github.com/fanfare-hub/fanfare/internal/sample"
)

// stockClient is the stock npm client in a Node process.
type stockClient struct {
	t        *testing.T
	stdin    io.WriteCloser
	lines    chan line
	deadline <-chan time.Time // of all that the test waits for
}

// line is one line of watch.mjs.
type line struct {
	Method     string
	Arguments  []any
	Subscribed string
	Refused    string
	Error      string
	Connected  bool
	Closed     bool
}

// startStock connects watch.mjs to the server; where Node or the client is
// missing, the test is skipped by name.
func startStock(t *testing.T, base, transport, protocol string) *stockClient {
	t.Helper()
	command := exec.CommandContext(t.Context(), nodeWithClient(t), "client/watch.mjs", base, transport, protocol)
	command.Stderr = t.Output()
	stdin, err := command.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	stdout, err := command.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	c := &stockClient{t: t, stdin: stdin, lines: make(chan line, 1024), deadline: time.After(patience)}
	read := make(chan struct{})
	go func() { defer close(read); c.read(stdout) }()
	t.Cleanup(func() {
		stdin.Close()
		<-read
		if err := command.Wait(); err != nil && t.Context().Err() == nil {
			t.Error("stock client:", err)
		}
	})
	for !c.next().Connected {
		continue
	}
	return c
}

func (c *stockClient) read(stdout io.Reader) {
	defer close(c.lines)
	for scanner := bufio.NewScanner(stdout); scanner.Scan(); {
		var l line
		if err := json.Unmarshal(scanner.Bytes(), &l); err != nil {
			c.t.Errorf("stock client wrote %q: %v", scanner.Text(), err)
			return
		}
		c.lines <- l
	}
}

// next is the next line, whatever it is.
func (c *stockClient) next() line {
	c.t.Helper()
	select {
	case l, ok := <-c.lines:
		if !ok {
			c.t.Fatal("the stock client ended")
		}
		return l
	case <-c.deadline:
		c.t.Fatal("what the test waits for did not come to the stock client")
	}
	return line{}
}

// follow subscribes to a document.
func (c *stockClient) follow(id string) {
	c.t.Helper()
	if _, err := io.WriteString(c.stdin, id+"\n"); err != nil {
		c.t.Fatal(err)
	}
}

// update is one ReceiveProcessingUpdate.
type update struct {
	status     string
	percentage int
}

// TestStockClientSeesTheWholeWay follows samples over each transport, in each
// encoding that it can carry.
func TestStockClientSeesTheWholeWay(t *testing.T) {
	t.Parallel()
	for _, test := range []struct{ transport, protocol string }{
		{"WebSockets", "json"},
		{"WebSockets", "messagepack"},
		{"ServerSentEvents", "json"}, // cannot carry bytes
		{"LongPolling", "json"},
		{"LongPolling", "messagepack"},
	} {
		t.Run(test.transport+"/"+test.protocol, func(t *testing.T) {
			t.Parallel()
			testWholeWay(t, test.transport, test.protocol)
		})
	}
}

// testWholeWay uploads the samples and follows each with the stock client:
// real, never falling percentages, the terminal state of every document, and
// the alerts.
func testWholeWay(t *testing.T, transport, protocol string) {
	t.Helper()
	base := startServer(t)
	client := startStock(t, base, transport, protocol)
	samples, err := sample.All()
	if err != nil {
		t.Fatal(err)
	}
	ids := map[string]string{}
	for _, s := range samples {
		id := post(t, base, s.Name, s.Data).ID
		ids[id] = s.Name
		client.follow(id)
	}
	seen, alerts := map[string][]update{}, 0
	for done := 0; done < len(ids); {
		switch l := client.next(); l.Method {
		case "ReceiveProcessingUpdate":
			id, u := l.Arguments[0].(string), update{l.Arguments[1].(string), int(l.Arguments[2].(float64))}
			seen[id] = append(seen[id], u)
			if u.status == "completed" || u.status == "failed" {
				done++
			}
		case "ReceiveComplianceAlert":
			alerts++
		}
	}
	expected := 0
	for id, name := range ids {
		r := get(t, base, id)
		checkUpdates(t, name, seen[id], r)
		expected += len(r.Findings)
	}
	for alerts < expected {
		if client.next().Method == "ReceiveComplianceAlert" {
			alerts++
		}
	}
	if expected == 0 {
		t.Error("no sample has a finding")
	}
}

// checkUpdates holds the updates of one document against its record.
func checkUpdates(t *testing.T, name string, updates []update, r record) {
	t.Helper()
	percentage := 0
	for _, u := range updates {
		if u.percentage < percentage {
			t.Errorf("%s: %v falls", name, updates)
		}
		if u.percentage == 100 && u.status != "completed" {
			t.Errorf("%s: 100 per cent, but %s", name, u.status)
		}
		percentage = u.percentage
	}
	last := updates[len(updates)-1]
	if last != (update{r.Status, r.Percentage}) {
		t.Errorf("%s: last told %v, the record says %s %d", name, last, r.Status, r.Percentage)
	}
	if r.Status == "completed" && r.Percentage != 100 {
		t.Errorf("%s: completed with %d", name, r.Percentage)
	}
	if damaged := name == "damaged.pdf"; damaged != (r.Status == "failed") || damaged && (r.Error == nil || r.Error.Code != "damaged") {
		t.Errorf("%s: %s, %+v", name, r.Status, r.Error)
	}
}

// TestStockClientThatComesLate subscribes when all is over: the terminal state
// is there at once, and nothing else.
func TestStockClientThatComesLate(t *testing.T) {
	t.Parallel()
	base := startServer(t)
	client := startStock(t, base, "WebSockets", "json")
	id := post(t, base, "notes.txt", []byte("a few words\n")).ID
	await(t, "the document is done", func() bool { return get(t, base, id).terminal() })
	client.follow(id)
	var updates []any
	for {
		l := client.next()
		if l.Method == "ReceiveProcessingUpdate" {
			updates = append(updates, l.Arguments)
		}
		if l.Subscribed != "" { // the state is sent before the call is answered
			break
		}
	}
	if want := []any{[]any{id, "completed", 100.0}}; !reflect.DeepEqual(updates, want) {
		t.Errorf("told %v, want %v", updates, want)
	}
}

// TestStockClientBadGUID is refused with a code and a sentence.
func TestStockClientBadGUID(t *testing.T) {
	t.Parallel()
	client := startStock(t, startServer(t), "WebSockets", "json")
	client.follow("no-guid")
	for {
		if l := client.next(); l.Refused != "" {
			if want := "HubException: invalid_argument: "; !contains(l.Error, want) {
				t.Errorf("refused with %q, want %q in it", l.Error, want)
			}
			return
		}
	}
}
