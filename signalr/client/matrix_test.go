package client_test

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"iter"
	"net/http"
	"net/http/httptest"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/fanfare-hub/fanfare/signalr/client"
	"github.com/fanfare-hub/fanfare/signalr/hubproto"
	"github.com/fanfare-hub/fanfare/signalr/internal/golden"
)

var hubFlag = flag.String("hub", "", "run the matrix against the recorded hub at this address (http://host:port) instead of ours")

// goldenHub is the address of the hub of the recordings.
func goldenHub(t *testing.T) string {
	t.Helper()
	if *hubFlag != "" {
		return *hubFlag
	}
	hub := golden.NewServer()
	web := httptest.NewServer(hub)
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), patience)
		defer cancel()
		if err := hub.Shutdown(ctx); err != nil {
			t.Error(err)
		}
		web.Close()
	})
	return web.URL
}

// cell is one transport with one encoding.
type cell struct {
	t         *testing.T
	url       string
	transport client.Transports
	protocol  hubproto.Codec
	http      *http.Client
}

func (m *cell) options() *client.Options {
	return &client.Options{Transports: m.transport, Protocol: m.protocol, HTTPClient: m.http}
}

func (m *cell) connect() *client.Client {
	m.t.Helper()
	return start(m.t, client.New(m.url+"/golden", m.options()))
}

// TestMatrix runs what clients do against the hub of the recordings, in all
// transports and encodings.
func TestMatrix(t *testing.T) {
	t.Parallel()
	url := goldenHub(t)
	for _, transport := range []client.Transports{client.WebSockets, client.ServerSentEvents, client.LongPolling} {
		for _, protocol := range []hubproto.Codec{hubproto.NewJSON(nil), hubproto.NewMessagePack(nil)} {
			if transport == client.ServerSentEvents && protocol.Binary() {
				continue // see TestEventsRefuseMessagePack
			}
			t.Run(fmt.Sprintf("%v/%s", transport, protocol.Name()), func(t *testing.T) {
				t.Parallel()
				runCell(t, &cell{url: url, transport: transport, protocol: protocol})
			})
		}
	}
}

func runCell(t *testing.T, template *cell) {
	t.Helper()
	tests := map[string]func(*cell){
		"values": testValues, "void": testVoid, "errors": testErrors, "at once": testManyAtOnce,
		"streams": testStreams, "cancel": testCancel, "uploads": testUploads, "both ways": testBothWays,
		"calls": testCalls, "groups": testGroups, "results": testResults, "nested results": testNestedResults,
		"big": testBig, "abort": testAbort, "reconnect": testReconnect, "stateful reconnect": testStateful,
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			m := *template
			transport := &http.Transport{}
			m.t, m.http = t, &http.Client{Transport: transport}
			t.Cleanup(transport.CloseIdleConnections)
			test(&m)
		})
	}
}

// invoke calls a method and compares its result.
func invoke[T any](m *cell, c *client.Client, want T, method string, args ...any) {
	m.t.Helper()
	var got T
	if err := c.Invoke(testContext(m.t), &got, method, args...); err != nil || !reflect.DeepEqual(got, want) {
		m.t.Errorf("%s = %v, %v; want %v", method, got, err, want)
	}
}

type goldenPoint struct {
	X     int     `json:"x" msgpack:"X"`
	Y     int     `json:"y" msgpack:"Y"`
	Label *string `json:"label" msgpack:"Label"`
}

func testValues(m *cell) {
	c := m.connect()
	if c.ConnectionID() == "" {
		m.t.Error("no connection id")
	}
	invoke(m, c, true, "KnowsConnection", c.ConnectionID())
	invoke(m, c, "<é😀\n>", "Echo", "<é😀\n>")
	invoke(m, c, 5, "Add", 2, 3)
	invoke(m, c, []byte{0, 255}, "EchoBytes", []byte{0, 255})
	label := "l"
	invoke(m, c, goldenPoint{1, -2, &label}, "EchoPoint", goldenPoint{1, -2, &label})
	invoke(m, c, (*int)(nil), "EchoNullable", nil)
}

func testVoid(m *cell) {
	c := m.connect()
	result := "untouched"
	if err := c.Invoke(testContext(m.t), &result, "Nothing"); err != nil {
		m.t.Errorf("Nothing: %v", err)
	}
	if err := c.Invoke(testContext(m.t), nil, "NothingAsync"); err != nil {
		m.t.Errorf("NothingAsync: %v", err)
	}
	var missing *string
	if err := c.Invoke(testContext(m.t), &missing, "Null"); err != nil || missing != nil {
		m.t.Errorf("Null = %v, %v", missing, err)
	}
}

func testErrors(m *cell) {
	c := m.connect()
	tests := map[string]struct {
		args []any
		want string // in the error's text
	}{
		"ThrowHub": {nil, "for the client"},
		"Throw":    {nil, "An unexpected error occurred invoking 'Throw' on the server."},
		"NoSuch":   {nil, "Method does not exist."},
		"Add":      {[]any{1}, "Failed to invoke 'Add' due to an error on the server."},
	}
	for method, test := range tests {
		err := c.Invoke(testContext(m.t), nil, method, test.args...)
		var failure *client.HubError
		if !errors.As(err, &failure) || !strings.Contains(failure.Message, test.want) {
			m.t.Errorf("%s: %v, want %q in it", method, err, test.want)
		}
	}
	invoke(m, c, "still here", "Echo", "still here")
}

func testManyAtOnce(m *cell) {
	c := m.connect()
	results := make(chan error)
	const calls = 20
	for i := range calls {
		go func() {
			var sum int
			err := c.Invoke(testContext(m.t), &sum, "Add", i, 1000)
			if err == nil && sum != i+1000 {
				err = fmt.Errorf("%d + 1000 = %d", i, sum)
			}
			results <- err
		}()
	}
	for range calls {
		if err := <-results; err != nil {
			m.t.Error(err)
		}
	}
}

func gather(seq iter.Seq2[int, error]) (items []int, err error) {
	for item, failure := range seq {
		if failure != nil {
			return items, failure
		}
		items = append(items, item)
	}
	return items, nil
}

func testStreams(m *cell) {
	c := m.connect()
	ctx := testContext(m.t)
	if items, err := gather(client.Stream[int](ctx, c, "Count", 200)); err != nil || len(items) != 200 || !slices.IsSorted(items) {
		m.t.Errorf("Count = %v, %v", items, err)
	}
	items, err := gather(client.Stream[int](ctx, c, "CountThenThrowHub", 2))
	var failure *client.HubError
	if !errors.As(err, &failure) || !strings.Contains(failure.Message, "for the client") || len(items) != 2 {
		m.t.Errorf("CountThenThrowHub = %v, %v", items, err)
	}
	if items, err = gather(client.Stream[int](ctx, c, "NoSuch")); !errors.As(err, &failure) || len(items) != 0 {
		m.t.Errorf("NoSuch = %v, %v", items, err)
	}
}

func testCancel(m *cell) {
	c := m.connect()
	for _, err := range client.Stream[int](testContext(m.t), c, "CountForever") {
		if err != nil {
			m.t.Fatal(err)
		}
		break
	}
	for deadline := time.Now().Add(patience); ; {
		var cancelled bool
		if err := c.Invoke(testContext(m.t), &cancelled, "WasCancelled"); err != nil {
			m.t.Fatal(err)
		}
		if cancelled {
			return
		}
		if time.Now().After(deadline) {
			m.t.Fatal("the hub was not told")
		}
	}
}

func testUploads(m *cell) {
	c := m.connect()
	invoke(m, c, 4950, "Sum", count(100, nil))
	invoke(m, c, 0, "Sum", count(0, nil))
	texts := make(chan string, 2)
	texts <- "c"
	texts <- "d"
	close(texts)
	more := func(yield func(string, error) bool) { _ = yield("a", nil) && yield("b", nil) }
	invoke(m, c, "-abcd", "Concat", "-", iter.Seq2[string, error](more), texts)
	err := c.Invoke(testContext(m.t), nil, "Sum", count(3, errors.New("enough")))
	var failure *client.HubError
	if !errors.As(err, &failure) {
		m.t.Errorf("Sum of a stream that fails = %v, want the hub's error", err)
	}
}

func testBothWays(m *cell) {
	c := m.connect()
	items, err := gather(client.Stream[int](testContext(m.t), c, "Double", count(50, nil)))
	if err != nil || len(items) != 50 || items[49] != 98 {
		m.t.Errorf("Double = %v, %v", items, err)
	}
}

func testCalls(m *cell) {
	c := client.New(m.url+"/golden", m.options())
	calls := make(chan string, 10)
	c.On("told", func(i int, text string, p goldenPoint) { calls <- fmt.Sprint(i, text, p.X, p.Y) })
	c.On("noArguments", func() { calls <- "none" })
	start(m.t, c)
	if err := c.Send(testContext(m.t), "CallMe", "told", 3); err != nil {
		m.t.Fatal(err)
	}
	for i := range 3 {
		if got, want := waitFor(m.t, calls, "call"), fmt.Sprintf("%d number %d%d %d", i, i, i, -i); got != strings.Replace(want, " number", "number", 1) {
			m.t.Errorf("call %d: %s", i, got)
		}
	}
	if err := c.Invoke(testContext(m.t), nil, "CallMeNoArguments"); err != nil {
		m.t.Fatal(err)
	}
	waitFor(m.t, calls, "call without arguments")
}

func testGroups(m *cell) {
	group := m.t.Name()
	messages := make(chan string, 10)
	var members []*client.Client
	for i := range 2 {
		c := client.New(m.url+"/golden", m.options())
		c.On("message", func(text string) { messages <- fmt.Sprint(i, text) })
		members = append(members, start(m.t, c))
		if err := c.Invoke(testContext(m.t), nil, "Join", group); err != nil {
			m.t.Fatal(err)
		}
	}
	if err := members[0].Invoke(testContext(m.t), nil, "ToGroup", group, "all"); err != nil {
		m.t.Fatal(err)
	}
	got := []string{waitFor(m.t, messages, "message"), waitFor(m.t, messages, "message")}
	if slices.Sort(got); !slices.Equal(got, []string{"0all", "1all"}) {
		m.t.Errorf("messages %q", got)
	}
	if err := members[0].Invoke(testContext(m.t), nil, "ToOthersInGroup", group, "others"); err != nil {
		m.t.Fatal(err)
	}
	if got := waitFor(m.t, messages, "message"); got != "1others" {
		m.t.Errorf("message %q", got)
	}
}

func testResults(m *cell) {
	c := client.New(m.url+"/golden", m.options())
	c.On("answer", func(question string) (string, error) {
		if question == "bad" {
			return "", errors.New("not that one")
		}
		return question + "!", nil
	})
	start(m.t, c)
	invoke(m, c, "the client said why!", "AskClient", "why")
	err := c.Invoke(testContext(m.t), nil, "AskClient", "bad")
	var failure *client.HubError
	if !errors.As(err, &failure) || !strings.Contains(failure.Message, "not that one") {
		m.t.Errorf("AskClient = %v, want the client's own error", err)
	}
	err = c.Invoke(testContext(m.t), nil, "AskClientNumber") // no handler
	if !errors.As(err, &failure) || !strings.Contains(failure.Message, "Client didn't provide a result.") {
		m.t.Errorf("AskClientNumber = %v", err)
	}
}

// A handler may call the hub, which asks this client before it answers.
func testNestedResults(m *cell) {
	c := client.New(m.url+"/golden", m.options())
	results := make(chan string, 1)
	c.On("noArguments", func(ctx context.Context) error {
		var result string
		err := c.Invoke(ctx, &result, "AskClient", "within")
		results <- result
		return err
	})
	c.On("answer", func(question string) string { return question + "?" })
	start(m.t, c)
	if err := c.Send(testContext(m.t), "CallMeNoArguments"); err != nil {
		m.t.Fatal(err)
	}
	if got := waitFor(m.t, results, "result"); got != "the client said within?" {
		m.t.Errorf("result %q", got)
	}
}

func testBig(m *cell) {
	c := m.connect()
	const size = 1 << 20
	var text string
	if err := c.Invoke(testContext(m.t), &text, "Big", size); err != nil || len(text) != size {
		m.t.Errorf("Big = %d bytes, %v", len(text), err)
	}
}

// CLOSE-03: the hub that aborts a connection does not want it back.
func testAbort(m *cell) {
	options := m.options()
	options.Reconnect = client.ReconnectAfter()
	options.OnReconnecting = func(err error) { m.t.Errorf("reconnecting after %v", err) }
	c := start(m.t, client.New(m.url+"/golden", options))
	c.Send(testContext(m.t), "Abort") // which may be answered by the end only
	var closed *client.CloseError
	if err := ended(m.t, c); !errors.As(err, &closed) {
		m.t.Errorf("Err = %v, want a CloseError", err)
	}
}

func testReconnect(m *cell) {
	way := newCutter(m.t, m.url)
	options := m.options()
	lost, back := make(chan error, 1), make(chan string, 1)
	options.Reconnect = func(client.Retry) (time.Duration, bool) { return 10 * time.Millisecond, true }
	options.OnReconnecting = func(err error) { lost <- err }
	options.OnReconnected = func(id string) { back <- id }
	c := start(m.t, client.New(way.url+"/golden", options))
	first := c.ConnectionID()
	invoke(m, c, "before", "Echo", "before")
	way.block(true) // else net/http polls again by itself
	if err := waitFor(m.t, lost, "OnReconnecting"); err == nil {
		m.t.Error("OnReconnecting without a reason")
	}
	if err := c.Send(testContext(m.t), "Nothing"); !errors.Is(err, client.ErrReconnecting) || c.State() != client.StateReconnecting {
		m.t.Errorf("Send = %v in state %v", err, c.State())
	}
	way.block(false)
	if id := waitFor(m.t, back, "OnReconnected"); id == first || id != c.ConnectionID() {
		m.t.Errorf("OnReconnected(%q), first connection %q, present %q", id, first, c.ConnectionID())
	}
	invoke(m, c, "after", "Echo", "after")
}

// SR-08, SR-21: the connection goes on where its WebSocket is cut, and all that
// was under way arrives. Other transports are not asked to.
func testStateful(m *cell) {
	way := newCutter(m.t, m.url)
	options := m.options()
	options.StatefulReconnect = true
	c := client.New(way.url+"/stateful", options)
	messages := make(chan string, 1)
	c.On("message", func(text string) { messages <- text })
	start(m.t, c)
	first := c.ConnectionID()
	invoke(m, c, any(nil), "Join", m.t.Name())
	if m.transport != client.WebSockets {
		return
	}
	for i := range 10 {
		answers := make(chan error, 20)
		for n := range cap(answers) {
			go func() {
				var sum int
				err := c.Invoke(testContext(m.t), &sum, "Add", n, 0)
				if err == nil && sum != n {
					err = fmt.Errorf("answer %d to %d", sum, n)
				}
				answers <- err
			}()
		}
		way.cut()
		for range cap(answers) {
			if err := waitFor(m.t, answers, "answer"); err != nil {
				m.t.Fatalf("cut %d: %v", i, err)
			}
		}
	}
	if err := c.Send(testContext(m.t), "ToGroup", m.t.Name(), "still a member"); err != nil {
		m.t.Fatal(err)
	}
	if got := waitFor(m.t, messages, "message"); got != "still a member" {
		m.t.Errorf("message %q", got)
	}
	if c.ConnectionID() != first || c.Stats().Resumed == 0 {
		m.t.Errorf("connection %s became %s, resumed %d times", first, c.ConnectionID(), c.Stats().Resumed)
	}
}

// SSE-06: the transport has no binary format, and the client does not try.
func TestEventsRefuseMessagePack(t *testing.T) {
	t.Parallel()
	t.Cleanup(http.DefaultClient.CloseIdleConnections)
	c := client.New(goldenHub(t)+"/golden", &client.Options{Transports: client.ServerSentEvents, Protocol: hubproto.NewMessagePack(nil)})
	err := c.Start(testContext(t))
	if err == nil || !strings.Contains(err.Error(), "ServerSentEvents does not carry the protocol messagepack") {
		t.Errorf("Start = %v", err)
	}
}
