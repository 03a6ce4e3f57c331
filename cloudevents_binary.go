package fanfare

import (
	"encoding/json"
	"net/url"
	"strings"
	"unicode/utf8"
)

// attributePrefix goes before an attribute's name in an HTTP header.
const attributePrefix = "ce-"

// DecodeCloudEventHeaders reads the binary form of CloudEvents 1.0 over HTTP:
// attributes in headers, as in "ce-type", data as the body, whose content type
// is the event's. Names may be in any case; values are unquoted and
// percent-decoded as the HTTP binding says, and an empty one counts as absent.
// Apart from that it takes what [DecodeCloudEvent] takes, and fails as that does.
func DecodeCloudEventHeaders(headers map[string][]string, body []byte) (Event, error) {
	r := &reader{members: map[string]json.RawMessage{}}
	for name, values := range headers {
		r.header(strings.ToLower(name), values)
	}
	if len(body) > 0 {
		r.members["data"] = body
	}
	return r.cloudEvent()
}

// header takes an attribute in, as the member that it is in the JSON form.
func (r *reader) header(name string, values []string) {
	attribute, ok := strings.CutPrefix(name, attributePrefix)
	switch {
	case name == "content-type":
		attribute = "datacontenttype"
	case !ok:
		return
	case !isAttribute(attribute) || attribute == "data" || attribute == "datacontenttype":
		r.fail("header " + quote(name) + " is no attribute: data is the body, its type Content-Type, and a name has only a-z and 0-9")
		return
	}
	if _, twice := r.members[attribute]; twice || len(values) != 1 {
		r.fail("header " + name + " is given twice")
		return
	}
	r.headerValue(name, attribute, values[0])
}

func (r *reader) headerValue(name, attribute, value string) {
	if name != "content-type" {
		decoded, err := url.PathUnescape(unquoteHeader(value))
		if err != nil || !utf8.ValidString(decoded) {
			r.fail("header " + name + " is " + quote(value) + ": want UTF-8 in which a space, a quote, a percent sign and all beyond ASCII are percent-encoded")
			return
		}
		value = decoded
	}
	if value == "" {
		return
	}
	var o object
	o.encode(value)
	r.members[attribute] = o.buf.Bytes()
}

func isAttribute(name string) bool {
	for i := range len(name) {
		if c := name[i]; (c < 'a' || c > 'z') && (c < '0' || c > '9') {
			return false
		}
	}
	return name != ""
}

// unquoteHeader takes the double quotes and backslashes off the quoted parts of
// a value, which older senders write.
func unquoteHeader(value string) string {
	if !strings.Contains(value, `"`) {
		return value
	}
	var b strings.Builder
	quoted := false
	for i := 0; i < len(value); i++ {
		switch c := value[i]; {
		case c == '"':
			quoted = !quoted
		case quoted && c == '\\' && i+1 < len(value):
			i++
			b.WriteByte(value[i])
		default:
			b.WriteByte(c)
		}
	}
	return b.String()
}
