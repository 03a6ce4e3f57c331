package fanfare

import (
	"encoding/json"
	"maps"
	"reflect"
	"strings"
	"testing"
	"unicode/utf8"
)

// inHeaders is the headers of a progress event with some changed: nil leaves one
// out.
func inHeaders(changes map[string][]string) map[string][]string {
	headers := map[string][]string{
		"Ce-Specversion": {"1.0"},
		"Ce-Type":        {"io.fanfare.ProcessingProgress"},
		"Ce-Source":      {"/services/document-processor"},
		"Content-Type":   {"application/json"},
	}
	maps.Copy(headers, changes)
	maps.DeleteFunc(headers, func(_ string, values []string) bool { return values == nil })
	return headers
}

const progressData = `{"document_id":"` + documentID + `","status":"processing","percentage":40}`

func TestDecodeCloudEventHeadersTakes(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		changes map[string][]string
		ok      func(Event) bool
	}{
		"nothing optional": {nil, func(e Event) bool {
			return e.ID == "" && e.Service == "document-processor" && e.Priority == 0 && !e.Lowest
		}},
		"no content type":    {map[string][]string{"Content-Type": nil}, func(Event) bool { return true }},
		"names in any case":  {map[string][]string{"CE-ID": {"a"}, "ce-targetuser": {"u"}}, func(e Event) bool { return e.ID == "a" && e.TargetUser == "u" }},
		"other headers":      {map[string][]string{"Accept": {"a", "b"}, "Ceid": {"x"}}, func(e Event) bool { return e.ID == "" }},
		"other attributes":   {map[string][]string{"Ce-Partitionkey": {"k"}}, func(Event) bool { return true }},
		"empty":              {map[string][]string{"Ce-Id": {""}, "Ce-Priority": {""}}, func(e Event) bool { return e.ID == "" && !e.Lowest }},
		"priority":           {map[string][]string{"Ce-Priority": {"0"}}, func(e Event) bool { return e.Lowest }},
		"time and trace":     {map[string][]string{"Ce-Time": {"2026-11-23T10:00:00Z"}, "Ce-Traceparent": {traceParent}, "Ce-Tracestate": {"a=b"}}, func(e Event) bool { return e.Time.Year() == 2026 && e.TraceID() == traceID && e.TraceState == "a=b" }},
		"subject":            {map[string][]string{"Ce-Subject": {"document:" + documentID}}, func(e Event) bool { return e.Subject == DocumentTopic(documentID) }},
		"percent":            {map[string][]string{"Ce-Targetuser": {"Zo%C3%AB%20%22%25%22+x"}}, func(e Event) bool { return e.TargetUser == `Zoë "%"+x` }},
		"needlessly percent": {map[string][]string{"Ce-Targetuser": {"%41%62"}}, func(e Event) bool { return e.TargetUser == "Ab" }},
		"once only":          {map[string][]string{"Ce-Targetuser": {"%2541"}}, func(e Event) bool { return e.TargetUser == "%41" }},
		"bytes of UTF-8":     {map[string][]string{"Ce-Targetuser": {"Zoë"}}, func(e Event) bool { return e.TargetUser == "Zoë" }},
		"quoted":             {map[string][]string{"Ce-Targetuser": {`"a \"b\" \\ %41"`}}, func(e Event) bool { return e.TargetUser == `a "b" \ A` }},
		"quoted in part":     {map[string][]string{"Ce-Targetuser": {`a"b c"d\`}}, func(e Event) bool { return e.TargetUser == `ab cd\` }},
	}
	for name, test := range tests {
		e, err := DecodeCloudEventHeaders(inHeaders(test.changes), []byte(progressData))
		if err != nil || e.Payload == nil || !test.ok(e) {
			t.Errorf("%s gives %+v, %v", name, e, err)
		}
	}
}

func TestDecodeCloudEventHeadersRefuses(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		changes map[string][]string
		body    string
		says    string
	}{
		"no version":         {map[string][]string{"Ce-Specversion": nil}, progressData, "specversion is missing"},
		"another version":    {map[string][]string{"Ce-Specversion": {"0.3"}}, progressData, "specversion"},
		"no type":            {map[string][]string{"Ce-Type": nil}, progressData, "type is missing"},
		"an empty source":    {map[string][]string{"Ce-Source": {""}}, progressData, "source is missing"},
		"a lone percent":     {map[string][]string{"Ce-Id": {"50%"}}, progressData, "percent-encoded"},
		"no hexadecimal":     {map[string][]string{"Ce-Id": {"%zz"}}, progressData, "percent-encoded"},
		"overlong UTF-8":     {map[string][]string{"Ce-Id": {"%C0%A0"}}, progressData, "UTF-8"},
		"bytes of Latin-1":   {map[string][]string{"Ce-Id": {"Zo\xeb"}}, progressData, "UTF-8"},
		"twice":              {map[string][]string{"Ce-Id": {"a", "b"}}, progressData, "twice"},
		"twice by case":      {map[string][]string{"Ce-Id": {"a"}, "ce-id": {"a"}}, progressData, "twice"},
		"data as a header":   {map[string][]string{"Ce-Data": {"{}"}}, progressData, "data is the body"},
		"its type as one":    {map[string][]string{"Ce-Datacontenttype": {"application/json"}}, progressData, "Content-Type"},
		"a name with a dash": {map[string][]string{"Ce-Target-User": {"u"}}, progressData, "ce-target-user"},
		"a nameless one":     {map[string][]string{"Ce-": {"u"}}, progressData, "no attribute"},
		"other data":         {map[string][]string{"Content-Type": {"text/plain"}}, progressData, "application/json"},
		"no data":            {nil, "", "data is missing"},
		"data null":          {nil, " null", "data is null"},
		"data broken":        {nil, `{"a"`, "data is no JSON object"},
		"data not UTF-8":     {nil, "{\"\xff\":1}", "data is not UTF-8"},
		"data too deep":      {nil, `{"a":` + strings.Repeat("[", maxDepth-1) + strings.Repeat("]", maxDepth-1) + `}`, "deeper"},
	}
	for name, test := range tests {
		_, err := DecodeCloudEventHeaders(inHeaders(test.changes), []byte(test.body))
		if CodeOf(err) != CodeInvalidArgument || !strings.Contains(err.Error(), test.says) {
			t.Errorf("%s gives %v, want an invalid_argument with %q", name, err, test.says)
		}
	}
}

// encodeHeader percent-encodes as the HTTP binding asks for.
func encodeHeader(value string) string {
	const digits = "0123456789ABCDEF"
	var b strings.Builder
	for i := range len(value) {
		if c := value[i]; c <= ' ' || c == '"' || c == '%' || c > '~' {
			b.Write([]byte{'%', digits[c>>4], digits[c&15]})
		} else {
			b.WriteByte(c)
		}
	}
	return b.String()
}

// FuzzDecodeCloudEventHeaders: values as another sender encodes them give the
// event that their JSON form gives, or its error's code.
func FuzzDecodeCloudEventHeaders(f *testing.F) {
	f.Add("id", "/services/s", "ProcessingProgress", "Zoë \"%\"", "7", progressData)
	f.Add("%", "s", "ComplianceAlert", "anonymous", "", `{"framework":"GDPR","message":"m","severity":9}`)
	f.Fuzz(func(t *testing.T, id, source, kind, user, priority, data string) {
		if !utf8.ValidString(id+source+kind+user+priority) || !json.Valid([]byte(data)) {
			return // JSON would make the same of other bytes
		}
		headers := map[string][]string{"Ce-Specversion": {"1.0"}}
		var o object
		o.put("specversion", "1.0")
		for name, value := range map[string]string{"id": id, "source": source, "type": kind, "targetuser": user, "priority": priority} {
			headers["Ce-"+name] = []string{encodeHeader(value)}
			o.text(name, value)
		}
		o.put("data", json.RawMessage(data))
		structured, err := o.bytes()
		if err != nil {
			t.Fatal(err)
		}
		want, wantErr := DecodeCloudEvent(structured)
		got, gotErr := DecodeCloudEventHeaders(headers, []byte(data))
		if !reflect.DeepEqual(got, want) || CodeOf(gotErr) != CodeOf(wantErr) {
			t.Fatalf("headers give\n%+v, %v, JSON\n%+v, %v", got, gotErr, want, wantErr)
		}
	})
}

// FuzzCloudEventHeader: any value at all is taken as UTF-8 or refused.
func FuzzCloudEventHeader(f *testing.F) {
	for _, value := range []string{"a", `"a\"b"`, "%41", "%", "%C0%A0", "\xff", `"`} {
		f.Add(value)
	}
	f.Fuzz(func(t *testing.T, value string) {
		e, err := DecodeCloudEventHeaders(inHeaders(map[string][]string{"Ce-Targetuser": {value}}), []byte(progressData))
		if err != nil {
			if CodeOf(err) != CodeInvalidArgument {
				t.Fatalf("code %s: %v", CodeOf(err), err)
			}
			return
		}
		again, err := DecodeCloudEventHeaders(inHeaders(map[string][]string{"Ce-Targetuser": {encodeHeader(e.TargetUser)}}), []byte(progressData))
		if err != nil || again.TargetUser != e.TargetUser {
			t.Fatalf("%q is %q, written again %q, %v", value, e.TargetUser, again.TargetUser, err)
		}
	})
}
