package fanfare

import (
	"crypto/rand"
	"encoding/hex"
	"strings"
)

// TraceID returns the trace id within TraceParent, "" without one.
func (e Event) TraceID() string {
	if !isTraceParent(e.TraceParent) {
		return ""
	}
	return e.TraceParent[3:35]
}

// isTraceParent reports whether s is a W3C traceparent. Versions above 00 may
// carry more than the four fields.
func isTraceParent(s string) bool {
	if len(s) < 55 || s[2] != '-' || s[35] != '-' || s[52] != '-' {
		return false
	}
	version, trace, span, flags := s[:2], s[3:35], s[36:52], s[53:55]
	if !isLowerHex(version) || !isLowerHex(trace) || !isLowerHex(span) || !isLowerHex(flags) {
		return false
	}
	if strings.Trim(trace, "0") == "" || strings.Trim(span, "0") == "" || version == "ff" {
		return false
	}
	return len(s) == 55 || version != "00" && s[55] == '-' && isVisible(s)
}

func isLowerHex(s string) bool {
	return strings.Trim(s, "0123456789abcdef") == ""
}

func isVisible(s string) bool {
	for _, c := range []byte(s) {
		if c < ' ' || c > '~' {
			return false
		}
	}
	return true
}

// traceParentFor makes a traceparent from a .NET record's traceId, which is a
// bare trace id, with a new span id, or already a whole traceparent.
func traceParentFor(traceID string) (string, bool) {
	if isTraceParent(traceID) {
		return traceID, true
	}
	guid, err := ParseGUID(traceID)
	if err != nil {
		return "", false
	}
	var span [8]byte
	rand.Read(span[:])
	span[0] |= 1 // never all zero, which is no span id
	parent := "00-" + strings.ReplaceAll(guid, "-", "") + "-" + hex.EncodeToString(span[:]) + "-01"
	return parent, isTraceParent(parent)
}
