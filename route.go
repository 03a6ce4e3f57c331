package fanfare

import "slices"

// Callback names the client method by which a callback subscriber hears of an
// event, exactly as it stands on the wire.
type Callback string

// The callbacks. CallbackNone: no callback, envelopes only.
const (
	CallbackNone         Callback = ""
	CallbackProcessing   Callback = "ReceiveProcessingUpdate"
	CallbackAlert        Callback = "ReceiveComplianceAlert"
	CallbackNotification Callback = "ReceiveServiceNotification"
	CallbackHealth       Callback = "ReceiveHealthUpdate"
)

// rule is one way of a type: onto the event's topic of this kind, if it has
// one, and from there to callback subscribers.
type rule struct {
	kind     Kind
	callback Callback
}

// route is one type's line of the routing table. An event goes the way of each
// of its rules, or, if firstOnly, of the first whose topic it has.
type route struct {
	rules     []rule
	firstOnly bool
}

// routes is the routing table: both Topics and CallbackFor read it.
//
//nolint:gochecknoglobals // a table that nobody writes; Go has no constant slices
var routes = [...]route{
	DocumentUploaded:    {rules: progressOnly},
	ProcessingStarted:   {rules: progressAndNotice},
	ProcessingProgress:  {rules: progressOnly},
	ProcessingCompleted: {rules: progressAndNotice},
	ProcessingFailed:    {rules: progressAndNotice},
	ServiceScaled:       {rules: []rule{{KindService, CallbackNotification}}},
	HealthStatusChanged: {rules: []rule{{KindService, CallbackHealth}}},
	ComplianceAlert:     {rules: []rule{{KindUser, CallbackAlert}, {KindService, CallbackAlert}}, firstOnly: true},
	UserConnected:       {rules: []rule{{KindPresence, CallbackNone}}},
	UserDisconnected:    {rules: []rule{{KindPresence, CallbackNone}}},
}

//nolint:gochecknoglobals // parts of routes
var (
	progressOnly      = []rule{{KindDocument, CallbackProcessing}}
	progressAndNotice = []rule{{KindDocument, CallbackProcessing}, {KindService, CallbackNotification}}
)

// CallbackFor returns the callback by which subscribers of topic hear of an
// event of type t, CallbackNone if there is none.
func CallbackFor(t Type, topic Topic) Callback {
	if !t.valid() {
		return CallbackNone
	}
	for _, r := range routes[t].rules {
		if r.kind == topic.Kind {
			return r.callback
		}
	}
	return CallbackNone
}

// Topics returns the topics that the event is stored on: first its own, then,
// for the steps of a document that its service is told of too, the service's.
// With an explicit Subject it is that one alone. The error is CodeInvalidTopic
// if the routing table does not give the Subject for this event, and
// CodeInvalidArgument if it gives none at all.
func (e Event) Topics() ([]Topic, error) {
	topics := e.allTopics()
	if len(topics) == 0 {
		return nil, Errorf(CodeInvalidArgument, "document_id is missing: %s needs one", e.Type)
	}
	if e.Subject.IsZero() {
		return topics, nil
	}
	if !slices.Contains(topics, e.Subject) {
		return nil, Errorf(CodeInvalidTopic, "subject is %s: this %s may have %s", quote(e.Subject.String()), e.Type, list(topics))
	}
	return []Topic{e.Subject}, nil
}

// On returns the event as it is stored on this one of its topics. On the second
// of two it is an event of its own, whose ID is derived from the first one's.
func (e Event) On(topic Topic) Event {
	second := e.Subject.IsZero() && slices.Index(e.allTopics(), topic) > 0
	if second {
		e.ID = DeriveID(e.ID, topic.String())
	}
	e.Subject = topic
	return e
}

func (e Event) allTopics() []Topic {
	if !e.Type.valid() {
		return nil
	}
	var topics []Topic
	for _, r := range routes[e.Type].rules {
		topic, ok := e.topic(r.kind)
		if !ok {
			continue
		}
		topics = append(topics, topic)
		if routes[e.Type].firstOnly {
			break
		}
	}
	return topics
}

// topic returns the event's topic of this kind, if it has one.
func (e Event) topic(kind Kind) (Topic, bool) {
	switch kind {
	case KindDocument:
		p, _ := e.Payload.(DocumentPayload)
		return DocumentTopic(p.DocumentID), p.DocumentID != ""
	case KindUser:
		return UserTopic(e.TargetUser), e.TargetUser != ""
	case KindService:
		return ServiceTopic(e.Service), true
	case KindPresence:
		return PresenceTopic(e.Service), true
	}
	return Topic{}, false
}
