package fanfare

import (
	"strconv"
	"strings"
)

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

// typePrefix goes before a type's name in CloudEvents.
const typePrefix = "io.fanfare."

//nolint:gochecknoglobals // a table that nobody writes; Go has no constant arrays
var typeNames = [...]string{
	DocumentUploaded:    "DocumentUploaded",
	ProcessingStarted:   "ProcessingStarted",
	ProcessingProgress:  "ProcessingProgress",
	ProcessingCompleted: "ProcessingCompleted",
	ProcessingFailed:    "ProcessingFailed",
	ServiceScaled:       "ServiceScaled",
	HealthStatusChanged: "HealthStatusChanged",
	ComplianceAlert:     "ComplianceAlert",
	UserConnected:       "UserConnected",
	UserDisconnected:    "UserDisconnected",
}

// String returns the bare name, as in "DocumentUploaded".
func (t Type) String() string {
	if !t.valid() {
		return "Type(" + strconv.Itoa(int(t)) + ")"
	}
	return typeNames[t]
}

// ParseType finds a type by its name, bare or as "io.fanfare." and the name.
func ParseType(s string) (Type, bool) {
	s = strings.TrimPrefix(s, typePrefix)
	for t, name := range typeNames {
		if s == name {
			return Type(t), true
		}
	}
	return 0, false
}

func (t Type) valid() bool { return 0 <= t && int(t) < len(typeNames) }

// DefaultPriority returns the priority of an event of this type that comes
// without one. The payload decides for alerts and health.
func (t Type) DefaultPriority(p Payload) int {
	switch t {
	case HealthStatusChanged:
		if h, ok := p.(HealthPayload); ok && h.Status == HealthCritical {
			return 9
		}
		return 4
	case ComplianceAlert:
		if a, ok := p.(AlertPayload); ok && a.Severity >= 8 {
			return 9
		}
		return 7
	case ProcessingProgress:
		return 6
	default:
		return 5
	}
}

// status returns the status that a document event of this type tells of when
// its payload has none.
func (t Type) status() Status {
	switch t {
	case DocumentUploaded:
		return StatusQueued
	case ProcessingStarted:
		return StatusStarted
	case ProcessingCompleted:
		return StatusCompleted
	case ProcessingFailed:
		return StatusFailed
	default:
		return StatusProcessing
	}
}
