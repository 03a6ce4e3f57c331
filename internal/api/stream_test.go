package api

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/fanfare-hub/fanfare"
	"github.com/fanfare-hub/fanfare/internal/feed"
)

// patience is how long a test waits for what must come.
const patience = 30 * time.Second

// following is an event stream as a client sees it.
type following struct {
	response *http.Response
	lines    *bufio.Scanner
	leave    func()
}

// follow opens an event stream; headers come in pairs.
func follow(t *testing.T, server *httptest.Server, query string, headers ...string) *following {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, server.URL+topicPath+query, nil)
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Accept", streamType)
	for i := 0; i < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	response, err := server.Client().Do(r) //nolint:bodyclose // leave closes it
	if err != nil {
		t.Fatal(err)
	}
	f := &following{response: response, lines: bufio.NewScanner(response.Body), leave: func() {
		cancel()
		response.Body.Close()
	}}
	f.lines.Buffer(nil, 1<<20)
	t.Cleanup(f.leave)
	return f
}

// line is the next one that is no sign of life, which are of two lines.
func (f *following) line(t *testing.T) string {
	t.Helper()
	for f.lines.Scan() {
		if line := f.lines.Text(); line != ":" {
			return line
		}
		f.lines.Scan()
	}
	t.Fatalf("the stream ended: %v", f.lines.Err())
	return ""
}

// event is the next one, whose form it checks.
func (f *following) event(t *testing.T) fanfare.Envelope {
	t.Helper()
	id, okID := strings.CutPrefix(f.line(t), "id: ")
	data, okData := strings.CutPrefix(f.line(t), "data: ")
	e, err := fanfare.DecodeEnvelope([]byte(data))
	if end := f.line(t); !okID || !okData || err != nil || end != "" || id != e.Cursor {
		t.Fatalf("got id %q, data %q, then %q, %v", id, data, end, err)
	}
	return e
}

func serveHub(t *testing.T, change func(*Options)) (*httptest.Server, *API, *memory) {
	t.Helper()
	api, log := newHub(t, change)
	server := httptest.NewServer(api)
	t.Cleanup(func() {
		api.Close()
		server.Close()
	})
	return server, api, log
}

func TestStreamFollowsFromTheSnapshot(t *testing.T) {
	t.Parallel()
	server, api, _ := serveHub(t, nil)
	publishProgress(t, api, "a", "b")
	f := follow(t, server, "")
	for name, want := range map[string]string{"Content-Type": streamType, "Cache-Control": "no-store", "X-Accel-Buffering": "no"} {
		if got := f.response.Header.Get(name); got != want {
			t.Errorf("%s is %q, want %q", name, got, want)
		}
	}
	if e := f.event(t); e.Event.ID != "b" || !e.Snapshot {
		t.Errorf("the first is %+v", e)
	}
	for _, id := range []string{"c", "d"} {
		publishProgress(t, api, id)
		if e := f.event(t); e.Event.ID != id || e.Snapshot {
			t.Errorf("then comes %+v, want %s", e, id)
		}
	}
}

func TestStreamBeginsWhereItIsTold(t *testing.T) {
	t.Parallel()
	server, api, log := serveHub(t, nil)
	publishProgress(t, api, "a", "b", "c")
	events := log.events[fanfare.DocumentTopic(guid)]
	first, second := events[0].Cursor, events[1].Cursor
	for _, test := range []struct{ query, last, want string }{
		{"?from=start", "", "a"},
		{"?after=" + first, "", "b"},
		{"?after=" + first, second, "c"},
		{"?from=start", first, "b"},
		{"", second, "c"},
	} {
		f := follow(t, server, test.query, "Last-Event-ID", test.last)
		if e := f.event(t); e.Event.ID != test.want {
			t.Errorf("%+v begins with %s", test, e.Event.ID)
		}
	}
	bad := streamRequest(topicPath)
	bad.Header.Set("Last-Event-ID", "x")
	checkProblem(t, serve(api, bad), http.StatusBadRequest, "invalid_cursor", "cannot be read")
}

func TestStreamGivesSignsOfLife(t *testing.T) {
	t.Parallel()
	server, api, _ := serveHub(t, func(o *Options) { o.Heartbeat = time.Millisecond })
	f := follow(t, server, "")
	for range 3 {
		if !f.lines.Scan() || f.lines.Text() != ":" || !f.lines.Scan() || f.lines.Text() != "" {
			t.Fatalf("got %q, %v", f.lines.Text(), f.lines.Err())
		}
	}
	publishProgress(t, api, "a")
	if e := f.event(t); e.Event.ID != "a" {
		t.Errorf("between them comes %+v", e)
	}
}

func TestStreamPassesGapsOn(t *testing.T) {
	t.Parallel()
	gap := fanfare.Envelope{Stored: fanfare.Stored{Topic: fanfare.DocumentTopic(guid), Seq: 7, Event: fanfare.Event{Service: "hub"}}, Cursor: "c", Gap: &fanfare.Gap{After: 5}}
	server, api, log := serveHub(t, nil)
	api.topics = reading{log, func(context.Context) (fanfare.Envelope, error) { return gap, nil }}
	if e := follow(t, server, "").event(t); !e.GapOnly() || e.Gap.After != 5 || e.Seq != 7 {
		t.Errorf("got %+v", e)
	}
}

func TestStreamKeepsItsFormWhateverTheRecord(t *testing.T) {
	t.Parallel()
	record := "{\"specversion\":\"1.0\",\r\n\"id\":\"a\",\"type\":\"ServiceScaled\",\"source\":\"s\",\n\"data\":{}\r}"
	odd := fanfare.Envelope{Stored: fanfare.Stored{Topic: fanfare.ServiceTopic("s"), Event: fanfare.Event{Payload: fanfare.ScaledPayload{}}, Record: []byte(record)}, Cursor: "c"}
	server, api, log := serveHub(t, nil)
	api.topics = reading{log, func(context.Context) (fanfare.Envelope, error) { return odd, nil }}
	if e := follow(t, server, "").event(t); e.Event.ID != "a" {
		t.Errorf("got %+v", e)
	}
}

// reading gives readers whose Next is a function.
type reading struct {
	*memory

	next func(context.Context) (fanfare.Envelope, error)
}

func (r reading) Read(context.Context, fanfare.Topic, feed.Start) (Reader, error) {
	r.readers.Add(1)
	return functionReader(r), nil
}

type functionReader reading

func (r functionReader) Next(ctx context.Context) (fanfare.Envelope, error) { return r.next(ctx) }

func (r functionReader) Close() { r.readers.Add(-1) }

// ended waits for the end of a stream, and says whether it was a clean one.
func (f *following) ended() error {
	for f.lines.Scan() {
	}
	return f.lines.Err()
}

func TestStreamEndsWithItsFeed(t *testing.T) {
	t.Parallel()
	server, api, log := serveHub(t, nil)
	api.topics = reading{log, func(context.Context) (fanfare.Envelope, error) {
		return fanfare.Envelope{}, fanfare.Errorf(fanfare.CodeUnavailable, "away")
	}}
	if err := follow(t, server, "").ended(); err != nil {
		t.Errorf("it ends with %v", err)
	}
}

func TestCloseEndsStreamsForShutdown(t *testing.T) {
	t.Parallel()
	server, api, log := serveHub(t, nil)
	publishProgress(t, api, "a")
	streams := []*following{follow(t, server, ""), follow(t, server, "")}
	for _, f := range streams {
		f.event(t)
	}
	api.Close()
	for _, f := range streams {
		if err := f.ended(); err != nil {
			t.Errorf("a stream ends with %v", err)
		}
	}
	got := serve(api, streamRequest(topicPath))
	checkProblem(t, got, http.StatusServiceUnavailable, "unavailable", "stopping")
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	if err := server.Config.Shutdown(ctx); err != nil {
		t.Error(err)
	}
	if log.readers.Load() != 0 {
		t.Errorf("%d readers are left", log.readers.Load())
	}
}

func TestStreamsAreBounded(t *testing.T) {
	t.Parallel()
	server, api, _ := serveHub(t, func(o *Options) { o.MaxStreams = 2 })
	publishProgress(t, api, "a")
	first, second := follow(t, server, ""), follow(t, server, "")
	first.event(t)
	second.event(t)
	refused := serve(api, streamRequest(topicPath))
	checkProblem(t, refused, http.StatusServiceUnavailable, "unavailable", "2 event streams")
	if refused.header.Get("Retry-After") == "" {
		t.Error("no Retry-After")
	}
	first.leave()
	for deadline := time.Now().Add(patience); ; {
		third := follow(t, server, "")
		if third.response.StatusCode == http.StatusOK {
			break
		}
		third.leave()
		if time.Now().After(deadline) {
			t.Fatal("who has left still counts")
		}
	}
	if page := readPage(t, api, topicPath); len(page.ids) != 1 {
		t.Errorf("the history is %+v", page)
	}
}

func TestStreamOfHeadEnds(t *testing.T) {
	t.Parallel()
	api, log := newHub(t, nil)
	r := streamRequest(topicPath)
	r.Method = http.MethodHead
	if got := serve(api, r); got.status != http.StatusOK || got.header.Get("Content-Type") != streamType || got.body != "" || log.readers.Load() != 0 {
		t.Errorf("status %d, body %q, %d readers", got.status, got.body, log.readers.Load())
	}
}

// A client that reads nothing holds one event, not a queue of them, and is given
// up; one that reads slowly is not.
func TestStreamIsAtItsClientsPace(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		large := fanfare.Envelope{Cursor: "c", Stored: fanfare.Stored{Topic: fanfare.ServiceTopic("s"), Event: fanfare.Event{
			Type: fanfare.ServiceScaled, Service: "s", Payload: fanfare.ScaledPayload{Message: strings.Repeat("m", 100<<10)},
		}}}
		var fetched atomic.Int64
		api, log := newHub(t, nil)
		api.topics = reading{log, func(context.Context) (fanfare.Envelope, error) {
			fetched.Add(1)
			return large, nil
		}}
		conn, stop := pipe(api)
		defer stop()
		fmt.Fprintf(conn, "GET %s HTTP/1.1\r\nHost: here\r\nAccept: %s\r\n\r\n", topicPath, streamType)
		slow := io.LimitReader(conn, 60<<10)
		for n := 1; n > 0; n, _ = slow.Read(make([]byte, 1<<10)) {
			<-time.After(time.Second)
		}
		if n := fetched.Load(); n != 1 || log.readers.Load() != 1 {
			t.Errorf("%d are fetched and %d readers open after 60 KB in a minute", n, log.readers.Load())
		}
		<-time.After(answerIdle + time.Second)
		if n := fetched.Load(); n > 2 || log.readers.Load() != 0 {
			t.Errorf("%d are fetched and %d readers open of a client that reads nothing", n, log.readers.Load())
		}
	})
}

// pipe serves a handler over one connection in memory.
func pipe(handler http.Handler) (client net.Conn, stop func()) {
	client, inner := net.Pipe()
	listener := &once{conn: inner, closed: make(chan struct{})}
	server := &http.Server{Handler: handler}
	done := make(chan struct{})
	go func() {
		defer close(done)
		server.Serve(listener)
	}()
	return client, func() {
		client.Close()
		server.Close()
		<-done
	}
}

// once is a listener of one connection.
type once struct {
	conn   net.Conn
	closed chan struct{}
}

func (o *once) Accept() (net.Conn, error) {
	if conn := o.conn; conn != nil {
		o.conn = nil
		return conn, nil
	}
	<-o.closed
	return nil, errors.New("closed")
}

func (o *once) Close() error {
	close(o.closed)
	return nil
}

func (o *once) Addr() net.Addr { return &net.UnixAddr{Name: "pipe", Net: "unix"} }
