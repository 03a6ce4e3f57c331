package hub_test

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"reflect"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/fanfare-hub/fanfare"
	"github.com/fanfare-hub/fanfare/internal/app/hub"
	"github.com/fanfare-hub/fanfare/internal/bus"
	"github.com/fanfare-hub/fanfare/internal/feed"
	"github.com/fanfare-hub/fanfare/signalr"
	"github.com/fanfare-hub/fanfare/signalr/client"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const guid = "0f8fad5b-d9cb-469f-a165-70867728950e"

// patience is how long a test waits for what must come.
const patience = 30 * time.Second

// emitter hands on what the hub tells.
type emitter chan fanfare.Event

func (e emitter) Emit(ctx context.Context, event fanfare.Event) (fanfare.Receipt, error) {
	select {
	case e <- event:
		return fanfare.Receipt{}, nil
	case <-ctx.Done():
		return fanfare.Receipt{}, ctx.Err()
	}
}

// bundle is a hub behind a real server, on a real log, and what it emits.
type bundle struct {
	log     *bus.Bus
	emitted emitter
	url     string
	stop    func()
}

// sink hands events to a hub as the app does.
type sink struct{ callbacks *hub.Callbacks }

func (s sink) Callback(ctx context.Context, e fanfare.Envelope) {
	if callback := fanfare.CallbackFor(e.Event.Type, e.Topic); callback != fanfare.CallbackNone {
		s.callbacks.Deliver(ctx, callback, e)
	}
}

func (s sink) Event(ctx context.Context, e fanfare.Envelope) { s.callbacks.Event(ctx, e) }

// setup serves a hub. user, if not empty, is everybody's id.
func setup(t *testing.T, user string) *bundle {
	t.Helper()
	return setupWith(t, user, make(emitter, 64))
}

func setupWith(t *testing.T, user string, emitted emitter) *bundle {
	t.Helper()
	b := &bundle{log: startLog(t), emitted: emitted}
	callbacks := hub.NewCallbacks(false, nil)
	follow, err := feed.New(feed.Options{Log: b.log, Sink: sink{callbacks}})
	if err != nil {
		t.Fatal(err)
	}
	h := hub.New(hub.Options{Callbacks: callbacks, Service: "fanfare", Instance: "node-1", Feed: follow, Emitter: b.emitted})
	running, end := context.WithCancel(context.Background())
	var parts sync.WaitGroup
	parts.Go(func() { follow.Run(running) })
	parts.Go(func() { h.Run(running) })
	<-follow.Ready()
	server := signalr.NewServer(nil)
	server.MapHub(hub.Path, callbacks.Hub(), &signalr.EndpointOptions{
		Authenticate: func(*http.Request) (any, string, time.Time, error) { return nil, user, time.Time{}, nil },
	})
	web := httptest.NewServer(server)
	b.url = web.URL + hub.Path
	b.stop = sync.OnceFunc(func() {
		ctx, cancel := context.WithTimeout(context.Background(), patience)
		defer cancel()
		if err := server.Shutdown(ctx); err != nil {
			t.Error(err)
		}
		web.Close()
		end()
		parts.Wait()
	})
	t.Cleanup(b.stop)
	return b
}

// startLog runs a log until the test ends.
func startLog(t *testing.T) *bus.Bus {
	t.Helper()
	log := bus.New(bus.Options{Dir: t.TempDir(), Partitions: 2})
	if err := log.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := log.Stop(context.Background()); err != nil {
			t.Error(err)
		}
	})
	return log
}

// heard is one callback as a client got it.
type heard struct {
	method string
	args   []any
}

// connect connects a client that hears all callbacks, and awaits its joins.
func (b *bundle) connect(t *testing.T) (*client.Client, chan heard) {
	t.Helper()
	c, calls := client.New(b.url, nil), make(chan heard, 64)
	c.On("ReceiveProcessingUpdate", func(id, status string, percentage int) {
		calls <- heard{"ReceiveProcessingUpdate", []any{id, status, percentage}}
	})
	c.On("ReceiveComplianceAlert", func(framework, message string, severity int) {
		calls <- heard{"ReceiveComplianceAlert", []any{framework, message, severity}}
	})
	c.On("ReceiveServiceNotification", func(service, message, kind string) {
		calls <- heard{"ReceiveServiceNotification", []any{service, message, kind}}
	})
	c.On("ReceiveHealthUpdate", func(service, status string, metrics fanfare.HealthMetrics) {
		calls <- heard{"ReceiveHealthUpdate", []any{service, status, metrics.CPUUsage}}
	})
	if err := c.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Stop(context.Background()) })
	if event := next(t, b.emitted); event.Type != fanfare.UserConnected {
		t.Fatalf("on connect %s is emitted", event.Type)
	}
	return c, calls
}

func next[T any](t *testing.T, ch <-chan T) T {
	t.Helper()
	select {
	case v := <-ch:
		return v
	case <-time.After(patience):
		t.Fatal("nothing came")
	}
	panic("unreachable")
}

// emit stores an event on a topic, as the processor would.
func (b *bundle) emit(t *testing.T, e fanfare.Event, topic fanfare.Topic) fanfare.Receipt {
	t.Helper()
	e.ID, e.Time, e.Subject = fanfare.NewID(), time.Now().UTC(), topic
	if e.Service == "" {
		e.Service = "elsewhere"
	}
	receipt, err := b.log.Append(t.Context(), e, topic)
	if err != nil {
		t.Fatal(err)
	}
	return receipt
}

// emitProgress stores where the document stands.
func (b *bundle) emitProgress(t *testing.T, p fanfare.DocumentPayload) {
	t.Helper()
	b.emit(t, fanfare.Event{Type: fanfare.ProcessingProgress, Payload: p}, fanfare.DocumentTopic(guid))
}

func progress(status fanfare.Status, percentage, attempt int) fanfare.DocumentPayload {
	return fanfare.DocumentPayload{DocumentID: guid, Status: status, Percentage: percentage, Attempt: attempt}
}

func update(status string, percentage int) heard {
	return heard{"ReceiveProcessingUpdate", []any{guid, status, percentage}}
}

func subscribe(t *testing.T, c *client.Client, id string) {
	t.Helper()
	if err := c.Invoke(t.Context(), nil, "SubscribeToDocument", id); err != nil {
		t.Fatal(err)
	}
}

// TestCallbacks: each callback with its exact arguments, to its topic's group.
func TestCallbacks(t *testing.T) {
	t.Parallel()
	b := setup(t, "operator 7")
	c, calls := b.connect(t)
	b.emit(t, fanfare.Event{Type: fanfare.DocumentUploaded, Payload: progress(fanfare.StatusQueued, 0, 1)}, fanfare.DocumentTopic(guid))
	subscribe(t, c, strings.ToUpper(guid))
	document, service, user := fanfare.DocumentTopic(guid), fanfare.ServiceTopic("fanfare"), fanfare.UserTopic("operator 7")
	done := progress(fanfare.StatusCompleted, 100, 1)
	done.Message = "3 pages"
	if got, want := next(t, calls), update("queued", 0); !reflect.DeepEqual(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
	for _, test := range []struct {
		topic fanfare.Topic
		event fanfare.Event
		want  heard
	}{
		{document, fanfare.Event{Type: fanfare.ProcessingCompleted, Payload: done}, update("completed", 100)},
		{
			service,
			fanfare.Event{Type: fanfare.ProcessingCompleted, Service: "fanfare", Payload: done},
			heard{"ReceiveServiceNotification", []any{"fanfare", "3 pages", "processingcompleted"}},
		},
		{
			service,
			fanfare.Event{Type: fanfare.ServiceScaled, Service: "fanfare", Payload: fanfare.ScaledPayload{Message: "1 to 2"}},
			heard{"ReceiveServiceNotification", []any{"fanfare", "1 to 2", "servicescaled"}},
		},
		{
			service,
			fanfare.Event{Type: fanfare.ComplianceAlert, Payload: fanfare.AlertPayload{Framework: "GDPR", Message: "to all", Severity: 3}},
			heard{"ReceiveComplianceAlert", []any{"GDPR", "to all", 3}},
		},
		{
			user,
			fanfare.Event{Type: fanfare.ComplianceAlert, Payload: fanfare.AlertPayload{Framework: "GDPR", Message: "to one", Severity: 9}},
			heard{"ReceiveComplianceAlert", []any{"GDPR", "to one", 9}},
		},
		{
			service,
			fanfare.Event{Type: fanfare.HealthStatusChanged, Service: "fanfare", Payload: fanfare.HealthPayload{
				Status: fanfare.HealthWarning, Metrics: fanfare.HealthMetrics{CPUUsage: 80.5},
			}},
			heard{"ReceiveHealthUpdate", []any{"fanfare", "warning", 80.5}},
		},
	} {
		b.emit(t, test.event, test.topic)
		if got := next(t, calls); !reflect.DeepEqual(got, test.want) {
			t.Errorf("got %v, want %v", got, test.want)
		}
	}
}

// TestSubscribeAgain: the state is told again, and each update still once.
func TestSubscribeAgain(t *testing.T) {
	t.Parallel()
	b := setup(t, "")
	c, calls := b.connect(t)
	b.emitProgress(t, progress(fanfare.StatusCompleted, 100, 1))
	for range 2 {
		subscribe(t, c, guid)
		if got, want := next(t, calls), update("completed", 100); !reflect.DeepEqual(got, want) {
			t.Fatalf("got %v, want %v", got, want)
		}
	}
	b.emitProgress(t, progress(fanfare.StatusProcessing, 11, 2))
	b.emitProgress(t, progress(fanfare.StatusProcessing, 12, 2))
	for _, want := range []heard{update("processing", 11), update("processing", 12)} {
		if got := next(t, calls); !reflect.DeepEqual(got, want) {
			t.Fatalf("got %v, want %v", got, want)
		}
	}
}

// TestUnsubscribe: nothing of the document comes any more, the rest does.
func TestUnsubscribe(t *testing.T) {
	t.Parallel()
	b := setup(t, "")
	c, calls := b.connect(t)
	subscribe(t, c, guid) // of an unknown document: no error, and nothing is sent
	if err := c.Invoke(t.Context(), nil, "UnsubscribeFromDocument", guid); err != nil {
		t.Fatal(err)
	}
	b.emitProgress(t, progress(fanfare.StatusProcessing, 11, 1))
	b.emit(t, fanfare.Event{Type: fanfare.ServiceScaled, Service: "fanfare", Payload: fanfare.ScaledPayload{Message: "later"}}, fanfare.ServiceTopic("fanfare"))
	if got := next(t, calls); got.method != "ReceiveServiceNotification" {
		t.Errorf("got %v", got)
	}
}

// TestRefusals: a code and a sentence for what the client can mend.
func TestRefusals(t *testing.T) {
	t.Parallel()
	c, _ := setup(t, "").connect(t)
	foreign := fanfare.CursorBefore(fanfare.Epoch{}, 1).Encode(fanfare.UserTopic("u"))
	for name, test := range map[string]struct {
		method    string
		arguments []any
		want      string
	}{
		"no GUID":           {"SubscribeToDocument", []any{"seven"}, "invalid_argument: "},
		"no topic":          {"Subscribe", []any{"seven", nil}, "invalid_topic: "},
		"unknown option":    {"Subscribe", []any{"service:s", map[string]any{"since": "now"}}, `invalid_argument: option "since" is unknown`},
		"option no string":  {"Subscribe", []any{"service:s", map[string]any{"from": 7}}, "invalid_argument: option from is no string"},
		"both":              {"Subscribe", []any{"service:s", map[string]any{"from": "now", "cursor": "c"}}, "invalid_argument: "},
		"no time":           {"Subscribe", []any{"service:s", map[string]any{"from": "yesterday"}}, "invalid_argument: "},
		"no cursor":         {"Subscribe", []any{"service:s", map[string]any{"cursor": "c"}}, "invalid_cursor: "},
		"another's cursor":  {"Subscribe", []any{"service:s", map[string]any{"cursor": foreign}}, "invalid_cursor: "},
		"leave of no topic": {"Unsubscribe", []any{"seven"}, "invalid_topic: "},
		"leave of no GUID":  {"UnsubscribeFromDocument", []any{"seven"}, "invalid_argument: "},
	} {
		err := c.Invoke(t.Context(), nil, test.method, test.arguments...)
		if err == nil || !strings.Contains(err.Error(), "HubException: "+test.want) {
			t.Errorf("%s: got %v, want %q in it", name, err, test.want)
		}
	}
	for _, err := range client.Stream[any](t.Context(), c, "StreamTopic", "seven", nil) {
		if err == nil || !strings.Contains(err.Error(), "HubException: invalid_topic: ") {
			t.Errorf("a stream of no topic: %v", err)
		}
	}
}

// TestPresence: who came and went, and why.
func TestPresence(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		user, shown string
		end         func(*bundle, *client.Client)
		reason      string
	}{
		"anonymous, by the client": {"", "anonymous", func(_ *bundle, c *client.Client) { c.Stop(context.Background()) }, "closed by the client"},
		"a user, by shutdown":      {"operator 7", "operator 7", func(b *bundle, _ *client.Client) { b.stop() }, "server is shutting down"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := setup(t, test.user)
			c := client.New(b.url, nil)
			if err := c.Start(t.Context()); err != nil {
				t.Fatal(err)
			}
			came := next(t, b.emitted)
			test.end(b, c)
			went := next(t, b.emitted)
			want := fanfare.PresencePayload{UserID: test.shown, ConnectionID: c.ConnectionID(), ServiceInstance: "node-1"}
			if came.Type != fanfare.UserConnected || !reflect.DeepEqual(came.Payload, want) {
				t.Errorf("came %v", came)
			}
			want.DisconnectReason = test.reason
			if went.Type != fanfare.UserDisconnected || !reflect.DeepEqual(went.Payload, want) {
				t.Errorf("went %v, want %v", went, want)
			}
		})
	}
}

// TestPresenceInPairs: a client that leaves while its arrival is still being
// told has been here all the same.
func TestPresenceInPairs(t *testing.T) {
	t.Parallel()
	b := setupWith(t, "", make(emitter))
	c := client.New(b.url, nil)
	if err := c.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	gone, cancel := context.WithCancel(t.Context())
	cancel()
	c.Stop(gone) // without waiting for the server's goodbye
	for _, want := range []fanfare.Type{fanfare.UserConnected, fanfare.UserDisconnected} {
		if got := next(t, b.emitted); got.Type != want {
			t.Errorf("got %s, want %s", got.Type, want)
		}
	}
}

// TestPresenceHidesTheToken: without a negotiate version the connection id is
// the token, which leaves the hub as a hash only.
func TestPresenceHidesTheToken(t *testing.T) {
	t.Parallel()
	b := setup(t, "")
	answer, err := http.Post(b.url+"/negotiate", "", nil)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	var negotiated struct{ ConnectionID string }
	if err := json.NewDecoder(answer.Body).Decode(&negotiated); err != nil || negotiated.ConnectionID == "" {
		t.Fatalf("negotiated %+v, %v", negotiated, err)
	}
	c := client.New(b.url+"?id="+negotiated.ConnectionID, &client.Options{SkipNegotiation: true})
	if err := c.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	defer c.Stop(context.Background())
	sum := sha256.Sum256([]byte(negotiated.ConnectionID))
	want := base64.RawURLEncoding.EncodeToString(sum[:16])
	if got := next(t, b.emitted).Payload.(fanfare.PresencePayload).ConnectionID; got != want {
		t.Errorf("connection_id %q, want %q", got, want)
	}
}
