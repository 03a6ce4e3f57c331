package fanfare

import (
	"bytes"
	"encoding/json"
	"errors"
	"math"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"
)

// maxDepth is how deep the JSON of an event may nest. .NET clients refuse a
// message that nests 64 levels and drop the connection with it; the envelope
// and the invocation around an event need a few of those.
const maxDepth = 32

// maxWhole is the largest number that every JSON reader keeps exactly.
const maxWhole = 1 << 53

// reader takes the members out of a JSON object, one by one; null counts as
// absent. The first mismatch stays in err, and what is left in members is what
// nobody asked for.
type reader struct {
	members map[string]json.RawMessage
	err     error
}

// newReader reads a whole JSON text, which what names in an error.
func newReader(data []byte, what string) *reader {
	r := &reader{}
	if !utf8.Valid(data) {
		r.err = Errorf(CodeInvalidArgument, "%s is not UTF-8", what)
		return r
	}
	if depth(data) > maxDepth {
		r.err = Errorf(CodeInvalidArgument, "%s nests deeper than %d levels", what, maxDepth)
		return r
	}
	if err := json.Unmarshal(data, &r.members); err != nil {
		r.err = Errorf(CodeInvalidArgument, "%s is no JSON object: %s", what, describeJSON(err))
	} else if r.members == nil {
		r.err = Errorf(CodeInvalidArgument, "%s is null: want a JSON object", what)
	}
	return r
}

// describeJSON leaves out the Go types that a caller outside cannot know.
func describeJSON(err error) string {
	if mismatch, ok := errors.AsType[*json.UnmarshalTypeError](err); ok {
		return "it is a JSON " + mismatch.Value
	}
	return err.Error()
}

// depth returns how deep arrays and objects nest in data, which need not be
// valid JSON.
func depth(data []byte) int {
	deepest, level, inString := 0, 0, false
	for i := 0; i < len(data); i++ {
		switch c := data[i]; {
		case inString && c == '\\':
			i++
		case c == '"':
			inString = !inString
		case inString:
		case c == '{' || c == '[':
			level++
			deepest = max(deepest, level)
		case c == '}' || c == ']':
			level--
		}
	}
	return deepest
}

// fold makes all names lower case, for members that come in any case.
func (r *reader) fold() {
	folded := make(map[string]json.RawMessage, len(r.members))
	for name, raw := range r.members {
		lower := strings.ToLower(name)
		if _, twice := folded[lower]; twice {
			r.fail("member " + lower + " is given twice")
		}
		folded[lower] = raw
	}
	r.members = folded
}

// take returns a member's JSON, nil if it is absent.
func (r *reader) take(name string) json.RawMessage {
	raw := r.members[name]
	delete(r.members, name)
	if string(raw) == "null" {
		return nil
	}
	return raw
}

func (r *reader) has(name string) bool {
	raw := r.members[name]
	return raw != nil && string(raw) != "null"
}

// require notes an error for the first of the names that is absent.
func (r *reader) require(names ...string) {
	for _, name := range names {
		if !r.has(name) {
			r.fail(name + " is missing")
		}
	}
}

func (r *reader) fail(sentence string) {
	if r.err == nil {
		r.err = Errorf(CodeInvalidArgument, "%s", sentence)
	}
}

func (r *reader) mismatch(name string, raw []byte, want string) {
	r.fail(name + " is " + snip(string(raw)) + ": want " + want)
}

func (r *reader) text(name string) string {
	raw := r.take(name)
	var s string
	if raw != nil && json.Unmarshal(raw, &s) != nil {
		r.mismatch(name, raw, "a string")
	}
	return s
}

func (r *reader) guid(name string) string {
	s := r.text(name)
	if s == "" {
		return ""
	}
	guid, err := ParseGUID(s)
	if err != nil {
		r.mismatch(name, []byte(strconv.Quote(s)), "a GUID")
	}
	return guid
}

// moment reads an RFC 3339 time; without zone it is UTC, as .NET writes a
// DateTime whose kind it does not know. Its zero DateTime is Go's zero time.
func (r *reader) moment(name string) time.Time {
	s := r.text(name)
	if s == "" {
		return time.Time{}
	}
	t, err := time.Parse(time.RFC3339Nano, s)
	if err != nil {
		t, err = time.Parse("2006-01-02T15:04:05", s)
	}
	t = t.UTC()
	if err != nil || t.Year() < 1 || t.Year() > 9999 {
		r.mismatch(name, []byte(strconv.Quote(s)), "a time as in 2026-11-23T10:00:00.123Z")
		return time.Time{}
	}
	return t
}

func (r *reader) number(name string) float64 {
	raw := r.take(name)
	if raw == nil {
		return 0
	}
	f, err := strconv.ParseFloat(string(raw), 64)
	if err != nil {
		r.mismatch(name, raw, "a number")
	}
	return f
}

// whole reads an integer, also one that is written as 40.0 or 4e1.
func (r *reader) whole(name string) int {
	raw := r.take(name)
	if raw == nil {
		return 0
	}
	f, err := strconv.ParseFloat(string(raw), 64)
	if err != nil || f != math.Trunc(f) || math.Abs(f) > maxWhole {
		r.mismatch(name, raw, "a whole number")
		return 0
	}
	return int(f)
}

// object returns a reader of a member that is an object; join takes over its
// error.
func (r *reader) object(name string) *reader {
	inner := &reader{}
	raw := r.take(name)
	if raw != nil && json.Unmarshal(raw, &inner.members) != nil {
		r.mismatch(name, raw, "an object")
	}
	return inner
}

func (r *reader) join(inner *reader) {
	if r.err == nil {
		r.err = inner.err
	}
}

// extra returns the members that are left, nil if there are none.
func (r *reader) extra() map[string]json.RawMessage {
	if len(r.members) == 0 {
		return nil
	}
	for name, raw := range r.members {
		var b bytes.Buffer
		if err := json.Compact(&b, raw); err == nil {
			r.members[name] = b.Bytes()
		}
	}
	return r.members
}

// quote and snip show a value in an error, cut to a length that fits a log.
func quote(s string) string { return snip(strconv.Quote(s)) }

func snip(s string) string {
	const enough = 80 // bytes
	if len(s) <= enough {
		return s
	}
	return strings.ToValidUTF8(s[:enough], "") + "…"
}
