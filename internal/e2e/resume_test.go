package e2e

import (
	"bufio"
	"encoding/json"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"testing"

	"github.com/fanfare-hub/fanfare"
)

// followLine is one line of follow.mjs.
type followLine struct {
	Envelope   json.RawMessage
	Subscribed *struct {
		Topic, Cursor string
		Resumed       bool
	}
	Failed string
	Closed bool
	Error  string
}

// startFollow connects follow.mjs, whose lines come until the test ends.
func startFollow(t *testing.T, base, transport, protocol string, topic fanfare.Topic) <-chan followLine {
	t.Helper()
	command := exec.CommandContext(t.Context(), nodeWithClient(t), "client/follow.mjs", base, transport, protocol, topic.String())
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
	lines, read := make(chan followLine, 20_000), make(chan struct{})
	go func() { defer close(read); defer close(lines); readFollow(t, stdout, lines) }()
	t.Cleanup(func() {
		stdin.Close()
		<-read
		command.Wait() // it may end while it reconnects
	})
	return lines
}

func readFollow(t *testing.T, stdout io.Reader, lines chan<- followLine) {
	t.Helper()
	scanner := bufio.NewScanner(stdout)
	scanner.Buffer(nil, 1<<20)
	for scanner.Scan() {
		var l followLine
		if err := json.Unmarshal(scanner.Bytes(), &l); err != nil {
			t.Errorf("follow.mjs wrote %q: %v", scanner.Text(), err)
			return
		}
		lines <- l
	}
}

// account is what a follower has received, held against what was stored.
type account struct {
	t        *testing.T
	chain    fanfare.Chain
	seen     map[string]int // of each event id, how often
	covered  int
	resumed  int // subscriptions that went on without a gap
	terminal bool
}

func newAccount(t *testing.T) *account {
	t.Helper()
	return &account{t: t, seen: map[string]int{}}
}

func (a *account) take(l followLine) {
	a.t.Helper()
	switch {
	case l.Closed:
		a.t.Fatal("the client gave up:", l.Error)
	case l.Subscribed != nil && l.Subscribed.Resumed:
		a.resumed++
	case l.Envelope != nil:
		e, err := fanfare.DecodeEnvelope(l.Envelope)
		if err != nil {
			a.t.Fatal(err)
		}
		a.envelope(e)
	}
}

func (a *account) envelope(e fanfare.Envelope) {
	a.t.Helper()
	if err := a.chain.Follow(e); err != nil {
		a.t.Fatal(err)
	}
	if e.Gap != nil {
		a.t.Fatalf("a gap after %d, with everything in the log", e.Gap.After)
	}
	a.seen[e.Event.ID]++
	a.covered += e.Covers
	a.terminal = a.terminal || e.Event.Terminal()
}

// settle compares with what was stored: each once, or covered by another.
func (a *account) settle(receipts []stored) {
	a.t.Helper()
	for _, r := range receipts {
		if n := a.seen[r.ID]; n > 1 {
			a.t.Errorf("%s came %d times", r.ID, n)
		}
	}
	if got := len(a.seen) + a.covered; got != len(receipts) {
		a.t.Errorf("%d came and %d were covered: want %d in all", len(a.seen), a.covered, len(receipts))
	}
}

// TestStockClientThroughCuts cuts the stock client's connection a hundred times
// while events go by; its handler sees each once or covered, in order.
func TestStockClientThroughCuts(t *testing.T) {
	t.Parallel()
	for _, cell := range []struct {
		transport, protocol string
		cuts                int
	}{{"WebSockets", "json", 100}, {"ServerSentEvents", "json", 20}, {"LongPolling", "messagepack", 20}} {
		t.Run(cell.transport, func(t *testing.T) {
			t.Parallel()
			if testing.Short() {
				cell.cuts = 5
			}
			base := startServer(t)
			through := newCutter(t, base)
			document := fanfare.DeriveID(t.Name())
			lines := startFollow(t, through.url(), cell.transport, cell.protocol, fanfare.DocumentTopic(document))
			a := newAccount(t)
			for l := nextLine(t, lines); l.Subscribed == nil; l = nextLine(t, lines) {
				a.take(l)
			}
			receipts := publishThroughCuts(t, base, through, document, cell.cuts, func(last stored) {
				for a.chain.Cursor() != last.Cursor {
					a.take(nextLine(t, lines))
				}
			})
			a.settle(receipts)
			if !a.terminal {
				t.Error("the terminal state did not come")
			}
			// A cut between two polls is none to long polling.
			if a.resumed < cell.cuts/2 {
				t.Errorf("%d resumed, of %d cuts", a.resumed, cell.cuts)
			}
			t.Logf("%d events, %d covered, %d resumed", len(receipts), a.covered, a.resumed)
		})
	}
}

// publishThroughCuts publishes a document's life, cuts somewhere in the middle
// of each hundred events, and awaits that the client has the last of them.
func publishThroughCuts(t *testing.T, base string, through *cutter, document string, cuts int, caughtUp func(stored)) (receipts []stored) {
	t.Helper()
	const perCut = 100
	random, total := rand.New(rand.NewPCG(1, 2)), cuts*perCut
	for range cuts {
		at := random.IntN(perCut)
		for first := 0; first < perCut; {
			n := min(1+random.IntN(40), perCut-first)
			events := make([]fanfare.Event, n)
			for i := range events {
				done := len(receipts) + i + 1
				events[i] = step(document, done, statusAt(done, total), done*100/total)
			}
			receipts = append(receipts, publish(t, base, events...)...)
			if first <= at && at < first+n {
				through.cut()
			}
			first += n
		}
		caughtUp(receipts[len(receipts)-1])
	}
	return receipts
}

func statusAt(done, total int) fanfare.Status {
	if done == total {
		return fanfare.StatusCompleted
	}
	return fanfare.StatusProcessing
}

func nextLine(t *testing.T, lines <-chan followLine) followLine {
	t.Helper()
	l, ok := within(t, lines)
	if !ok {
		t.Fatal("follow.mjs has ended")
	}
	return l
}

// nodeWithClient is Node with the stock client; without, the test is skipped by
// name.
func nodeWithClient(t *testing.T) string {
	t.Helper()
	node, err := exec.LookPath("node")
	if err != nil {
		t.Skip("SKIPPED: the stock JavaScript client needs Node, which is not installed")
	}
	if _, err := os.Stat("client/node_modules/@microsoft/signalr-protocol-msgpack"); err != nil {
		t.Skip("SKIPPED: the stock JavaScript client is not installed; run make test, or npm ci in internal/e2e/client")
	}
	return node
}
