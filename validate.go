package fanfare

import (
	"fmt"
	"math"
	"strings"
	"unicode/utf8"
)

const (
	maxEventID  = 256 // bytes; twice what any id generator in use makes
	maxPriority = 10
	maxInt32    = math.MaxInt32 // .NET clients read counts as Int32
)

// Validate says whether the event may be stored. ID and Time may still be
// missing. The error names the member, its value and what is allowed; its code
// is CodeInvalidTopic for the Subject, else CodeInvalidArgument.
func (e Event) Validate() error {
	if !e.Type.valid() {
		return Errorf(CodeInvalidArgument, "type is %d: allowed are 0 to %d", int(e.Type), len(typeNames)-1)
	}
	if !isServiceName(e.Service) {
		return Errorf(CodeInvalidArgument, "service is %s: want 1 to %d of A-Z a-z 0-9 . _ -", quote(e.Service), maxServiceName)
	}
	for _, check := range []func() error{e.validateAttributes, e.validateTrace, e.validatePayload} {
		if err := check(); err != nil {
			return err
		}
	}
	_, err := e.Topics()
	return err
}

// validateAttributes refuses control characters in the ID: a newline there
// could make two events look like one to the log.
func (e Event) validateAttributes() error {
	if len(e.ID) > maxEventID || !utf8.ValidString(e.ID) || strings.ContainsFunc(e.ID, isControl) {
		return Errorf(CodeInvalidArgument, "id is %s: want at most %d bytes without control characters", quote(e.ID), maxEventID)
	}
	if e.Priority < 0 || e.Priority > maxPriority || e.Lowest && e.Priority != 0 {
		return Errorf(CodeInvalidArgument, "priority is %d: allowed are 0 to %d", e.Priority, maxPriority)
	}
	if e.TargetUser == Anonymous {
		return Errorf(CodeInvalidArgument, "targetuser is %q: that is nobody's id", e.TargetUser)
	}
	if e.TargetUser != "" && !isUserID(e.TargetUser) {
		return Errorf(CodeInvalidArgument, "targetuser is %s: want 1 to %d bytes of UTF-8", quote(e.TargetUser), maxUserID)
	}
	if y := e.Time.UTC().Year(); y < 1 || y > 9999 {
		return Errorf(CodeInvalidArgument, "time is in the year %d: allowed are 1 to 9999", y)
	}
	return nil
}

func isControl(r rune) bool { return r < ' ' || 0x7f <= r && r < 0xa0 }

func (e Event) validateTrace() error {
	if e.TraceParent == "" && e.TraceState != "" {
		return Errorf(CodeInvalidArgument, "traceparent is missing: tracestate goes with one only")
	}
	if e.TraceParent != "" && !isTraceParent(e.TraceParent) {
		return Errorf(CodeInvalidArgument, "traceparent is %s: want the W3C form 00-(32 hexadecimal digits)-(16)-(2)", quote(e.TraceParent))
	}
	return nil
}

func (e Event) validatePayload() error {
	var fits bool
	switch e.Payload.(type) {
	case DocumentPayload:
		fits = e.Type <= ProcessingFailed
	case ScaledPayload:
		fits = e.Type == ServiceScaled
	case HealthPayload:
		fits = e.Type == HealthStatusChanged
	case AlertPayload:
		fits = e.Type == ComplianceAlert
	case PresencePayload:
		fits = e.Type == UserConnected || e.Type == UserDisconnected
	}
	if !fits {
		return Errorf(CodeInvalidArgument, "payload is a %T: that is not what %s carries", e.Payload, e.Type)
	}
	return e.Payload.validate()
}

func (p DocumentPayload) validate() error {
	if p.Status.Rank() == 0 {
		return Errorf(CodeInvalidArgument, "status is %s: allowed are queued, started, processing, completed and failed", quote(string(p.Status)))
	}
	if err := validateDocumentID(p.DocumentID); err != nil {
		return err
	}
	if err := validateRange("percentage", p.Percentage, 0, 100); err != nil {
		return err
	}
	return validateRange("attempt", p.Attempt, 0, maxInt32)
}

func (p AlertPayload) validate() error {
	if p.Framework == "" {
		return Errorf(CodeInvalidArgument, "framework is empty: want a name, as in GDPR")
	}
	if p.Message == "" {
		return Errorf(CodeInvalidArgument, "message is empty: want a sentence")
	}
	if err := validateRange("severity", p.Severity, 1, 10); err != nil {
		return err
	}
	return validateDocumentID(p.DocumentID)
}

func (p HealthPayload) validate() error {
	switch p.Status {
	case HealthHealthy, HealthDegraded, HealthWarning, HealthCritical, HealthUnknown:
	default:
		return Errorf(CodeInvalidArgument, "status is %s: allowed are healthy, degraded, warning, critical and unknown", quote(string(p.Status)))
	}
	m := p.Metrics
	for name, figure := range map[string]float64{"memory_usage_mb": m.MemoryUsageMB, "cpu_usage": m.CPUUsage} {
		if math.IsNaN(figure) || math.IsInf(figure, 0) || figure < 0 {
			return Errorf(CodeInvalidArgument, "metrics.%s is %v: want a number from 0", name, figure)
		}
	}
	if err := validateRange("metrics.thread_count", m.ThreadCount, 0, maxInt32); err != nil {
		return err
	}
	return validateRange("metrics.active_connections", m.ActiveConnections, 0, maxInt32)
}

func (p PresencePayload) validate() error {
	if !isUserID(p.UserID) {
		return Errorf(CodeInvalidArgument, "user_id is %s: want 1 to %d bytes of UTF-8", quote(p.UserID), maxUserID)
	}
	return nil
}

func (p ScaledPayload) validate() error {
	if err := validateRange("old_count", p.OldCount, 0, maxInt32); err != nil {
		return err
	}
	return validateRange("new_count", p.NewCount, 0, maxInt32)
}

// validateDocumentID asks for the one form by which a document's topic is known.
func validateDocumentID(id string) error {
	if guid, err := ParseGUID(id); id != "" && (err != nil || guid != id) {
		return Errorf(CodeInvalidArgument, "document_id is %s: want a GUID in lower case with hyphens", quote(id))
	}
	return nil
}

func validateRange(name string, value, least, most int) error {
	if value < least || value > most {
		return Errorf(CodeInvalidArgument, "%s is %d: allowed are %d to %d", name, value, least, most)
	}
	return nil
}

// list shows topics in an error.
func list(topics []Topic) string {
	return snip(strings.Trim(fmt.Sprint(topics), "[]"))
}
