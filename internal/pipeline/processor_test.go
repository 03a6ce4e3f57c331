package pipeline_test

import (
	"context"
	"errors"
	"reflect"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/fanfare-hub/fanfare"
	"github.com/fanfare-hub/fanfare/internal/pipeline"
)

const documentID = "6f9619ff-8b86-4011-b42d-00cf4fc964ff"

// logFunc and sinkFunc are a log and a sink made of a function.
type (
	logFunc  func(context.Context, fanfare.Event, fanfare.Topic) (fanfare.Receipt, error)
	sinkFunc func(context.Context, fanfare.Callback, fanfare.Envelope) error
)

func (f logFunc) Append(ctx context.Context, e fanfare.Event, topic fanfare.Topic) (fanfare.Receipt, error) {
	return f(ctx, e, topic)
}

func (f logFunc) AppendAll(ctx context.Context, entries []fanfare.Entry) ([]fanfare.Receipt, error) {
	var receipts []fanfare.Receipt
	for _, entry := range entries {
		receipt, err := f(ctx, entry.Event, entry.Topic)
		if err != nil {
			return receipts, err
		}
		receipts = append(receipts, receipt)
	}
	return receipts, nil
}

func (f sinkFunc) Deliver(ctx context.Context, callback fanfare.Callback, e fanfare.Envelope) error {
	return f(ctx, callback, e)
}

// record is a log that keeps what it is given.
type record struct {
	events     []fanfare.Event
	topics     []fanfare.Topic
	fail       error // given for all
	duplicates bool  // it has all
}

func (r *record) Append(_ context.Context, e fanfare.Event, topic fanfare.Topic) (fanfare.Receipt, error) {
	if r.fail != nil {
		return fanfare.Receipt{}, r.fail
	}
	r.events, r.topics = append(r.events, e), append(r.topics, topic)
	return fanfare.Receipt{ID: e.ID, Topic: topic, Seq: uint64(len(r.events)), Durability: "disk", Duplicate: r.duplicates}, nil
}

func (r *record) AppendAll(ctx context.Context, entries []fanfare.Entry) ([]fanfare.Receipt, error) {
	return logFunc(r.Append).AppendAll(ctx, entries)
}

func newProcessor(t *testing.T, opts pipeline.Options) *pipeline.Processor {
	t.Helper()
	opts.Service, opts.Version, opts.Instance = "hub", "1.2.3", "host-1"
	p, err := pipeline.New(opts)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func document(status fanfare.Status, percentage int) fanfare.DocumentPayload {
	return fanfare.DocumentPayload{DocumentID: documentID, Status: status, Percentage: percentage, ServiceInstance: "host-1"}
}

func envelope(e fanfare.Event, topic fanfare.Topic) fanfare.Envelope {
	return fanfare.Envelope{Stored: fanfare.Stored{Event: e, Topic: topic}}
}

func TestNewAsksForWhatItNeeds(t *testing.T) {
	t.Parallel()
	for _, opts := range []pipeline.Options{{Service: "hub"}, {Log: &record{}}} {
		if _, err := pipeline.New(opts); err == nil {
			t.Errorf("%+v is taken", opts)
		}
	}
}

func TestEmitFillsInWhatIsMissing(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		log := &record{}
		receipt, err := newProcessor(t, pipeline.Options{Log: log}).Emit(t.Context(), fanfare.Event{
			Type: fanfare.ComplianceAlert, Payload: fanfare.AlertPayload{Framework: "GDPR", Message: "m", Severity: 8},
		})
		if err != nil {
			t.Fatal(err)
		}
		got := log.events[0]
		if guid, err := fanfare.ParseGUID(got.ID); err != nil || guid[14] != '7' {
			t.Errorf("the id is %q, want a UUIDv7", got.ID)
		}
		want := fanfare.Event{
			ID: got.ID, Type: fanfare.ComplianceAlert, Time: time.Now().UTC(), Service: "hub", ServiceVersion: "1.2.3", Priority: 9,
			Subject: fanfare.ServiceTopic("hub"),
			Payload: fanfare.AlertPayload{Framework: "GDPR", Message: "m", Severity: 8, Time: time.Now().UTC()},
		}
		if !reflect.DeepEqual(got, want) {
			t.Errorf("stored is\n%+v, want\n%+v", got, want)
		}
		if wantReceipt := (fanfare.Receipt{ID: got.ID, Topic: fanfare.ServiceTopic("hub"), Seq: 1, Durability: "disk"}); receipt != wantReceipt {
			t.Errorf("receipt is %+v, want %+v", receipt, wantReceipt)
		}
	})
}

func TestEmitKeepsWhatIsGiven(t *testing.T) {
	t.Parallel()
	at := time.Date(2026, 11, 23, 10, 0, 0, 0, time.UTC)
	given := fanfare.Event{
		ID: "x", Type: fanfare.HealthStatusChanged, Time: at, Service: "ocr", Lowest: true,
		TraceParent: "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01", TraceState: "a=b", TargetGroup: "g",
		Payload: fanfare.HealthPayload{Status: fanfare.HealthHealthy, Metrics: fanfare.HealthMetrics{Timestamp: at.Add(-time.Second)}},
	}
	log := &record{}
	if _, err := newProcessor(t, pipeline.Options{Log: log}).Emit(t.Context(), given); err != nil {
		t.Fatal(err)
	}
	given.Subject = fanfare.ServiceTopic("ocr")
	if !reflect.DeepEqual(log.events[0], given) {
		t.Errorf("stored is\n%+v, want\n%+v", log.events[0], given)
	}
}

func TestEmitStoresBothCopiesAndNamesTheFirst(t *testing.T) {
	t.Parallel()
	log := &record{}
	receipt, err := newProcessor(t, pipeline.Options{Log: log}).Emit(t.Context(),
		fanfare.Event{ID: "e1", Type: fanfare.ProcessingCompleted, Payload: document(fanfare.StatusCompleted, 100)})
	if err != nil {
		t.Fatal(err)
	}
	want := []fanfare.Topic{fanfare.DocumentTopic(documentID), fanfare.ServiceTopic("hub")}
	if !reflect.DeepEqual(log.topics, want) {
		t.Fatalf("stored on %v, want %v", log.topics, want)
	}
	if ids := [2]string{log.events[0].ID, log.events[1].ID}; ids != [2]string{"e1", fanfare.DeriveID("e1", "service:hub")} {
		t.Errorf("the copies have the ids %v", ids)
	}
	if receipt.ID != "e1" || receipt.Topic != want[0] || receipt.Seq != 1 {
		t.Errorf("receipt is %+v", receipt)
	}
}

func TestEmitStoresAnExplicitSubjectOnly(t *testing.T) {
	t.Parallel()
	log := &record{}
	_, err := newProcessor(t, pipeline.Options{Log: log}).Emit(t.Context(), fanfare.Event{
		Type: fanfare.ProcessingFailed, Subject: fanfare.ServiceTopic("hub"), Payload: document(fanfare.StatusFailed, 40),
	})
	if err != nil || !reflect.DeepEqual(log.topics, []fanfare.Topic{fanfare.ServiceTopic("hub")}) {
		t.Errorf("stored on %v, %v", log.topics, err)
	}
}

func TestEmitRefusesBeforeItStores(t *testing.T) {
	t.Parallel()
	large := document(fanfare.StatusCompleted, 100)
	// Room for the first copy, but not for the second one's longer subject.
	e := fanfare.Event{
		ID: "e", Type: fanfare.ProcessingCompleted, Time: time.Unix(0, 0), Service: strings.Repeat("s", 64), ServiceVersion: "1", Priority: 5, Payload: large,
	}
	first, err := fanfare.EncodeCloudEvent(e.On(fanfare.DocumentTopic(documentID)))
	if err != nil {
		t.Fatal(err)
	}
	large.Message = strings.Repeat("m", fanfare.MaxEventBytes-len(first)-len(`"message":"",`))
	e.Payload = large
	if _, err := fanfare.EncodeCloudEvent(e.On(fanfare.DocumentTopic(documentID))); err != nil {
		t.Fatalf("the first copy is too large: %v", err)
	}
	for _, test := range []struct {
		event fanfare.Event
		want  fanfare.Code
	}{
		{fanfare.Event{Type: fanfare.ProcessingProgress, Payload: document(fanfare.StatusProcessing, 101)}, fanfare.CodeInvalidArgument},
		{fanfare.Event{Type: fanfare.ProcessingProgress, Subject: fanfare.ServiceTopic("hub"), Payload: document(fanfare.StatusProcessing, 1)}, fanfare.CodeInvalidTopic},
		{e, fanfare.CodeTooLarge},
	} {
		log := &record{}
		_, err := newProcessor(t, pipeline.Options{Log: log}).Emit(t.Context(), test.event)
		if fanfare.CodeOf(err) != test.want || len(log.events) != 0 {
			t.Errorf("got %v with %d stored, want %s and none", err, len(log.events), test.want)
		}
	}
}

func TestEmitSaysWhyTheLogFailed(t *testing.T) {
	t.Parallel()
	boom := errors.New("boom")
	tests := map[string]struct {
		onDocument, onService error
		want                  fanfare.Code
	}{
		"without a code":    {boom, nil, fanfare.CodeUnavailable},
		"with a code":       {fanfare.Errorf(fanfare.CodeTooLarge, "too large"), nil, fanfare.CodeTooLarge},
		"on the second":     {nil, boom, fanfare.CodeUnavailable},
		"second, with code": {nil, fanfare.Errorf(fanfare.CodeInternal, "x: %w", boom), fanfare.CodeUnavailable},
	}
	for name, test := range tests {
		p := newProcessor(t, pipeline.Options{Log: logFunc(func(_ context.Context, _ fanfare.Event, topic fanfare.Topic) (fanfare.Receipt, error) {
			if topic.Kind == fanfare.KindDocument {
				return fanfare.Receipt{}, test.onDocument
			}
			return fanfare.Receipt{}, test.onService
		})})
		_, err := p.Emit(t.Context(), fanfare.Event{Type: fanfare.ProcessingStarted, Payload: document(fanfare.StatusStarted, 0)})
		if fanfare.CodeOf(err) != test.want {
			t.Errorf("%s: %v, want %s", name, err, test.want)
		}
		if e, ok := errors.AsType[*fanfare.Error](err); !ok || strings.Contains(e.Message, "boom") {
			t.Errorf("%s: the caller is told of the cause: %q", name, e.Message)
		}
	}
}

func TestEmitStoresTheSecondCopyThoughTheCallerHangsUp(t *testing.T) {
	t.Parallel()
	ctx, hangUp := context.WithCancel(t.Context())
	var stored []fanfare.Topic
	p := newProcessor(t, pipeline.Options{Log: logFunc(func(ctx context.Context, _ fanfare.Event, topic fanfare.Topic) (fanfare.Receipt, error) {
		if err := ctx.Err(); err != nil {
			return fanfare.Receipt{}, err
		}
		stored = append(stored, topic)
		hangUp()
		return fanfare.Receipt{}, nil
	})})
	_, err := p.Emit(ctx, fanfare.Event{Type: fanfare.ProcessingStarted, Payload: document(fanfare.StatusStarted, 0)})
	if err != nil || len(stored) != 2 {
		t.Errorf("stored on %v, %v", stored, err)
	}
}

func TestDeliverFollowsTheTable(t *testing.T) {
	t.Parallel()
	type call struct {
		callback fanfare.Callback
		topic    fanfare.Topic
	}
	var got []call
	p := newProcessor(t, pipeline.Options{Log: &record{}, Sink: sinkFunc(func(_ context.Context, callback fanfare.Callback, e fanfare.Envelope) error {
		got = append(got, call{callback, e.Topic})
		return nil
	})})
	started := fanfare.Event{Type: fanfare.ProcessingStarted, Payload: document(fanfare.StatusStarted, 0)}
	for _, e := range []fanfare.Envelope{
		envelope(started, fanfare.DocumentTopic(documentID)),
		envelope(started, fanfare.ServiceTopic("hub")),
		envelope(fanfare.Event{Type: fanfare.UserConnected, Payload: fanfare.PresencePayload{}}, fanfare.PresenceTopic("hub")),
		envelope(fanfare.Event{Type: fanfare.ComplianceAlert, Payload: fanfare.AlertPayload{}}, fanfare.UserTopic("u")),
		envelope(fanfare.Event{}, fanfare.DocumentTopic(documentID)), // a gap alone
	} {
		p.Deliver(t.Context(), e)
	}
	want := []call{
		{fanfare.CallbackProcessing, fanfare.DocumentTopic(documentID)},
		{fanfare.CallbackNotification, fanfare.ServiceTopic("hub")},
		{fanfare.CallbackAlert, fanfare.UserTopic("u")},
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("the sink got %v, want %v", got, want)
	}
}

func TestDeliverWithoutSink(t *testing.T) {
	t.Parallel()
	newProcessor(t, pipeline.Options{Log: &record{}}).Deliver(t.Context(),
		envelope(fanfare.Event{Type: fanfare.ComplianceAlert, Payload: fanfare.AlertPayload{}}, fanfare.UserTopic("u")))
}

func TestBroadcastProcessingUpdate(t *testing.T) {
	t.Parallel()
	for status, want := range map[fanfare.Status]struct {
		kind     fanfare.Type
		priority int
	}{
		fanfare.StatusQueued:     {fanfare.DocumentUploaded, 5},
		fanfare.StatusStarted:    {fanfare.ProcessingStarted, 5},
		fanfare.StatusProcessing: {fanfare.ProcessingProgress, 6},
		fanfare.StatusCompleted:  {fanfare.ProcessingCompleted, 5},
		fanfare.StatusFailed:     {fanfare.ProcessingFailed, 5},
	} {
		log := &record{}
		if err := newProcessor(t, pipeline.Options{Log: log}).BroadcastProcessingUpdate(t.Context(), strings.ToUpper(documentID), status, 40); err != nil {
			t.Errorf("%s: %v", status, err)
			continue
		}
		if e := log.events[0]; e.Type != want.kind || e.Priority != want.priority || !reflect.DeepEqual(e.Payload, fanfare.Payload(document(status, 40))) {
			t.Errorf("%s is stored as %+v", status, e)
		}
	}
	p := newProcessor(t, pipeline.Options{Log: &record{}})
	for name, err := range map[string]error{
		"status":     p.BroadcastProcessingUpdate(t.Context(), documentID, "cancelled", 40),
		"GUID":       p.BroadcastProcessingUpdate(t.Context(), "x", fanfare.StatusFailed, 40),
		"percentage": p.BroadcastProcessingUpdate(t.Context(), documentID, fanfare.StatusFailed, 101),
	} {
		if fanfare.CodeOf(err) != fanfare.CodeInvalidArgument || !strings.Contains(err.Error(), name) {
			t.Errorf("a bad %s gives %v", name, err)
		}
	}
}

func TestBroadcastComplianceAlert(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		severity, priority int
		user               string
		topic              fanfare.Topic
	}{
		{7, 7, "", fanfare.ServiceTopic("hub")},
		{8, 9, "u1", fanfare.UserTopic("u1")},
	} {
		log := &record{}
		if err := newProcessor(t, pipeline.Options{Log: log}).BroadcastComplianceAlert(t.Context(), "GDPR", "m", test.severity, test.user); err != nil {
			t.Errorf("%+v: %v", test, err)
			continue
		}
		if e := log.events[0]; e.Priority != test.priority || log.topics[0] != test.topic || e.TargetUser != test.user {
			t.Errorf("%+v is stored on %s as %+v", test, log.topics[0], e)
		}
	}
	err := newProcessor(t, pipeline.Options{Log: &record{}}).BroadcastComplianceAlert(t.Context(), "GDPR", "m", 5, fanfare.Anonymous)
	if fanfare.CodeOf(err) != fanfare.CodeInvalidArgument {
		t.Errorf("an alert to nobody gives %v", err)
	}
}
