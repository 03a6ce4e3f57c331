package hub_test

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
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
	"github.com/fanfare-hub/fanfare/signalr"
	"github.com/fanfare-hub/fanfare/signalr/client"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const guid = "0f8fad5b-d9cb-469f-a165-70867728950e"

// patience is how long a test waits for what must come.
const patience = 30 * time.Second

// documents is a store of one document's states.
type documents struct {
	state func(id string) (fanfare.DocumentPayload, error)
}

func (d documents) State(_ context.Context, id string) (fanfare.DocumentPayload, error) {
	return d.state(id)
}

// emitter hands on what the hub tells.
type emitter chan fanfare.Event

func (e emitter) Emit(_ context.Context, event fanfare.Event) (fanfare.Receipt, error) {
	e <- event
	return fanfare.Receipt{}, nil
}

// bundle is a hub behind a real server, and what it emits.
type bundle struct {
	callbacks *hub.Callbacks
	emitted   emitter
	url       string
	stop      func()
}

// setup serves a hub. user, if not empty, is everybody's id.
func setup(t *testing.T, state func(id string) (fanfare.DocumentPayload, error), user string) *bundle {
	t.Helper()
	b := &bundle{callbacks: hub.NewCallbacks(false, nil), emitted: make(emitter, 64)}
	hub.New(hub.Options{Callbacks: b.callbacks, Service: "fanfare", Instance: "node-1", Documents: documents{state}, Emitter: b.emitted})
	server := signalr.NewServer(nil)
	server.MapHub(hub.Path, b.callbacks.Hub(), &signalr.EndpointOptions{
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
	})
	t.Cleanup(b.stop)
	return b
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

// deliver sends an event's callback as the processor would.
func (b *bundle) deliver(t *testing.T, e fanfare.Event, topic fanfare.Topic) {
	t.Helper()
	err := b.callbacks.Deliver(t.Context(), fanfare.CallbackFor(e.Type, topic), fanfare.Envelope{Stored: fanfare.Stored{Event: e, Topic: topic}})
	if err != nil {
		t.Fatal(err)
	}
}

func progress(status fanfare.Status, percentage, attempt int) fanfare.DocumentPayload {
	return fanfare.DocumentPayload{DocumentID: guid, Status: status, Percentage: percentage, Attempt: attempt}
}

func update(status string, percentage int) heard {
	return heard{"ReceiveProcessingUpdate", []any{guid, status, percentage}}
}

func found(p fanfare.DocumentPayload) func(string) (fanfare.DocumentPayload, error) {
	return func(string) (fanfare.DocumentPayload, error) { return p, nil }
}

func notFound(string) (fanfare.DocumentPayload, error) {
	return fanfare.DocumentPayload{}, fanfare.Errorf(fanfare.CodeNotFound, "no such document")
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
	b := setup(t, found(progress(fanfare.StatusQueued, 0, 1)), "operator 7")
	c, calls := b.connect(t)
	subscribe(t, c, strings.ToUpper(guid))
	document, service, user := fanfare.DocumentTopic(guid), fanfare.ServiceTopic("fanfare"), fanfare.UserTopic("operator 7")
	done := progress(fanfare.StatusCompleted, 100, 1)
	done.Message = "3 pages"
	for _, event := range []struct {
		topic fanfare.Topic
		event fanfare.Event
	}{
		{document, fanfare.Event{Type: fanfare.ProcessingCompleted, Payload: done}},
		{service, fanfare.Event{Type: fanfare.ProcessingCompleted, Service: "fanfare", Payload: done}},
		{service, fanfare.Event{Type: fanfare.ServiceScaled, Service: "fanfare", Payload: fanfare.ScaledPayload{Message: "1 to 2"}}},
		{service, fanfare.Event{Type: fanfare.ComplianceAlert, Payload: fanfare.AlertPayload{Framework: "GDPR", Message: "to all", Severity: 3}}},
		{user, fanfare.Event{Type: fanfare.ComplianceAlert, Payload: fanfare.AlertPayload{Framework: "GDPR", Message: "to one", Severity: 9}}},
		{service, fanfare.Event{Type: fanfare.HealthStatusChanged, Service: "fanfare", Payload: fanfare.HealthPayload{
			Status: fanfare.HealthWarning, Metrics: fanfare.HealthMetrics{CPUUsage: 80.5},
		}}},
	} {
		b.deliver(t, event.event, event.topic)
	}
	for _, want := range []heard{
		update("queued", 0),
		update("completed", 100),
		{"ReceiveServiceNotification", []any{"fanfare", "3 pages", "processingcompleted"}},
		{"ReceiveServiceNotification", []any{"fanfare", "1 to 2", "servicescaled"}},
		{"ReceiveComplianceAlert", []any{"GDPR", "to all", 3}},
		{"ReceiveComplianceAlert", []any{"GDPR", "to one", 9}},
		{"ReceiveHealthUpdate", []any{"fanfare", "warning", 80.5}},
	} {
		if got := next(t, calls); !reflect.DeepEqual(got, want) {
			t.Errorf("got %v, want %v", got, want)
		}
	}
}

// TestSnapshotMeetsLiveUpdates: whatever live update comes between the join and
// the state from the record, the client sees only what is newer.
func TestSnapshotMeetsLiveUpdates(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		between fanfare.DocumentPayload // delivered while the record is read
		state   fanfare.DocumentPayload
		later   []fanfare.DocumentPayload
		want    []heard
	}{
		"the record is newer": {
			progress(fanfare.StatusProcessing, 20, 1), progress(fanfare.StatusProcessing, 40, 1),
			[]fanfare.DocumentPayload{progress(fanfare.StatusProcessing, 30, 1), progress(fanfare.StatusProcessing, 41, 1)},
			[]heard{update("processing", 20), update("processing", 40), update("processing", 41)},
		},
		"the live update is newer": {
			progress(fanfare.StatusCompleted, 100, 1), progress(fanfare.StatusProcessing, 40, 1),
			[]fanfare.DocumentPayload{progress(fanfare.StatusStarted, 0, 2)},
			[]heard{update("completed", 100), update("started", 0)},
		},
		"both are the same": {
			progress(fanfare.StatusFailed, 40, 1), progress(fanfare.StatusFailed, 40, 1),
			[]fanfare.DocumentPayload{progress(fanfare.StatusProcessing, 50, 1), progress(fanfare.StatusQueued, 0, 2)},
			[]heard{update("failed", 40), update("queued", 0)},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			topic := fanfare.DocumentTopic(guid)
			var b *bundle
			b = setup(t, func(string) (fanfare.DocumentPayload, error) {
				b.deliver(t, fanfare.Event{Type: fanfare.ProcessingProgress, Payload: test.between}, topic)
				return test.state, nil
			}, "")
			c, calls := b.connect(t)
			subscribe(t, c, guid)
			for _, p := range test.later {
				b.deliver(t, fanfare.Event{Type: fanfare.ProcessingProgress, Payload: p}, topic)
			}
			for _, want := range test.want {
				if got := next(t, calls); !reflect.DeepEqual(got, want) {
					t.Fatalf("got %v, want %v", got, want)
				}
			}
		})
	}
}

// TestSubscribeAgain: the state is told again, and each update still once.
func TestSubscribeAgain(t *testing.T) {
	t.Parallel()
	b := setup(t, found(progress(fanfare.StatusProcessing, 10, 1)), "")
	c, calls := b.connect(t)
	subscribe(t, c, guid)
	subscribe(t, c, guid)
	b.deliver(t, fanfare.Event{Type: fanfare.ProcessingProgress, Payload: progress(fanfare.StatusProcessing, 11, 1)}, fanfare.DocumentTopic(guid))
	b.deliver(t, fanfare.Event{Type: fanfare.ProcessingProgress, Payload: progress(fanfare.StatusProcessing, 12, 1)}, fanfare.DocumentTopic(guid))
	for _, want := range []heard{update("processing", 10), update("processing", 10), update("processing", 11), update("processing", 12)} {
		if got := next(t, calls); !reflect.DeepEqual(got, want) {
			t.Fatalf("got %v, want %v", got, want)
		}
	}
}

// TestUnsubscribe: nothing of the document comes any more, the rest does.
func TestUnsubscribe(t *testing.T) {
	t.Parallel()
	b := setup(t, notFound, "")
	c, calls := b.connect(t)
	subscribe(t, c, guid) // of an unknown document: no error, and nothing is sent
	if err := c.Invoke(t.Context(), nil, "UnsubscribeFromDocument", guid); err != nil {
		t.Fatal(err)
	}
	b.deliver(t, fanfare.Event{Type: fanfare.ProcessingProgress, Payload: progress(fanfare.StatusProcessing, 11, 1)}, fanfare.DocumentTopic(guid))
	b.deliver(t, fanfare.Event{Type: fanfare.ServiceScaled, Service: "fanfare", Payload: fanfare.ScaledPayload{Message: "later"}}, fanfare.ServiceTopic("fanfare"))
	if got := next(t, calls); got.method != "ReceiveServiceNotification" {
		t.Errorf("got %v", got)
	}
}

// TestRefusals: a code and a sentence for what the client can mend, nothing of
// what is inside.
func TestRefusals(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		id    string
		state func(string) (fanfare.DocumentPayload, error)
		want  string
	}{
		"no GUID": {"seven", notFound, "HubException: invalid_argument: "},
		"store away": {guid, func(string) (fanfare.DocumentPayload, error) {
			return fanfare.DocumentPayload{}, fanfare.Errorf(fanfare.CodeUnavailable, "try again later: %w", errors.New("secret"))
		}, "HubException: unavailable: try again later"},
		"defect": {guid, func(string) (fanfare.DocumentPayload, error) {
			return fanfare.DocumentPayload{}, errors.New("secret")
		}, "An unexpected error occurred invoking 'SubscribeToDocument' on the server."},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c, _ := setup(t, test.state, "").connect(t)
			err := c.Invoke(t.Context(), nil, "SubscribeToDocument", test.id)
			if err == nil || !strings.Contains(err.Error(), test.want) || strings.Contains(err.Error(), "secret") {
				t.Errorf("got %v, want %q in it", err, test.want)
			}
		})
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
			b := setup(t, notFound, test.user)
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

// gate is an emitter that takes events only once it is opened.
type gate struct {
	emitter
	open chan struct{}
}

func (g gate) Emit(ctx context.Context, event fanfare.Event) (fanfare.Receipt, error) {
	select {
	case <-g.open:
		return g.emitter.Emit(ctx, event)
	case <-ctx.Done():
		return fanfare.Receipt{}, ctx.Err()
	}
}

// TestPresenceInPairs: a client that leaves while its arrival is still being
// told has been here all the same.
func TestPresenceInPairs(t *testing.T) {
	t.Parallel()
	callbacks := hub.NewCallbacks(false, nil)
	g := gate{make(emitter, 2), make(chan struct{})}
	hub.New(hub.Options{Callbacks: callbacks, Service: "fanfare", Documents: documents{notFound}, Emitter: g})
	server := signalr.NewServer(nil)
	server.MapHub(hub.Path, callbacks.Hub(), nil)
	web := httptest.NewServer(server)
	defer web.Close()
	defer func() {
		if err := server.Shutdown(context.Background()); err != nil {
			t.Error(err)
		}
	}()
	c := client.New(web.URL+hub.Path, nil)
	if err := c.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	gone, cancel := context.WithCancel(t.Context())
	cancel()
	c.Stop(gone) // without waiting for the server's goodbye
	close(g.open)
	for _, want := range []fanfare.Type{fanfare.UserConnected, fanfare.UserDisconnected} {
		if got := next(t, g.emitter); got.Type != want {
			t.Errorf("got %s, want %s", got.Type, want)
		}
	}
}

// TestPresenceHidesTheToken: without a negotiate version the connection id is
// the token, which leaves the hub as a hash only.
func TestPresenceHidesTheToken(t *testing.T) {
	t.Parallel()
	b := setup(t, notFound, "")
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
