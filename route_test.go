package fanfare

import (
	"slices"
	"strings"
	"testing"
)

func TestRoutes(t *testing.T) {
	t.Parallel()
	document, service, presence := DocumentTopic(documentID), ServiceTopic("document-processor"), PresenceTopic("document-processor")
	type hop struct {
		topic    Topic
		callback Callback
	}
	tests := map[Type][]hop{
		DocumentUploaded:    {{document, "ReceiveProcessingUpdate"}},
		ProcessingStarted:   {{document, "ReceiveProcessingUpdate"}, {service, "ReceiveServiceNotification"}},
		ProcessingProgress:  {{document, "ReceiveProcessingUpdate"}},
		ProcessingCompleted: {{document, "ReceiveProcessingUpdate"}, {service, "ReceiveServiceNotification"}},
		ProcessingFailed:    {{document, "ReceiveProcessingUpdate"}, {service, "ReceiveServiceNotification"}},
		ServiceScaled:       {{service, "ReceiveServiceNotification"}},
		HealthStatusChanged: {{service, "ReceiveHealthUpdate"}},
		ComplianceAlert:     {{UserTopic("Zoë@example.org"), "ReceiveComplianceAlert"}},
		UserConnected:       {{presence, ""}},
		UserDisconnected:    {{presence, ""}},
	}
	for _, kind := range allTypes() {
		topics, err := sample(kind).Topics()
		if err != nil {
			t.Errorf("%s: %v", kind, err)
		}
		var got []hop
		for _, topic := range topics {
			got = append(got, hop{topic, CallbackFor(kind, topic)})
		}
		if !slices.Equal(got, tests[kind]) {
			t.Errorf("%s goes to %v, want %v", kind, got, tests[kind])
		}
	}
}

func TestAlertWithoutUserGoesToTheService(t *testing.T) {
	t.Parallel()
	e := sample(ComplianceAlert)
	e.TargetUser = ""
	topics, err := e.Topics()
	if err != nil || !slices.Equal(topics, []Topic{ServiceTopic(e.Service)}) {
		t.Errorf("it goes to %v, %v", topics, err)
	}
	if got := CallbackFor(e.Type, topics[0]); got != CallbackAlert {
		t.Errorf("its callback is %q", got)
	}
}

func TestNoticeWithoutDocumentIsStoredOnce(t *testing.T) {
	t.Parallel()
	e := Event{ID: "1", Type: ProcessingFailed, Service: "s", Payload: DocumentPayload{Status: StatusFailed}}
	topics, err := e.Topics()
	if err != nil || !slices.Equal(topics, []Topic{ServiceTopic("s")}) {
		t.Fatalf("it goes to %v, %v", topics, err)
	}
	if got := e.On(topics[0]); got.ID != "1" {
		t.Errorf("its only copy has the id %q", got.ID)
	}
}

func TestExplicitSubject(t *testing.T) {
	t.Parallel()
	tests := []struct {
		kind    Type
		subject Topic
		ok      bool
	}{
		{ProcessingStarted, DocumentTopic(documentID), true},
		{ProcessingStarted, ServiceTopic("document-processor"), true},
		{ProcessingStarted, ServiceTopic("another"), false},
		{ProcessingStarted, PresenceTopic("document-processor"), false},
		{ProcessingProgress, ServiceTopic("document-processor"), false},
		{ComplianceAlert, UserTopic("Zoë@example.org"), true},
		{ComplianceAlert, UserTopic("zoë@example.org"), false},
		{ComplianceAlert, ServiceTopic("document-processor"), false},
		{ComplianceAlert, DocumentTopic(documentID), false},
	}
	for _, test := range tests {
		e := sample(test.kind)
		e.Subject = test.subject
		topics, err := e.Topics()
		if test.ok && (err != nil || !slices.Equal(topics, []Topic{test.subject})) {
			t.Errorf("%s on %s: %v, %v", test.kind, test.subject, topics, err)
		}
		if !test.ok && (CodeOf(err) != CodeInvalidTopic || CodeOf(e.Validate()) != CodeInvalidTopic) {
			t.Errorf("%s on %s: %v, %v, want invalid_topic", test.kind, test.subject, topics, err)
		}
	}
}

func TestSecondCopyIsAnEventOfItsOwn(t *testing.T) {
	t.Parallel()
	e := sample(ProcessingCompleted)
	topics, err := e.Topics()
	if err != nil {
		t.Fatal(err)
	}
	first, second := e.On(topics[0]), e.On(topics[1])
	if first.ID != e.ID || first.Subject != topics[0] {
		t.Errorf("the first copy is %+v", first)
	}
	if want := DeriveID(e.ID, "service:document-processor"); second.ID != want || second.Subject != topics[1] {
		t.Errorf("the second copy has the id %q and the subject %s, want %q", second.ID, second.Subject, want)
	}
	if again := second.On(second.Subject); again.ID != second.ID {
		t.Errorf("the stored copy changes its id to %q", again.ID)
	}
	e.Subject = topics[1]
	if chosen := e.On(topics[1]); chosen.ID != e.ID {
		t.Errorf("the only copy has the derived id %q", chosen.ID)
	}
}

func TestCallbackForWhatIsNoRoute(t *testing.T) {
	t.Parallel()
	for _, kind := range []Type{-1, 10, ProcessingProgress} {
		if got := CallbackFor(kind, ServiceTopic("s")); got != CallbackNone {
			t.Errorf("%s has %q", kind, got)
		}
	}
}

func TestDefaultPriorities(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		kind    Type
		payload Payload
		want    int
	}{
		{DocumentUploaded, DocumentPayload{}, 5},
		{ProcessingStarted, DocumentPayload{}, 5},
		{ProcessingProgress, DocumentPayload{}, 6},
		{ProcessingCompleted, DocumentPayload{}, 5},
		{ProcessingFailed, DocumentPayload{}, 5},
		{ServiceScaled, ScaledPayload{}, 5},
		{HealthStatusChanged, HealthPayload{Status: HealthWarning}, 4},
		{HealthStatusChanged, HealthPayload{Status: HealthCritical}, 9},
		{ComplianceAlert, AlertPayload{Severity: 7}, 7},
		{ComplianceAlert, AlertPayload{Severity: 8}, 9},
		{UserConnected, PresencePayload{}, 5},
		{UserDisconnected, PresencePayload{}, 5},
	} {
		if got := test.kind.DefaultPriority(test.payload); got != test.want {
			t.Errorf("%s %+v: %d, want %d", test.kind, test.payload, got, test.want)
		}
	}
}

func TestValidateRefusesBuiltEvents(t *testing.T) {
	t.Parallel()
	for says, change := range map[string]func(*Event){
		"type is 10":                            func(e *Event) { e.Type = 10 },
		"service is \"\"":                       func(e *Event) { e.Service = "" },
		"payload is a <nil>":                    func(e *Event) { e.Payload = nil },
		"payload is a fanfare.ScaledPayload":    func(e *Event) { e.Payload = ScaledPayload{} },
		"payload is a *fanfare.DocumentPayload": func(e *Event) { e.Payload = &DocumentPayload{DocumentID: documentID, Status: StatusQueued} },
		"lower case": func(e *Event) {
			e.Payload = DocumentPayload{DocumentID: strings.ToUpper(documentID), Status: StatusQueued}
		},
		"priority is 3":      func(e *Event) { e.Priority, e.Lowest = 3, true },
		"want 1 to 256":      func(e *Event) { e.TargetUser = "\xff" },
		"in the year 10000":  func(e *Event) { e.Time = e.Time.AddDate(10000-2026, 0, 0) },
		"traceparent is \"0": func(e *Event) { e.TraceParent = "00-" + strings.Repeat("0", 32) + traceParent[35:] },
	} {
		e := sample(ProcessingProgress)
		change(&e)
		if err := e.Validate(); CodeOf(err) != CodeInvalidArgument || !strings.Contains(err.Error(), says) {
			t.Errorf("got %v, want an invalid_argument that says %q", err, says)
		}
	}
}
