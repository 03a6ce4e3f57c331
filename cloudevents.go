package fanfare

import (
	"bytes"
	"encoding/json"
	"mime"
	"strconv"
	"strings"
)

const (
	specVersion  = "1.0"
	sourcePrefix = "/services/"
)

// EncodeCloudEvent writes the event as structured CloudEvents 1.0 JSON, which is
// also its stored form. What the processor has yet to fill is left out. The
// error is CodeTooLarge above [MaxEventBytes], and CodeInvalidArgument for a
// payload that JSON cannot hold.
func EncodeCloudEvent(e Event) ([]byte, error) {
	if e.Payload == nil {
		return nil, Errorf(CodeInvalidArgument, "data is missing: %s needs a payload", e.Type)
	}
	var o object
	o.put("specversion", specVersion)
	o.text("id", e.ID)
	o.put("type", typePrefix+e.Type.String())
	o.put("source", sourcePrefix+e.Service)
	o.moment("time", e.Time)
	o.text("subject", e.Subject.String())
	o.put("datacontenttype", "application/json")
	if e.Priority != 0 || e.Lowest {
		o.put("priority", e.Priority)
	}
	o.text("serviceversion", e.ServiceVersion)
	o.text("traceparent", e.TraceParent)
	o.text("tracestate", e.TraceState)
	o.text("targetuser", e.TargetUser)
	o.text("targetgroup", e.TargetGroup)
	o.put("data", e.Payload)
	return finish(&o)
}

func finish(o *object) ([]byte, error) {
	data, err := o.bytes()
	if err != nil {
		return nil, Errorf(CodeInvalidArgument, "encode event: %w", err)
	}
	if len(data) > MaxEventBytes {
		return nil, Errorf(CodeTooLarge, "the event has %d bytes: allowed are %d; put the bulk into a document and name its id", len(data), MaxEventBytes)
	}
	return data, nil
}

// DecodeCloudEvent reads structured CloudEvents 1.0 JSON. The type may come
// without its prefix, the service is the last path segment of source, and
// attributes that an Event has no place for, the hub's own position among them,
// are passed over. What may be absent stays zero. The values are not yet
// validated. The error is CodeInvalidArgument or CodeInvalidTopic.
func DecodeCloudEvent(data []byte) (Event, error) {
	return newReader(data, "event").cloudEvent()
}

// cloudEvent takes an event out of its members, whichever form they came in.
func (r *reader) cloudEvent() (Event, error) {
	r.require("specversion", "type", "source")
	if version := r.text("specversion"); version != specVersion {
		r.fail("specversion is " + quote(version) + ": want 1.0")
	}
	e := Event{
		ID:             r.text("id"),
		Type:           r.eventType(),
		Service:        lastSegment(r.text("source")),
		Time:           r.moment("time"),
		ServiceVersion: r.text("serviceversion"),
		TraceParent:    r.text("traceparent"),
		TraceState:     r.text("tracestate"),
		TargetUser:     r.text("targetuser"),
		TargetGroup:    r.text("targetgroup"),
		Subject:        r.topic("subject"),
	}
	e.Priority, e.Lowest = r.priority()
	raw := r.data()
	if depth(raw) >= maxDepth { // in the stored form it is one level down
		r.fail("data nests deeper than " + strconv.Itoa(maxDepth-1) + " levels")
	}
	if r.err != nil {
		return Event{}, r.err
	}
	var err error
	if e.Payload, err = decodePayload(e.Type, raw, "data"); err != nil {
		return Event{}, err
	}
	return e, nil
}

// eventType reads the type; an unknown one is an error.
func (r *reader) eventType() Type {
	name := r.text("type")
	t, ok := ParseType(name)
	if !ok {
		r.fail("type is " + quote(name) + ": want one of the ten, as in io.fanfare.ProcessingProgress")
	}
	return t
}

// lastSegment returns the last path segment of a URI reference.
func lastSegment(source string) string {
	if i := strings.IndexAny(source, "?#"); i >= 0 {
		source = source[:i]
	}
	source = strings.TrimRight(source, "/")
	return source[strings.LastIndexByte(source, '/')+1:]
}

func (r *reader) topic(name string) Topic {
	s := r.text(name)
	if s == "" {
		return Topic{}
	}
	t, err := ParseTopic(s)
	if err != nil && r.err == nil {
		r.err = err
	}
	return t
}

// priority takes a numeral in a string too: so it comes in the headers of the
// binary form.
func (r *reader) priority() (priority int, lowest bool) {
	if !r.has("priority") {
		return 0, false
	}
	r.members["priority"] = bytes.Trim(r.members["priority"], `"`)
	priority = r.whole("priority")
	return priority, priority == 0
}

// data returns the payload's JSON. Some SDKs send bytes as data_base64 even
// when they are JSON.
func (r *reader) data() json.RawMessage {
	if kind := r.text("datacontenttype"); kind != "" && !isJSON(kind) {
		r.fail("datacontenttype is " + quote(kind) + ": want application/json")
	}
	if !r.has("data_base64") {
		return r.take("data")
	}
	if r.has("data") {
		r.fail("data and data_base64 are both given: want one")
	}
	raw := r.take("data_base64")
	var decoded []byte
	if err := json.Unmarshal(raw, &decoded); err != nil {
		r.mismatch("data_base64", raw, "base64 of JSON")
	}
	return decoded
}

func isJSON(contentType string) bool {
	kind, _, err := mime.ParseMediaType(contentType)
	return err == nil && (kind == "application/json" || strings.HasSuffix(kind, "+json"))
}
