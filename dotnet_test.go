package fanfare

import (
	"strings"
	"testing"
	"time"
)

const dotNetPayload = `"payload":{"document_id":"` + documentID + `","status":"processing","percentage":40}`

func TestDecodeDotNetTakes(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		members string
		ok      func(Event) bool
	}{
		"a type by name":       {`"eventType":"ProcessingProgress","serviceName":"s"`, func(e Event) bool { return e.Type == ProcessingProgress }},
		"a name in any case":   {`"eventType":"processingProgress","serviceName":"s"`, func(e Event) bool { return e.Type == ProcessingProgress }},
		"a type by number":     {`"eventType":2,"serviceName":"s"`, func(e Event) bool { return e.Type == ProcessingProgress }},
		"a number in a string": {`"eventType":"2","serviceName":"s"`, func(e Event) bool { return e.Type == ProcessingProgress }},
		"members in any case": {
			`"EventType":2,"SERVICENAME":"s","servicEVersion":"2","Timestamp":"2026-11-23T10:00:00","Priority":0,"TargetUser":"U"`,
			func(e Event) bool {
				return e.Service == "s" && e.ServiceVersion == "2" && e.Lowest && e.TargetUser == "U" && e.Time.Equal(time.Date(2026, 11, 23, 10, 0, 0, 0, time.UTC))
			},
		},
		"computed members": {`"eventType":2,"serviceName":"s","id":"x","correlationId":7,"isHighPriority":"?"`, func(e Event) bool { return e.CorrelationID() == "x" && !e.High() }},
		"a GUID as id":     {`"eventType":2,"serviceName":"s","id":"` + strings.ToUpper(documentID) + `"`, func(e Event) bool { return e.ID == documentID }},
		".NET's defaults": {
			`"eventType":2,"serviceName":"s","id":"00000000-0000-0000-0000-000000000000","timestamp":"0001-01-01T00:00:00","traceId":null,"targetUser":null`,
			func(e Event) bool {
				return e.ID == "" && e.Time.IsZero() && e.TraceParent == "" && e.TargetUser == ""
			},
		},
		"a trace id":      {`"eventType":2,"serviceName":"s","traceId":"` + traceID + `"`, func(e Event) bool { return e.TraceID() == traceID && e.CorrelationID() == traceID }},
		"a whole context": {`"eventType":2,"serviceName":"s","traceId":"` + traceParent + `"`, func(e Event) bool { return e.TraceParent == traceParent }},
	}
	for name, test := range tests {
		e, err := accept([]byte("{"+test.members+","+dotNetPayload+"}"), DecodeDotNet)
		if err != nil {
			t.Errorf("%s: %v", name, err)
		} else if !test.ok(e) {
			t.Errorf("%s: decoded as %+v", name, e)
		}
	}
}

func TestDecodeDotNetRefuses(t *testing.T) {
	t.Parallel()
	for members, says := range map[string]string{
		`"serviceName":"s",` + dotNetPayload:                                                        "eventtype is missing",
		`"eventType":2,` + dotNetPayload:                                                            "servicename is missing",
		`"eventType":10,"serviceName":"s",` + dotNetPayload:                                         "eventType is 10",
		`"eventType":-1,"serviceName":"s",` + dotNetPayload:                                         "eventType is -1",
		`"eventType":"Gap","serviceName":"s",` + dotNetPayload:                                      `eventType is "Gap"`,
		`"eventType":2,"serviceName":"s"`:                                                           "payload is missing",
		`"eventType":2,"serviceName":"s","payload":[]`:                                              "payload is no JSON object",
		`"eventType":2,"serviceName":"s","traceId":"short",` + dotNetPayload:                        `traceId is "short"`,
		`"eventType":2,"serviceName":"s","traceId":"` + noGUID + `",` + dotNetPayload:               "traceId",
		`"eventType":2,"serviceName":"s","priority":11,` + dotNetPayload:                            "priority is 11",
		`"eventType":2,"serviceName":"s","SERVICENAME":"t",` + dotNetPayload:                        "servicename is given twice",
		`"eventType":2,"serviceName":"s","payload":{"document_id":"x","status":"","percentage":""}`: "document_id",
	} {
		_, err := accept([]byte("{"+members+"}"), DecodeDotNet)
		if CodeOf(err) != CodeInvalidArgument || !strings.Contains(err.Error(), says) {
			t.Errorf("{%s} gives %v, want an invalid_argument that says %q", members, err, says)
		}
	}
}
