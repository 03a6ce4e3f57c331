package fanfare

import (
	"encoding/json"
	"time"
)

// Payload is what an event tells: exactly one of [DocumentPayload],
// [AlertPayload], [HealthPayload], [PresencePayload] and [ScaledPayload], as a
// value. Members of the JSON that the Go type does not name are kept in Extra
// and written again, behind the named ones.
type Payload interface {
	json.Marshaler
	validate() error
}

// Failure says why a document failed.
type Failure struct {
	Code    string
	Message string
	Extra   map[string]json.RawMessage
}

// DocumentPayload is the payload of the five document types.
type DocumentPayload struct {
	DocumentID      string // lower-case GUID; "" only where the type allows it
	Status          Status
	Percentage      int // 0-100
	ServiceInstance string
	Message         string
	Error           *Failure
	Attempt         int // 0 when the sender does not count
	Extra           map[string]json.RawMessage
}

// AlertPayload is the payload of ComplianceAlert.
type AlertPayload struct {
	Framework  string
	Message    string
	Severity   int       // 1-10
	Time       time.Time // alert_timestamp; the processor fills it
	DocumentID string    // "" when the alert is about no document
	Extra      map[string]json.RawMessage
}

// HealthStatus is how a service feels.
type HealthStatus string

// The health statuses.
const (
	HealthHealthy  HealthStatus = "healthy"
	HealthDegraded HealthStatus = "degraded"
	HealthWarning  HealthStatus = "warning"
	HealthCritical HealthStatus = "critical"
	HealthUnknown  HealthStatus = "unknown"
)

// HealthMetrics are the figures behind a HealthStatus. A figure that the sender
// left out is 0.
type HealthMetrics struct {
	MemoryUsageMB     float64
	ThreadCount       int
	CPUUsage          float64 // per cent of the cores that the process may use
	ActiveConnections int
	Timestamp         time.Time
	Extra             map[string]json.RawMessage
}

// HealthPayload is the payload of HealthStatusChanged.
type HealthPayload struct {
	Status  HealthStatus
	Metrics HealthMetrics
	Extra   map[string]json.RawMessage
}

// PresencePayload is the payload of UserConnected and UserDisconnected.
type PresencePayload struct {
	UserID           string // [Anonymous] without one
	ConnectionID     string
	ServiceInstance  string
	DisconnectReason string // "" on UserConnected
	Extra            map[string]json.RawMessage
}

// ScaledPayload is the payload of ServiceScaled.
type ScaledPayload struct {
	Message  string
	OldCount int
	NewCount int
	Reason   string
	Extra    map[string]json.RawMessage
}

// MarshalJSON writes code, message and the further members.
func (f Failure) MarshalJSON() ([]byte, error) {
	var o object
	o.put("code", f.Code)
	o.put("message", f.Message)
	o.extra(f.Extra)
	return o.bytes()
}

// MarshalJSON writes the payload as it stands on the wire.
func (p DocumentPayload) MarshalJSON() ([]byte, error) {
	var o object
	o.text("document_id", p.DocumentID)
	o.put("status", p.Status)
	o.put("percentage", p.Percentage)
	o.put("service_instance", p.ServiceInstance)
	o.text("message", p.Message)
	o.names = append(o.names, "error", "attempt")
	if p.Error != nil {
		o.put("error", p.Error)
	}
	if p.Attempt != 0 {
		o.put("attempt", p.Attempt)
	}
	o.extra(p.Extra)
	return o.bytes()
}

// MarshalJSON writes the payload as it stands on the wire.
func (p AlertPayload) MarshalJSON() ([]byte, error) {
	var o object
	o.put("framework", p.Framework)
	o.put("message", p.Message)
	o.put("severity", p.Severity)
	o.moment("alert_timestamp", p.Time)
	o.text("document_id", p.DocumentID)
	o.extra(p.Extra)
	return o.bytes()
}

// MarshalJSON writes the figures under their names on the wire.
func (m HealthMetrics) MarshalJSON() ([]byte, error) {
	var o object
	o.put("memory_usage_mb", m.MemoryUsageMB)
	o.put("thread_count", m.ThreadCount)
	o.put("cpu_usage", m.CPUUsage)
	o.put("active_connections", m.ActiveConnections)
	o.moment("timestamp", m.Timestamp)
	o.extra(m.Extra)
	return o.bytes()
}

// MarshalJSON writes the payload as it stands on the wire.
func (p HealthPayload) MarshalJSON() ([]byte, error) {
	var o object
	o.put("status", p.Status)
	o.put("metrics", p.Metrics)
	o.extra(p.Extra)
	return o.bytes()
}

// MarshalJSON writes the payload as it stands on the wire.
func (p PresencePayload) MarshalJSON() ([]byte, error) {
	var o object
	o.put("user_id", p.UserID)
	o.put("connection_id", p.ConnectionID)
	o.put("service_instance", p.ServiceInstance)
	o.text("disconnect_reason", p.DisconnectReason)
	o.extra(p.Extra)
	return o.bytes()
}

// MarshalJSON writes the payload as it stands on the wire.
func (p ScaledPayload) MarshalJSON() ([]byte, error) {
	var o object
	o.put("message", p.Message)
	o.put("old_count", p.OldCount)
	o.put("new_count", p.NewCount)
	o.put("reason", p.Reason)
	o.extra(p.Extra)
	return o.bytes()
}
