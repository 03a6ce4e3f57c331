package front

import (
	"bytes"
	"strings"
)

// findings is what the headers of a head say together.
type findings struct {
	host, origin               span
	upgrade, connectionUpgrade bool
	pragma, cacheControl       bool
}

// check says whether its headers leave a whole head plain.
func (h *head) check(data []byte) verdict {
	var f findings
	for i := range h.fields {
		if h.again(data, i) || !h.checkField(data, i, &f) {
			return foreign
		}
	}
	h.host = f.host
	switch {
	case f.host == span{}, f.upgrade == h.post, f.upgrade != f.connectionUpgrade:
		return foreign
	case f.pragma && !f.cacheControl: // net/http makes the one of the other
		return foreign
	case f.origin != span{} && !isOrigin(f.origin.of(data), f.host.of(data)):
		return foreign // what it may read is for the application to say, around its handler
	default:
		return complete
	}
}

// again says whether a header has been there before.
func (h *head) again(data []byte, i int) bool {
	name := h.names[i].of(data)
	for _, before := range h.names[:i] {
		if bytes.EqualFold(before.of(data), name) {
			return true
		}
	}
	return false
}

// checkField says whether a header by itself leaves the head plain.
func (h *head) checkField(data []byte, i int, f *findings) bool {
	value := h.values[i].of(data)
	switch name := h.names[i].of(data); {
	case is(name, "host"):
		f.host = h.values[i]
		return len(value) > 0 && all(value, isHost)
	case is(name, "origin"):
		f.origin = h.values[i]
		return len(value) > 0
	case is(name, "connection"):
		return h.checkConnection(value, f)
	case is(name, "upgrade"):
		f.upgrade = true
		return is(value, "websocket")
	case is(name, "content-length"):
		return h.post && string(value) == "0"
	case is(name, "accept"):
		return h.post || string(value) == "*/*" // it could ask for a stream of events
	case is(name, "pragma"):
		f.pragma = true
	case is(name, "cache-control"):
		f.cacheControl = true
	case is(name, "transfer-encoding"), is(name, "trailer"), is(name, "expect"), is(name, "http2-settings"):
		return false
	}
	return true
}

// checkConnection reads the Connection header, of which nothing is plain but
// what the request needs.
func (h *head) checkConnection(value []byte, f *findings) bool {
	for word := range bytes.SplitSeq(value, []byte(",")) {
		switch word = bytes.Trim(word, " "); {
		case is(word, "upgrade"):
			f.connectionUpgrade = true
		case !is(word, "keep-alive"):
			return false
		}
	}
	return true
}

// isOrigin says whether a page's origin is the host that its request is for.
func isOrigin(origin, host []byte) bool {
	for _, scheme := range []string{"http://", "https://"} {
		if len(origin) == len(scheme)+len(host) && string(origin[:len(scheme)]) == scheme {
			return bytes.EqualFold(origin[len(scheme):], host)
		}
	}
	return false
}

// is compares without case.
func is(text []byte, lower string) bool {
	if len(text) != len(lower) {
		return false
	}
	for i, c := range text {
		if 'A' <= c && c <= 'Z' {
			c += 'a' - 'A'
		}
		if c != lower[i] {
			return false
		}
	}
	return true
}

func all(text []byte, is func(byte) bool) bool {
	for _, c := range text {
		if !is(c) {
			return false
		}
	}
	return true
}

func isAlphanumeric(c byte) bool {
	return 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9'
}

// isPath is for bytes that mean themselves in a path, and are never escaped.
func isPath(c byte) bool { return isAlphanumeric(c) || strings.IndexByte("/-._~", c) >= 0 }

// isQuery is for bytes that a query has as they are.
func isQuery(c byte) bool { return '!' <= c && c <= '~' && c != '#' }

func isHost(c byte) bool { return isAlphanumeric(c) || strings.IndexByte("-._:[]", c) >= 0 }

func isToken(c byte) bool { return isAlphanumeric(c) || c == '-' || c == '_' }

func isValue(c byte) bool { return ' ' <= c && c <= '~' }
