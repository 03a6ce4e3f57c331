package fanfare

import (
	"bytes"
	"encoding/json"
	"maps"
	"slices"
	"time"
)

// object writes a JSON object, its members in the order of the calls.
type object struct {
	buf   bytes.Buffer
	names []string // named so far, whether written or left out
	err   error
}

// put writes a member.
func (o *object) put(name string, value any) {
	o.names = append(o.names, name)
	o.write(name, value)
}

// text writes a member unless it is empty.
func (o *object) text(name, value string) {
	o.names = append(o.names, name)
	if value != "" {
		o.write(name, value)
	}
}

// moment writes a member as RFC 3339 in UTC unless it is the zero time.
func (o *object) moment(name string, value time.Time) {
	o.names = append(o.names, name)
	if !value.IsZero() {
		o.write(name, value.UTC().Format(time.RFC3339Nano))
	}
}

// extra writes the members that have not been named so far, sorted.
func (o *object) extra(members map[string]json.RawMessage) {
	for _, name := range slices.Sorted(maps.Keys(members)) {
		if !slices.Contains(o.names, name) {
			o.write(name, members[name])
		}
	}
}

func (o *object) write(name string, value any) {
	if o.buf.Len() == 0 {
		o.buf.WriteByte('{')
	} else {
		o.buf.WriteByte(',')
	}
	o.encode(name)
	o.buf.WriteByte(':')
	o.encode(value)
}

// encode does as json.Marshal, but leaves < > & as they are: they count against
// MaxEventBytes, and nobody puts an event into HTML unescaped.
func (o *object) encode(value any) {
	enc := json.NewEncoder(&o.buf)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(value); err != nil && o.err == nil {
		o.err = err
	}
	o.buf.Truncate(len(bytes.TrimSuffix(o.buf.Bytes(), []byte("\n"))))
}

// bytes ends the object.
func (o *object) bytes() ([]byte, error) {
	if o.buf.Len() == 0 {
		o.buf.WriteByte('{')
	}
	o.buf.WriteByte('}')
	return o.buf.Bytes(), o.err
}
