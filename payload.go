package fanfare

import (
	"encoding/json"
	"time"
)

// Payload is what an event tells: exactly one of [DocumentPayload],
// [AlertPayload], [HealthPayload], [PresencePayload] and [ScaledPayload].
// Members of the JSON that the Go type does not name are kept in Extra and
// written again.
type Payload interface {
	validate() error
}

// Status is where a document's processing stands.
type Status string

// The statuses, in the order that a document passes them.
const (
	StatusQueued     Status = "queued"
	StatusStarted    Status = "started"
	StatusProcessing Status = "processing"
	StatusCompleted  Status = "completed"
	StatusFailed     Status = "failed"
)

// Failure says why a document failed.
type Failure struct {
	Code    string `json:"code"`
	Message string `json:"message"`
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
	Time       time.Time // alert_timestamp
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

// HealthMetrics are the figures behind a HealthStatus.
type HealthMetrics struct {
	MemoryUsageMB     float64   `json:"memory_usage_mb"`
	ThreadCount       int       `json:"thread_count"`
	CPUUsage          float64   `json:"cpu_usage"` // per cent of the cores that the process may use
	ActiveConnections int       `json:"active_connections"`
	Timestamp         time.Time `json:"timestamp"`
}

// HealthPayload is the payload of HealthStatusChanged.
type HealthPayload struct {
	Status  HealthStatus
	Metrics HealthMetrics
	Extra   map[string]json.RawMessage
}

// PresencePayload is the payload of UserConnected and UserDisconnected.
type PresencePayload struct {
	UserID           string // "anonymous" without one
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
