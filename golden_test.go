package fanfare

import (
	"encoding/json"
	"os"
	"path/filepath"
	"reflect"
	"testing"
	"time"
)

const (
	documentID  = "6f9619ff-8b86-4011-b42d-00cf4fc964ff"
	traceID     = "4bf92f3577b34da6a3ce929d0e0e4736"
	traceParent = "00-" + traceID + "-00f067aa0ba902b7-01"
)

// sample returns an event of the type with every member of its payload set.
func sample(t Type) Event {
	at := time.Date(2026, 11, 23, 10, 0, 0, 123_000_000, time.UTC)
	e := Event{
		ID:             DeriveID("sample", t.String()),
		Type:           t,
		Time:           at,
		Service:        "document-processor",
		ServiceVersion: "1.4.0",
		TraceParent:    traceParent,
		TargetGroup:    "auditors",
	}
	extra := map[string]json.RawMessage{"further": json.RawMessage(`{"a":[1,2.50,"<&>"]}`)}
	switch t {
	case ServiceScaled:
		e.Payload = ScaledPayload{Message: "scaled out", OldCount: 2, NewCount: 5, Reason: "queue length", Extra: extra}
	case HealthStatusChanged:
		e.Payload = HealthPayload{Status: HealthCritical, Extra: extra, Metrics: HealthMetrics{
			MemoryUsageMB: 2048.5, ThreadCount: 64, CPUUsage: 97.25, ActiveConnections: 12, Timestamp: at,
		}}
	case ComplianceAlert:
		e.TargetUser = "Zoë@example.org"
		e.Payload = AlertPayload{Framework: "PCI-DSS", Message: "3 card numbers", Severity: 9, Time: at, DocumentID: documentID, Extra: extra}
	case UserConnected:
		e.Payload = PresencePayload{UserID: Anonymous, ConnectionID: "c1", ServiceInstance: "host-1", Extra: extra}
	case UserDisconnected:
		e.Payload = PresencePayload{UserID: "u1", ConnectionID: "c1", ServiceInstance: "host-1", DisconnectReason: "closed", Extra: extra}
	default:
		e.Payload = sampleDocument(t, extra)
	}
	e.Priority = t.DefaultPriority(e.Payload)
	return e
}

func sampleDocument(t Type, extra map[string]json.RawMessage) DocumentPayload {
	p := DocumentPayload{DocumentID: documentID, Status: t.status(), ServiceInstance: "host-1", Attempt: 1, Extra: extra}
	switch t {
	case ProcessingProgress:
		p.Percentage, p.Message = 40, "page 4 of 10"
	case ProcessingCompleted:
		p.Percentage = 100
	case ProcessingFailed:
		p.Percentage, p.Error = 40, &Failure{Code: "damaged", Message: "the file ends in the middle"}
	default:
	}
	return p
}

func allTypes() []Type {
	types := make([]Type, 0, len(typeNames))
	for t := range typeNames {
		types = append(types, Type(t))
	}
	return types
}

// golden compares with testdata/name, or rewrites it under UPDATE_GOLDEN=1.
func golden(t *testing.T, name string, got []byte) []byte {
	t.Helper()
	path := filepath.Join("testdata", name)
	if os.Getenv("UPDATE_GOLDEN") != "" {
		if err := os.WriteFile(path, append(got, '\n'), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if string(got)+"\n" != string(want) {
		t.Errorf("%s differs\n got: %s\nwant: %s", path, got, want)
	}
	return want
}

func TestTenEventsAsCloudEvents(t *testing.T) {
	t.Parallel()
	for _, kind := range allTypes() {
		e := sample(kind)
		topics, err := e.Topics()
		if err != nil {
			t.Fatalf("%s: %v", kind, err)
		}
		e.Subject = topics[0]
		data, err := EncodeCloudEvent(e)
		if err != nil {
			t.Fatalf("%s: %v", kind, err)
		}
		back, err := DecodeCloudEvent(golden(t, kind.String()+".cloudevent.json", data))
		if err != nil {
			t.Fatalf("%s: %v", kind, err)
		}
		if !reflect.DeepEqual(back, e) {
			t.Errorf("%s comes back as\n%+v, want\n%+v", kind, back, e)
		}
		if err := back.Validate(); err != nil {
			t.Errorf("%s: %v", kind, err)
		}
	}
}

func TestTenEventsAsDotNetRecords(t *testing.T) {
	t.Parallel()
	for _, kind := range allTypes() {
		e := sample(kind)
		data, err := EncodeDotNet(e)
		if err != nil {
			t.Fatalf("%s: %v", kind, err)
		}
		back, err := DecodeDotNet(golden(t, kind.String()+".dotnet.json", data))
		if err != nil {
			t.Fatalf("%s: %v", kind, err)
		}
		if back.TraceID() != traceID {
			t.Errorf("%s: trace id is %q, want %q", kind, back.TraceID(), traceID)
		}
		if back.TraceParent == e.TraceParent {
			t.Errorf("%s: the span id is the old one: %s", kind, back.TraceParent)
		}
		back.TraceParent = e.TraceParent
		if !reflect.DeepEqual(back, e) {
			t.Errorf("%s comes back as\n%+v, want\n%+v", kind, back, e)
		}
	}
}
