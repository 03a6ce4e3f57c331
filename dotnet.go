package fanfare

import (
	"encoding/json"
	"strconv"
	"strings"
)

// noGUID is what .NET writes for an id that nobody has set.
const noGUID = "00000000-0000-0000-0000-000000000000"

// EncodeDotNet writes the event as the .NET services' record does, the members
// that it computes included. The record has a trace id but no place for a
// subject, a tracestate or the span.
func EncodeDotNet(e Event) ([]byte, error) {
	if e.Payload == nil {
		return nil, Errorf(CodeInvalidArgument, "payload is missing: %s needs one", e.Type)
	}
	var o object
	o.text("id", e.ID)
	o.put("eventType", int(e.Type))
	o.moment("timestamp", e.Time)
	o.put("serviceName", e.Service)
	o.put("serviceVersion", e.ServiceVersion)
	o.put("traceId", orNull(e.TraceID()))
	o.put("payload", e.Payload)
	o.put("targetUser", orNull(e.TargetUser))
	o.put("targetGroup", orNull(e.TargetGroup))
	if e.Priority != 0 || e.Lowest {
		o.put("priority", e.Priority)
	}
	o.put("correlationId", e.CorrelationID())
	o.put("isHighPriority", e.High())
	return finish(&o)
}

func orNull(s string) any {
	if s == "" {
		return nil
	}
	return s
}

// DecodeDotNet reads the .NET services' record: members in any case, the type
// by name or number, a time without zone as UTC. A traceId gets a new span id.
// .NET's empty GUID and zero DateTime count as absent. What may be absent stays
// zero. The values are not yet validated. The error is CodeInvalidArgument.
func DecodeDotNet(data []byte) (Event, error) {
	r := newReader(data, "event")
	r.fold()
	r.require("eventtype", "servicename")
	e := Event{
		ID:             r.dotNetID(),
		Type:           r.dotNetType(),
		Service:        r.text("servicename"),
		Time:           r.moment("timestamp"),
		ServiceVersion: r.text("serviceversion"),
		TraceParent:    r.traceParent(),
		TargetUser:     r.text("targetuser"),
		TargetGroup:    r.text("targetgroup"),
	}
	e.Priority, e.Lowest = r.priority()
	raw := r.take("payload")
	if r.err != nil {
		return Event{}, r.err
	}
	var err error
	if e.Payload, err = decodePayload(e.Type, raw, "payload"); err != nil {
		return Event{}, err
	}
	return e, nil
}

// dotNetID returns a GUID in its one form, and any other id as it is.
func (r *reader) dotNetID() string {
	id := r.text("id")
	guid, err := ParseGUID(id)
	if err != nil {
		return id
	}
	if guid == noGUID {
		return ""
	}
	return guid
}

// dotNetType takes a name in any case and a number also in a string, as .NET's
// own enum converter does.
func (r *reader) dotNetType() Type {
	raw := r.take("eventtype")
	name := strings.Trim(string(raw), `"`)
	if n, err := strconv.Atoi(name); err == nil && Type(n).valid() {
		return Type(n)
	}
	for t, known := range typeNames {
		if strings.EqualFold(name, known) {
			return Type(t)
		}
	}
	r.mismatch("eventType", raw, "one of the ten by name or number, as in ProcessingProgress or 2")
	return 0
}

func (r *reader) traceParent() string {
	id := r.text("traceid")
	if id == "" {
		return ""
	}
	parent, ok := traceParentFor(id)
	if !ok {
		r.mismatch("traceId", json.RawMessage(strconv.Quote(id)), "32 hexadecimal digits")
	}
	return parent
}
