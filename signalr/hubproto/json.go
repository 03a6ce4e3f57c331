package hubproto

import (
	"bytes"
	"encoding/json"
)

// JSONOptions configures the JSON protocol. nil means all defaults.
type JSONOptions struct {
	// Marshal replaces the encoder of values, as for another naming policy. It
	// returns one valid JSON text. nil is encoding/json without HTML escaping.
	Marshal func(v any) ([]byte, error)
	// Unmarshal replaces the decoder of values. nil is the strict reading that
	// [JSON.Unmarshal] describes.
	Unmarshal func(data []byte, v any) error
}

// JSON is the protocol "json". NewJSON makes one.
type JSON struct {
	marshal   func(v any) ([]byte, error) // nil: encoding/json, and shorter ways
	unmarshal func(data []byte, v any) error
}

// NewJSON returns the JSON protocol.
func NewJSON(o *JSONOptions) *JSON {
	c := &JSON{unmarshal: unmarshalJSON}
	if o != nil && o.Marshal != nil {
		c.marshal = o.Marshal
	}
	if o != nil && o.Unmarshal != nil {
		c.unmarshal = o.Unmarshal
	}
	return c
}

// Name is "json".
func (*JSON) Name() string { return "json" }

// Binary is false: messages travel in text frames (WS-05).
func (*JSON) Binary() bool { return false }

// Next splits the first record off data; see [NextRecord].
func (*JSON) Next(data []byte, limit int) (record, rest []byte, err error) {
	return NextRecord(data, limit)
}

// Marshal encodes one value (JSON-26 to JSON-33). Struct members are named by
// their `json` tag, by the Go field's name where there is none. Characters are
// escaped as ASP.NET Core does (JSON-27). A Raw stands for itself. An error is
// a *ValueError.
func (c *JSON) Marshal(v any) (Raw, error) {
	if raw, ok := v.(Raw); ok {
		return raw, nil
	}
	if c.marshal == nil {
		if short, ok := marshalShort(v); ok {
			return short, nil
		}
	}
	data, err := c.marshalLong(v)
	if err != nil {
		return nil, &ValueError{Op: "marshal", Err: err}
	}
	return escapeJSON(data), nil
}

// Unmarshal decodes one value into what v points to, without coercion
// (JSON-29): null is taken only by pointers, strings, byte slices, slices,
// maps, structs, interfaces and types that decode themselves. Numbers in an
// untyped value become json.Number, which keeps their digits (JSON-33). A *Raw
// gets a copy of raw. An error is a *ValueError.
func (c *JSON) Unmarshal(raw Raw, v any) error {
	if into, ok := v.(*Raw); ok {
		*into = bytes.Clone(raw)
		return nil
	}
	if err := c.unmarshal(raw, v); err != nil {
		return &ValueError{Op: "unmarshal", Err: err}
	}
	return nil
}

func (c *JSON) marshalLong(v any) ([]byte, error) {
	if c.marshal != nil {
		return c.marshal(v)
	}
	var out bytes.Buffer
	encoder := json.NewEncoder(&out)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(v); err != nil {
		return nil, err
	}
	return bytes.TrimSuffix(out.Bytes(), []byte("\n")), nil
}

var _ Codec = (*JSON)(nil)
