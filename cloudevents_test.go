package fanfare

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"strings"
	"testing"
	"time"
)

// progress is a CloudEvent with one member changed: "" leaves it out.
func progress(t *testing.T, changes map[string]string) []byte {
	t.Helper()
	members := map[string]json.RawMessage{
		"specversion": json.RawMessage(`"1.0"`),
		"type":        json.RawMessage(`"io.fanfare.ProcessingProgress"`),
		"source":      json.RawMessage(`"/services/document-processor"`),
		"data":        json.RawMessage(`{"document_id":"` + documentID + `","status":"processing","percentage":40}`),
	}
	for name, value := range changes {
		if delete(members, name); value != "" {
			members[name] = json.RawMessage(value)
		}
	}
	data, err := json.Marshal(members)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// accept decodes and validates, as every way into the log does.
func accept(data []byte, decode func([]byte) (Event, error)) (Event, error) {
	e, err := decode(data)
	if err != nil {
		return Event{}, err
	}
	return e, e.Validate()
}

func TestDecodeCloudEventTakes(t *testing.T) {
	t.Parallel()
	document := func(e Event) DocumentPayload { return e.Payload.(DocumentPayload) }
	tests := map[string]struct {
		changes map[string]string
		ok      func(Event) bool
	}{
		"nothing optional": {nil, func(e Event) bool {
			return e.ID == "" && e.Time.IsZero() && e.Priority == 0 && !e.Lowest && e.Subject.IsZero() && e.TraceParent == ""
		}},
		"null for absent":    {map[string]string{"id": "null", "subject": "null", "priority": "null"}, func(e Event) bool { return e.ID == "" && !e.Lowest }},
		"a bare type":        {map[string]string{"type": `"ProcessingProgress"`}, func(e Event) bool { return e.Type == ProcessingProgress }},
		"a URL as source":    {map[string]string{"source": `"https://example.org/a/b/ocr-2/?x=/y#z"`}, func(e Event) bool { return e.Service == "ocr-2" }},
		"a word as source":   {map[string]string{"source": `"ocr"`}, func(e Event) bool { return e.Service == "ocr" }},
		"a time with zone":   {map[string]string{"time": `"2026-11-23T12:00:00.5+02:00"`}, func(e Event) bool { return e.Time.Equal(time.Date(2026, 11, 23, 10, 0, 0, 5e8, time.UTC)) }},
		"a time without":     {map[string]string{"time": `"2026-11-23T10:00:00.1234567"`}, func(e Event) bool { return e.Time.Equal(time.Date(2026, 11, 23, 10, 0, 0, 123456700, time.UTC)) }},
		"the own subject":    {map[string]string{"subject": `"document:` + strings.ToUpper(documentID) + `"`}, func(e Event) bool { return e.Subject == DocumentTopic(documentID) }},
		"priority 0":         {map[string]string{"priority": "0"}, func(e Event) bool { return e.Priority == 0 && e.Lowest }},
		"priority 10":        {map[string]string{"priority": "10"}, func(e Event) bool { return e.Priority == 10 && e.High() }},
		"a numeral":          {map[string]string{"priority": `"7"`}, func(e Event) bool { return e.Priority == 7 && !e.High() }},
		"a trace":            {map[string]string{"traceparent": `"` + traceParent + `"`, "tracestate": `"a=b"`}, func(e Event) bool { return e.TraceID() == traceID && e.TraceState == "a=b" }},
		"a user":             {map[string]string{"targetuser": `"U 1"`, "targetgroup": `"g"`}, func(e Event) bool { return e.TargetUser == "U 1" && e.TargetGroup == "g" }},
		"the hub's members":  {map[string]string{"seq": "4", "cursor": `"x"`, "snapshot": "true"}, func(e Event) bool { return e.Type == ProcessingProgress }},
		"JSON by any name":   {map[string]string{"datacontenttype": `"application/vnd.x+json; charset=utf-8"`}, func(Event) bool { return true }},
		"a GUID in any case": {map[string]string{"data": `{"document_id":"` + strings.ToUpper(documentID) + `","status":"processing","percentage":0}`}, func(e Event) bool { return document(e).DocumentID == documentID }},
		"a GUID, no hyphens": {map[string]string{"data": `{"document_id":"` + strings.ReplaceAll(documentID, "-", "") + `","status":"processing","percentage":0}`}, func(e Event) bool { return document(e).DocumentID == documentID }},
		"a float that is whole": {
			map[string]string{"data": `{"document_id":"` + documentID + `","status":"processing","percentage":4.0e1}`},
			func(e Event) bool { return document(e).Percentage == 40 },
		},
		"another status than the type's": {
			map[string]string{"data": `{"document_id":"` + documentID + `","status":"completed","percentage":100}`},
			func(e Event) bool { return document(e).Status.Terminal() },
		},
		"bytes": {
			map[string]string{"data": "", "data_base64": `"` + base64.StdEncoding.EncodeToString([]byte(`{"document_id":"`+documentID+`","status":"processing","percentage":7}`)) + `"`},
			func(e Event) bool { return document(e).Percentage == 7 },
		},
		"a notice without a document": {
			map[string]string{"type": `"ProcessingStarted"`, "data": `{"message":"batch of 7"}`},
			func(e Event) bool { return document(e).Status == StatusStarted && document(e).Message == "batch of 7" },
		},
		"presence without a user": {
			map[string]string{"type": `"UserConnected"`, "data": `{"connection_id":"c"}`},
			func(e Event) bool { return e.Payload.(PresencePayload).UserID == Anonymous },
		},
	}
	for name, test := range tests {
		e, err := accept(progress(t, test.changes), DecodeCloudEvent)
		if err != nil {
			t.Errorf("%s: %v", name, err)
		} else if !test.ok(e) {
			t.Errorf("%s: decoded as %+v", name, e)
		}
	}
}

func TestDecodeCloudEventRefuses(t *testing.T) {
	t.Parallel()
	data := func(member, value string) map[string]string {
		members := map[string]string{"document_id": `"` + documentID + `"`, "status": `"processing"`, "percentage": "40"}
		members[member] = value
		var list []string
		for name, value := range members {
			if value != "" {
				list = append(list, `"`+name+`":`+value)
			}
		}
		return map[string]string{"data": "{" + strings.Join(list, ",") + "}"}
	}
	alert := func(data string) map[string]string {
		return map[string]string{"type": `"ComplianceAlert"`, "data": data}
	}
	tests := []struct {
		changes map[string]string
		says    []string // what the sentence must name
	}{
		{map[string]string{"specversion": ""}, []string{"specversion is missing"}},
		{map[string]string{"specversion": `"0.3"`}, []string{"specversion", `"0.3"`, "1.0"}},
		{map[string]string{"type": ""}, []string{"type is missing"}},
		{map[string]string{"type": `"io.fanfare.Nothing"`}, []string{"type", "io.fanfare.Nothing"}},
		{map[string]string{"type": `"io.fanfare.Gap"`}, []string{"type", "io.fanfare.Gap"}},
		{map[string]string{"type": "3"}, []string{"type is 3", "string"}},
		{map[string]string{"source": ""}, []string{"source is missing"}},
		{map[string]string{"source": `"/services/a b"`}, []string{"service", `"a b"`, "64"}},
		{map[string]string{"source": `"/services/` + strings.Repeat("a", 65) + `"`}, []string{"service", "64"}},
		{map[string]string{"id": `"a\nb"`}, []string{"id", "control"}},
		{map[string]string{"id": `"` + strings.Repeat("i", 257) + `"`}, []string{"id", "256"}},
		{map[string]string{"time": `"yesterday"`}, []string{"time", "yesterday"}},
		{map[string]string{"time": `"9999-12-31T23:59:59-01:00"`}, []string{"time", "9999"}},
		{map[string]string{"priority": "11"}, []string{"priority is 11", "0 to 10"}},
		{map[string]string{"priority": "-1"}, []string{"priority is -1", "0 to 10"}},
		{map[string]string{"priority": "5.5"}, []string{"priority is 5.5", "whole"}},
		{map[string]string{"priority": "1e300"}, []string{"priority is 1e300", "whole"}},
		{map[string]string{"traceparent": `"00-zz"`}, []string{"traceparent", "00-zz"}},
		{map[string]string{"tracestate": `"a=b"`}, []string{"traceparent is missing"}},
		{map[string]string{"targetuser": `"anonymous"`}, []string{"targetuser", "anonymous"}},
		{map[string]string{"targetuser": `"` + strings.Repeat("u", 257) + `"`}, []string{"targetuser", "256"}},
		{map[string]string{"datacontenttype": `"text/plain"`}, []string{"datacontenttype", "text/plain", "application/json"}},
		{map[string]string{"data": ""}, []string{"data is missing"}},
		{map[string]string{"data": `[]`}, []string{"data is no JSON object", "array"}},
		{map[string]string{"data": `"{}"`}, []string{"data is no JSON object", "string"}},
		{map[string]string{"data_base64": `"e30="`}, []string{"data and data_base64"}},
		{map[string]string{"data": "", "data_base64": `"?"`}, []string{"data_base64"}},
		{map[string]string{"data": `{"x":` + strings.Repeat("[", 40) + strings.Repeat("]", 40) + `}`}, []string{"nests deeper than 32"}},
		{data("document_id", ""), []string{"document_id is missing", "ProcessingProgress"}},
		{data("document_id", `"x"`), []string{"document_id", `"x"`, "GUID"}},
		{data("status", ""), []string{"status is missing"}},
		{data("status", `"cancelled"`), []string{"status", "cancelled", "queued, started, processing, completed and failed"}},
		{data("percentage", ""), []string{"percentage is missing"}},
		{data("percentage", "101"), []string{"percentage is 101", "0 to 100"}},
		{data("percentage", "-1"), []string{"percentage is -1", "0 to 100"}},
		{data("percentage", `"40"`), []string{`percentage is "40"`, "whole number"}},
		{data("attempt", "-1"), []string{"attempt is -1"}},
		{data("error", `"bad"`), []string{`error is "bad"`, "object"}},
		{data("error", `{"code":5}`), []string{"code is 5", "string"}},
		{alert(`{"message":"m","severity":5}`), []string{"framework is missing"}},
		{alert(`{"framework":"GDPR","severity":5}`), []string{"message is missing"}},
		{alert(`{"framework":"GDPR","message":"m"}`), []string{"severity is missing"}},
		{alert(`{"framework":"GDPR","message":"m","severity":0}`), []string{"severity is 0", "1 to 10"}},
		{alert(`{"framework":"GDPR","message":"m","severity":11}`), []string{"severity is 11", "1 to 10"}},
		{alert(`{"framework":"","message":"m","severity":5}`), []string{"framework is empty"}},
		{alert(`{"framework":"GDPR","message":"","severity":5}`), []string{"message is empty"}},
		{map[string]string{"type": `"HealthStatusChanged"`, "data": `{"status":"ill","metrics":{}}`}, []string{"status", "ill", "healthy"}},
		{map[string]string{"type": `"HealthStatusChanged"`, "data": `{"status":"healthy","metrics":{"cpu_usage":-1}}`}, []string{"metrics.cpu_usage is -1"}},
		{map[string]string{"type": `"HealthStatusChanged"`, "data": `{"status":"healthy","metrics":{"thread_count":-1}}`}, []string{"metrics.thread_count is -1"}},
		{map[string]string{"type": `"ServiceScaled"`, "data": `{"old_count":-1}`}, []string{"old_count is -1"}},
	}
	for _, test := range tests {
		e, err := accept(progress(t, test.changes), DecodeCloudEvent)
		if CodeOf(err) != CodeInvalidArgument {
			t.Errorf("%v gives %v, want an invalid_argument; event %+v", test.changes, err, e)
			continue
		}
		for _, word := range test.says {
			if !strings.Contains(err.Error(), word) {
				t.Errorf("%v gives %q, want it to say %q", test.changes, err, word)
			}
		}
	}
}

func TestDecodeRefusesWhatIsNoObject(t *testing.T) {
	t.Parallel()
	for _, data := range []string{"", "null", "[]", "{", `{"a":1}{}`, "\xff", `{"specversion":"1.0","x":"` + "\xff" + `"}`} {
		for _, decode := range []func([]byte) (Event, error){DecodeCloudEvent, DecodeDotNet} {
			if e, err := decode([]byte(data)); CodeOf(err) != CodeInvalidArgument {
				t.Errorf("%q gives %+v, %v", data, e, err)
			}
		}
	}
}

func TestMemberNamesAreExactInCloudEvents(t *testing.T) {
	t.Parallel()
	e, err := accept(progress(t, map[string]string{"Priority": "9"}), DecodeCloudEvent)
	if err != nil || e.Priority != 0 {
		t.Errorf("Priority is taken for priority: %d, %v", e.Priority, err)
	}
}

func TestFurtherMembersAreKept(t *testing.T) {
	t.Parallel()
	data := `{"document_id":"` + documentID + `","status":"failed","percentage":40,"Status":"x","big":12345678901234567890.5,"error":{"code":"c","message":"m","hint": {"a": 1}}}`
	e, err := accept(progress(t, map[string]string{"type": `"ProcessingFailed"`, "data": data}), DecodeCloudEvent)
	if err != nil {
		t.Fatal(err)
	}
	written, err := EncodeCloudEvent(e)
	if err != nil {
		t.Fatal(err)
	}
	for _, part := range []string{`"Status":"x"`, `"big":12345678901234567890.5`, `"hint":{"a":1}`} {
		if !bytes.Contains(written, []byte(part)) {
			t.Errorf("%s is lost: %s", part, written)
		}
	}
}

func TestNamedMembersCannotBeSetByExtra(t *testing.T) {
	t.Parallel()
	e := sample(ProcessingStarted)
	p := sampleDocument(ProcessingStarted, map[string]json.RawMessage{"status": json.RawMessage(`"failed"`), "message": json.RawMessage(`"m"`)})
	e.Payload = p
	data, err := EncodeCloudEvent(e)
	if err != nil {
		t.Fatal(err)
	}
	if back, err := DecodeCloudEvent(data); err != nil || back.Payload.(DocumentPayload).Status != StatusStarted || back.Payload.(DocumentPayload).Message != "" {
		t.Errorf("extra members took over: %s, %v", data, err)
	}
}

func TestEncodeRefusesTooLargeEvents(t *testing.T) {
	t.Parallel()
	e := sample(ProcessingProgress)
	p := sampleDocument(ProcessingProgress, nil)
	e.Payload = p
	small, err := EncodeCloudEvent(e)
	if err != nil {
		t.Fatal(err)
	}
	p.Message += strings.Repeat("m", MaxEventBytes-len(small))
	e.Payload = p
	if data, err := EncodeCloudEvent(e); err != nil || len(data) != MaxEventBytes {
		t.Errorf("at the limit: %d bytes, %v", len(data), err)
	}
	p.Message += "m"
	e.Payload = p
	if _, err := EncodeCloudEvent(e); CodeOf(err) != CodeTooLarge {
		t.Errorf("above the limit: %v", err)
	}
}

func TestEncodeRefusesWhatJSONCannotHold(t *testing.T) {
	t.Parallel()
	e := sample(ProcessingProgress)
	for _, payload := range []Payload{nil, DocumentPayload{Extra: map[string]json.RawMessage{"x": json.RawMessage(`{`)}}} {
		e.Payload = payload
		for _, encode := range []func(Event) ([]byte, error){EncodeCloudEvent, EncodeDotNet} {
			if data, err := encode(e); CodeOf(err) != CodeInvalidArgument {
				t.Errorf("%+v is written as %s, %v", payload, data, err)
			}
		}
	}
}

func TestDataNestsAsDeepAsTheStoredFormMay(t *testing.T) {
	t.Parallel()
	for levels, want := range map[int]Code{maxDepth - 1: "", maxDepth: CodeInvalidArgument} {
		data := `{"document_id":"` + documentID + `","status":"processing","percentage":0,"x":` + strings.Repeat("[", levels-1) + strings.Repeat("]", levels-1) + `}`
		encoded := `"` + base64.StdEncoding.EncodeToString([]byte(data)) + `"`
		_, err := DecodeCloudEvent(progress(t, map[string]string{"data": "", "data_base64": encoded}))
		if CodeOf(err) != want {
			t.Errorf("%d levels in base64: %v", levels, err)
		}
		_, err = DecodeCloudEventHeaders(inHeaders(nil), []byte(data))
		if CodeOf(err) != want {
			t.Errorf("%d levels in a body: %v", levels, err)
		}
	}
}
