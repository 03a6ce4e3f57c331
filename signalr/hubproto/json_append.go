package hubproto

import (
	"maps"
	"slices"
	"strconv"
)

// Append appends m with its 0x1E, the members in ASP.NET Core's order
// (JSON-25). An argument, item or result that is nil is written as null.
func (*JSON) Append(dst []byte, m Message) []byte {
	dst = append(dst, `{"type":`...)
	dst = strconv.AppendInt(dst, int64(m.Type()), 10)
	switch m := m.(type) {
	case *Invocation:
		dst = appendInvocation(dst, m)
	case *StreamItem:
		dst = appendHead(dst, m.Headers, m.InvocationID)
		dst = appendRaw(append(dst, `,"item":`...), m.Item)
	case *Completion:
		dst = appendCompletion(dst, m)
	case *CancelInvocation:
		dst = appendHead(dst, m.Headers, m.InvocationID)
	case *Close:
		dst = appendClose(dst, m)
	case *Ack:
		dst = strconv.AppendInt(append(dst, `,"sequenceId":`...), m.SequenceID, 10)
	case *Sequence:
		dst = strconv.AppendInt(append(dst, `,"sequenceId":`...), m.SequenceID, 10)
	case *Ping:
	}
	return append(dst, '}', recordSeparator)
}

// appendInvocation leaves out the id of a call that nobody waits for (JSON-08,
// JSON-11).
func appendInvocation(dst []byte, m *Invocation) []byte {
	dst = appendHeaders(dst, m.Headers)
	if m.InvocationID != "" {
		dst = appendID(dst, m.InvocationID)
	}
	dst = appendString(append(dst, `,"target":`...), m.Target)
	dst = append(dst, `,"arguments":[`...)
	for i, argument := range m.Arguments {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = appendRaw(dst, argument)
	}
	dst = append(dst, ']')
	if len(m.StreamIDs) == 0 {
		return dst
	}
	dst = append(dst, `,"streamIds":[`...)
	for i, id := range m.StreamIDs {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = appendString(dst, id)
	}
	return append(dst, ']')
}

func appendCompletion(dst []byte, m *Completion) []byte {
	dst = appendHead(dst, m.Headers, m.InvocationID)
	switch {
	case m.HasError:
		return appendString(append(dst, `,"error":`...), m.Error)
	case m.HasResult:
		return appendRaw(append(dst, `,"result":`...), m.Result)
	default:
		return dst
	}
}

func appendClose(dst []byte, m *Close) []byte {
	if m.HasError {
		dst = appendString(append(dst, `,"error":`...), m.Error)
	}
	if m.AllowReconnect {
		dst = append(dst, `,"allowReconnect":true`...)
	}
	return dst
}

// appendHead appends the members that come right after the type (JSON-10).
func appendHead(dst []byte, headers map[string]string, invocationID string) []byte {
	return appendID(appendHeaders(dst, headers), invocationID)
}

func appendID(dst []byte, invocationID string) []byte {
	return appendString(append(dst, `,"invocationId":`...), invocationID)
}

// appendHeaders writes no empty headers.
func appendHeaders(dst []byte, headers map[string]string) []byte {
	if len(headers) > 0 {
		dst = append(dst, `,"headers":`...)
		open := byte('{')
		for _, name := range slices.Sorted(maps.Keys(headers)) {
			dst = appendString(append(dst, open), name)
			dst = appendString(append(dst, ':'), headers[name])
			open = ','
		}
		dst = append(dst, '}')
	}
	return dst
}

func appendRaw(dst []byte, raw Raw) []byte {
	if raw == nil {
		return append(dst, "null"...)
	}
	return append(dst, raw...)
}
