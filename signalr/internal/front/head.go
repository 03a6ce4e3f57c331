package front

import "bytes"

// maxFields is how many headers a plain head has at most: browsers send 20.
const maxFields = 48

// verdict is what becomes of the bytes that have arrived.
type verdict uint8

const (
	foreign  verdict = iota // they are for net/http
	partial                 // more is needed to tell
	complete                // the head is plain and whole
)

// span is a piece of a head, which is shorter than 64 KiB.
type span struct{ from, to uint16 }

// head is where a plain head's pieces are.
type head struct {
	post   bool
	kept   bool
	size   uint16 // with the empty line
	target span
	path   span
	host   span
	fields int
	names  [maxFields]span
	values [maxFields]span
}

// parse reads a head at the beginning of data. It must not be called with
// fewer bytes than before: nothing is kept.
func (h *head) parse(data []byte, site Site) verdict {
	line, at, v := nextLine(data, 0)
	switch {
	case !begins(data, &h.post):
		return foreign
	case v != complete:
		return v
	case !h.parseFirst(data, line):
		return foreign
	}
	var known bool
	if known, h.kept = site.Knows(h.post, h.path.of(data)); !known {
		return foreign
	}
	h.fields = 0
	for {
		if line, at, v = nextLine(data, at); v != complete {
			return v
		}
		if line.from == line.to {
			h.size = at
			return h.check(data)
		}
		if h.fields == maxFields || !h.parseField(data, line) {
			return foreign
		}
	}
}

// begins says whether data may be the beginning of a plain head.
func begins(data []byte, post *bool) bool {
	for _, method := range []string{"GET /", "POST /"} {
		if n := min(len(method), len(data)); string(data[:n]) == method[:n] {
			*post = method[0] == 'P'
			return true
		}
	}
	return false
}

// nextLine finds the line that begins at from. Lines end with CR LF: net/http
// knows what to think of others.
func nextLine(data []byte, from uint16) (line span, next uint16, v verdict) {
	n := bytes.IndexByte(data[from:], '\n')
	switch {
	case n < 0:
		return span{}, from, partial
	case n == 0 || data[int(from)+n-1] != '\r':
		return span{}, from, foreign
	default:
		end := from + uint16(n) //nolint:gosec // within data
		return span{from, end - 1}, end + 1, complete
	}
}

const version = " HTTP/1.1"

// parseFirst reads the request line behind its method.
func (h *head) parseFirst(data []byte, line span) bool {
	text := line.of(data)
	target, ok := bytes.CutSuffix(text, []byte(version))
	if !ok {
		return false
	}
	h.target = span{4, uint16(len(target))} //nolint:gosec // within data
	if h.post {
		h.target.from = 5
	}
	h.path = h.target
	for i := h.target.from; i < h.target.to; i++ {
		if data[i] == '?' {
			h.path.to = i
			return i+1 < h.target.to && all(data[i+1:h.target.to], isQuery)
		}
		if !isPath(data[i]) || data[i] == '/' && i == h.target.from+1 { // "//host"
			return false
		}
	}
	return true
}

// parseField reads a header.
func (h *head) parseField(data []byte, line span) bool {
	text := line.of(data)
	colon := bytes.IndexByte(text, ':')
	if colon <= 0 || !all(text[:colon], isToken) || !all(text[colon+1:], isValue) {
		return false
	}
	name := span{line.from, line.from + uint16(colon)} //nolint:gosec // within data
	value := span{name.to + 1, line.to}
	for value.from < value.to && data[value.from] == ' ' {
		value.from++
	}
	for value.from < value.to && data[value.to-1] == ' ' {
		value.to--
	}
	h.names[h.fields], h.values[h.fields] = name, value
	h.fields++
	return true
}

func (s span) of(data []byte) []byte { return data[s.from:s.to] }
func (s span) in(text string) string { return text[s.from:s.to] }
