package fanfare

import "time"

// Type says what kind of fact an event is. The numbers are those of the .NET
// services' enum, which writes them in its JSON.
type Type int

// The ten types, in the order of the .NET enum.
const (
	DocumentUploaded    Type = 0
	ProcessingStarted   Type = 1
	ProcessingProgress  Type = 2
	ProcessingCompleted Type = 3
	ProcessingFailed    Type = 4
	ServiceScaled       Type = 5
	HealthStatusChanged Type = 6
	ComplianceAlert     Type = 7
	UserConnected       Type = 8
	UserDisconnected    Type = 9
)

// Event is one fact. It is immutable: who wants another value makes a copy.
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
	Priority       int    // 0-10
}

// Receipt is what the log answers when it has stored an event.
type Receipt struct {
	ID         string
	Topic      Topic
	Seq        uint64
	Durability string // "disk", "quorum" or "memory"
	Duplicate  bool   // stored before; Seq is the first one's
}

// Stored is an event with its place in the log. Seq grows along the topic,
// with holes; Prev is the Seq of the topic's event before it, 0 for the first.
type Stored struct {
	Event Event
	Topic Topic
	Seq   uint64
	Prev  uint64
}
