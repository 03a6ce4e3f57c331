package document

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/fanfare-hub/fanfare"
)

func sampleRecord() Record {
	at := time.Date(2026, 11, 23, 10, 0, 0, 123e6, time.UTC)
	return Record{
		Version: recordVersion, ID: "0193f000-0000-7000-8000-000000000001", Owner: "user-7", Name: "a.txt",
		Size: 5, SHA256: "ab", Status: fanfare.StatusQueued, Attempt: 1, CreatedAt: at, UpdatedAt: at,
	}
}

func TestViewIsTheContractsDocument(t *testing.T) {
	t.Parallel()
	queued := sampleRecord()
	failed := queued
	failed.Status, failed.Percentage, failed.MediaType = fanfare.StatusFailed, 41, "application/pdf"
	failed.Error = &fanfare.Failure{Code: CodeDamaged, Message: "the file is damaged"}
	failed.Findings = []Finding{{Framework: "PCI-DSS", Rule: "payment_card", Severity: 9, Count: 3, Confidence: 0.98, Samples: []string{"************1111"}}}
	tests := []struct {
		name   string
		record Record
		want   string
	}{
		{"queued", queued, `{"id":"0193f000-0000-7000-8000-000000000001","name":"a.txt","size":5,"sha256":"ab","mediaType":"","status":"queued","percentage":0,"attempt":1,"pages":0,"words":0,"findings":[],"error":null,"createdAt":"2026-11-23T10:00:00.123Z","updatedAt":"2026-11-23T10:00:00.123Z"}`},
		{"failed", failed, `{"id":"0193f000-0000-7000-8000-000000000001","name":"a.txt","size":5,"sha256":"ab","mediaType":"application/pdf","status":"failed","percentage":41,"attempt":1,"pages":0,"words":0,"findings":[{"framework":"PCI-DSS","rule":"payment_card","severity":9,"count":3,"confidence":0.98,"samples":["************1111"],"places":[]}],"error":{"code":"damaged","message":"the file is damaged"},"createdAt":"2026-11-23T10:00:00.123Z","updatedAt":"2026-11-23T10:00:00.123Z"}`},
	}
	for _, test := range tests {
		got, err := json.Marshal(test.record.View())
		if err != nil || string(got) != test.want {
			t.Errorf("%s:\n got %s\nwant %s (%v)", test.name, got, test.want, err)
		}
	}
}

func TestRecordFitsAMessage(t *testing.T) {
	t.Parallel()
	record := sampleRecord()
	places := slices.Repeat([]Place{{Page: 1000, Line: 1000, Start: 1000000, End: 1000016}}, 1000)
	for n := range 20 {
		record.Findings = append(record.Findings, Finding{Framework: "GDPR", Rule: fmt.Sprintf("rule_%d", n), Severity: 5, Count: 1000, Samples: []string{"***"}, Places: places})
	}
	record.Findings = append(record.Findings, Finding{Framework: "GDPR", Rule: "ip_address", Severity: 5, Count: 2, Places: places[:2]})
	value, err := record.encode()
	if err != nil || len(value) > maxRecordBytes {
		t.Fatalf("%d bytes, %v", len(value), err)
	}
	stored, err := decodeRecord(value)
	if err != nil {
		t.Fatalf("decode: %v", err)
	}
	if got := stored.Findings[0]; got.Count != 1000 || len(got.Places) < 250 {
		t.Errorf("count %d, %d places", got.Count, len(got.Places))
	}
	if got := len(stored.Findings[20].Places); got != 2 {
		t.Errorf("the short list has %d places, want 2", got)
	}
	if len(record.Findings[0].Places) != 1000 {
		t.Error("the record itself was changed")
	}
}

func TestRecordOfALaterBuildIsRefused(t *testing.T) {
	t.Parallel()
	for _, value := range []string{`{"version":2}`, `{}`, `{`, ``} {
		if _, err := decodeRecord([]byte(value)); err == nil || !strings.Contains(err.Error(), "decode record") {
			t.Errorf("%q: %v", value, err)
		}
	}
}
