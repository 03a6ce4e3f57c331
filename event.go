package fanfare

import "time"

// MaxEventBytes is the largest event that is stored, in its CloudEvents form.
const MaxEventBytes = 200 << 10

// highPriority is where outside brokers begin to hear of an event as urgent.
const highPriority = 8

// Event is one fact. It is immutable: who wants another value makes a copy.
// ID, Time, Service, ServiceVersion and Priority may be left out by who emits
// it; the processor fills them.
type Event struct {
	ID             string    // unique together with tenant, Service and topic
	Type           Type      // one of ten; it decides the Payload's Go type
	Time           time.Time // when it happened, UTC
	Service        string    // who says so, 1-64 of A-Za-z0-9._-
	ServiceVersion string
	TraceParent    string  // W3C traceparent; "" when there is none
	TraceState     string  // W3C tracestate, only beside a TraceParent
	Subject        Topic   // the topic chosen explicitly; the zero Topic lets the table decide
	Payload        Payload // never nil in a valid event
	TargetUser     string
	TargetGroup    string // kept and shown, never routes
	Priority       int    // 0-10; 0 without Lowest is the type's default
	Lowest         bool   // priority 0 was asked for, not just left out
}

// CorrelationID returns the trace id, or the ID of an event without a trace.
func (e Event) CorrelationID() string {
	if id := e.TraceID(); id != "" {
		return id
	}
	return e.ID
}

// High reports whether the event is urgent: a priority of 8 or more.
func (e Event) High() bool { return e.Priority >= highPriority }

// Entry is an event and the topic that it is to be stored on.
type Entry struct {
	Event Event
	Topic Topic
}

// Stored is an event with its place in the log. Seq grows along the topic,
// with holes; Prev is the Seq of the topic's event before it, 0 for the first.
type Stored struct {
	Event  Event
	Topic  Topic
	Seq    uint64
	Prev   uint64
	Record []byte // the event in its stored form; nil: it is encoded when needed
}
