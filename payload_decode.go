package fanfare

import "encoding/json"

// decodePayload reads the data of an event of type t. Whether the values are
// allowed is asked by validate.
func decodePayload(t Type, raw json.RawMessage, what string) (Payload, error) {
	if raw == nil {
		return nil, Errorf(CodeInvalidArgument, "%s is missing: %s needs a payload", what, t)
	}
	r := newReader(raw, what)
	if r.err != nil {
		return nil, r.err
	}
	p := readPayload(t, r)
	return p, r.err
}

func readPayload(t Type, r *reader) Payload {
	switch t {
	case ServiceScaled:
		return readScaled(r)
	case HealthStatusChanged:
		return readHealth(r)
	case ComplianceAlert:
		return readAlert(r)
	case UserConnected, UserDisconnected:
		return readPresence(r)
	default:
		return readDocument(t, r)
	}
}

// readDocument asks for the state of the document that it is about. An event
// about none may be a mere notice, whose status follows from its type.
func readDocument(t Type, r *reader) Payload {
	if r.has("document_id") {
		r.require("status", "percentage")
	}
	p := DocumentPayload{
		DocumentID:      r.guid("document_id"),
		Status:          Status(r.text("status")),
		Percentage:      r.whole("percentage"),
		ServiceInstance: r.text("service_instance"),
		Message:         r.text("message"),
		Error:           readFailure(r),
		Attempt:         r.whole("attempt"),
		Extra:           r.extra(),
	}
	if p.Status == "" {
		p.Status = t.status()
	}
	return p
}

func readFailure(r *reader) *Failure {
	if !r.has("error") {
		r.take("error")
		return nil
	}
	var f Failure
	inner := r.object("error")
	f.read(inner)
	r.join(inner)
	return &f
}

func (f *Failure) read(r *reader) {
	*f = Failure{Code: r.text("code"), Message: r.text("message"), Extra: r.extra()}
}

// UnmarshalJSON reads what MarshalJSON writes.
func (f *Failure) UnmarshalJSON(data []byte) error {
	r := newReader(data, "error")
	f.read(r)
	return r.err
}

func readAlert(r *reader) Payload {
	r.require("framework", "message", "severity")
	return AlertPayload{
		Framework:  r.text("framework"),
		Message:    r.text("message"),
		Severity:   r.whole("severity"),
		Time:       r.moment("alert_timestamp"),
		DocumentID: r.guid("document_id"),
		Extra:      r.extra(),
	}
}

func readHealth(r *reader) Payload {
	r.require("status")
	p := HealthPayload{Status: HealthStatus(r.text("status"))}
	inner := r.object("metrics")
	p.Metrics.read(inner)
	r.join(inner)
	p.Extra = r.extra()
	return p
}

func (m *HealthMetrics) read(r *reader) {
	*m = HealthMetrics{
		MemoryUsageMB:     r.number("memory_usage_mb"),
		ThreadCount:       r.whole("thread_count"),
		CPUUsage:          r.number("cpu_usage"),
		ActiveConnections: r.whole("active_connections"),
		Timestamp:         r.moment("timestamp"),
		Extra:             r.extra(),
	}
}

// UnmarshalJSON reads what MarshalJSON writes.
func (m *HealthMetrics) UnmarshalJSON(data []byte) error {
	r := newReader(data, "metrics")
	m.read(r)
	return r.err
}

func readPresence(r *reader) Payload {
	p := PresencePayload{
		UserID:           r.text("user_id"),
		ConnectionID:     r.text("connection_id"),
		ServiceInstance:  r.text("service_instance"),
		DisconnectReason: r.text("disconnect_reason"),
		Extra:            r.extra(),
	}
	if p.UserID == "" {
		p.UserID = Anonymous
	}
	return p
}

func readScaled(r *reader) Payload {
	return ScaledPayload{
		Message:  r.text("message"),
		OldCount: r.whole("old_count"),
		NewCount: r.whole("new_count"),
		Reason:   r.text("reason"),
		Extra:    r.extra(),
	}
}
