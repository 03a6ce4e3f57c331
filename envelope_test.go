package fanfare

import (
	"encoding/json"
	"maps"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"
)

func envelope() Envelope {
	return Envelope{
		Stored: Stored{
			Event: Event{
				ID: "e-1", Type: ProcessingProgress, Service: "documents", Time: time.Date(2026, 11, 23, 10, 0, 0, 123e6, time.UTC), Priority: 6,
				Subject: DocumentTopic(documentID),
				Payload: DocumentPayload{DocumentID: documentID, Status: StatusProcessing, Percentage: 40, ServiceInstance: "host-1"},
			},
			Topic: DocumentTopic(documentID), Seq: 1042, Prev: 1037,
		},
		Cursor: "c",
	}
}

// CONTRACT: what ReceiveEvent, streams and the history give.
func TestEnvelopeJSON(t *testing.T) {
	t.Parallel()
	const event = `{"specversion":"1.0","id":"e-1","type":"io.fanfare.ProcessingProgress","source":"/services/documents","time":"2026-11-23T10:00:00.123Z",` +
		`"subject":"document:` + documentID + `","datacontenttype":"application/json","priority":6,` +
		`"data":{"document_id":"` + documentID + `","status":"processing","percentage":40,"service_instance":"host-1"}`
	const place = `,"topic":"document:` + documentID + `","seq":1042,"prev":1037,"cursor":"c"`
	for name, test := range map[string]struct {
		change func(*Envelope)
		want   string
	}{
		"plain":              {func(*Envelope) {}, event + place + `}`},
		"snapshot":           {func(e *Envelope) { e.Snapshot = true }, event + place + `,"snapshot":true}`},
		"gap":                {func(e *Envelope) { e.Gap = &Gap{After: 990} }, event + place + `,"gap":{"after":990}}`},
		"gap from the start": {func(e *Envelope) { e.Gap = &Gap{} }, event + place + `,"gap":{"after":0}}`},
		"covers": {
			func(e *Envelope) { *e = e.Covering(1030, 2).Covering(1020, 3) },
			strings.Replace(event+place, `"prev":1037`, `"prev":1020`, 1) + `,"covers":5}`,
		},
		"as it is stored": {
			func(e *Envelope) { e.Record = []byte(`{"id":"as stored"}`) },
			`{"id":"as stored"` + place + `}`,
		},
	} {
		e := envelope()
		test.change(&e)
		got, err := json.Marshal(e)
		if err != nil || string(got) != test.want {
			t.Errorf("%s:\n got %s, %v\nwant %s", name, got, err, test.want)
		}
	}
}

func TestEnvelopeComesBack(t *testing.T) {
	t.Parallel()
	full := envelope()
	full.Snapshot, full.Covers, full.Gap = true, 5, &Gap{After: 990}
	gap := Envelope{Stored: Stored{Topic: UserTopic(`"quoted"`), Seq: 7}, Cursor: "c", Gap: &Gap{After: 3}}
	for name, e := range map[string]Envelope{"full": full, "plain": envelope(), "gap alone": gap} {
		data, err := json.Marshal(e)
		if err != nil {
			t.Fatal(err)
		}
		if got, err := DecodeEnvelope(data); err != nil || !reflect.DeepEqual(got, e) {
			t.Errorf("%s: got %+v, %v\nfrom %s", name, got, err, data)
		}
	}
}

// An envelope that carries a gap alone has all that CloudEvents requires, and
// no data.
func TestGapEnvelopeIsACloudEvent(t *testing.T) {
	t.Parallel()
	e := Envelope{Stored: Stored{Topic: UserTopic("u"), Seq: 7, Event: Event{Service: "hub"}}, Cursor: "c", Gap: &Gap{After: 3}}
	data, err := json.Marshal(e)
	if err != nil {
		t.Fatal(err)
	}
	var members map[string]any
	if err := json.Unmarshal(data, &members); err != nil {
		t.Fatal(err)
	}
	want := []string{"cursor", "gap", "id", "prev", "seq", "source", "specversion", "subject", "topic", "type"}
	if got := slices.Sorted(maps.Keys(members)); !slices.Equal(got, want) || members["type"] != GapType {
		t.Errorf("got %s", data)
	}
}

func TestDecodeEnvelopeRefuses(t *testing.T) {
	t.Parallel()
	for data, want := range map[string]Code{
		`[]`:                             CodeInvalidArgument,
		`{"topic":"nowhere"}`:            CodeInvalidTopic,
		`{"topic":"user:u"}`:             CodeInvalidArgument,
		`{"topic":"user:u","seq":-1}`:    CodeInvalidArgument,
		`{"topic":"user:u","covers":""}`: CodeInvalidArgument,
	} {
		if _, err := DecodeEnvelope([]byte(data)); CodeOf(err) != want {
			t.Errorf("%s: %v, want %s", data, err, want)
		}
	}
}

func TestStateOf(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		kind  Type
		topic Topic
		want  string
	}{
		{DocumentUploaded, DocumentTopic(documentID), "document"},
		{ProcessingFailed, DocumentTopic(documentID), "document"},
		{ProcessingFailed, ServiceTopic("s"), ""},
		{HealthStatusChanged, ServiceTopic("s"), "health"},
		{ServiceScaled, ServiceTopic("s"), "scale"},
		{ComplianceAlert, ServiceTopic("s"), ""},
		{ComplianceAlert, UserTopic("u"), ""},
		{UserConnected, PresenceTopic("s"), ""},
	} {
		if got := StateOf(test.kind, test.topic); got != test.want {
			t.Errorf("%s on %s is the state %q, want %q", test.kind, test.topic, got, test.want)
		}
	}
}

// An event is terminal by its status word, whatever its type.
func TestTerminal(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		kind                  Type
		status                Status
		terminal, conflatable bool
	}{
		{ProcessingProgress, StatusProcessing, false, true},
		{ProcessingProgress, StatusCompleted, true, false},
		{ProcessingProgress, StatusFailed, true, false},
		{ProcessingFailed, StatusFailed, true, false},
		{ProcessingStarted, StatusStarted, false, false},
		{DocumentUploaded, StatusQueued, false, false},
	} {
		e := Event{Type: test.kind, Payload: DocumentPayload{Status: test.status}}
		if e.Terminal() != test.terminal || e.Conflatable() != test.conflatable {
			t.Errorf("%s %s: terminal %t, conflatable %t", test.kind, test.status, e.Terminal(), e.Conflatable())
		}
	}
	if alert := (Event{Type: ComplianceAlert, Payload: AlertPayload{}}); alert.Terminal() || alert.Conflatable() {
		t.Error("an alert is terminal or conflatable")
	}
}

func FuzzDecodeEnvelope(f *testing.F) {
	for _, e := range []Envelope{envelope(), {Stored: Stored{Topic: UserTopic("u"), Seq: 7}, Gap: &Gap{After: 3}}} {
		data, err := json.Marshal(e)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(data)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		e, err := DecodeEnvelope(data)
		if err != nil || (!e.GapOnly() && e.Event.Validate() != nil) {
			return
		}
		written, err := json.Marshal(e)
		if CodeOf(err) == CodeTooLarge {
			return
		}
		if err != nil {
			t.Fatal(err)
		}
		if again, err := DecodeEnvelope(written); err != nil || again.Seq != e.Seq || again.Topic != e.Topic {
			t.Fatalf("%s is %+v, %v", written, again, err)
		}
	})
}
