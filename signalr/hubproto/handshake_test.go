package hubproto_test

import (
	"testing"

	"github.com/fanfare-hub/fanfare/signalr/hubproto"
)

func TestParseHandshakeRequest(t *testing.T) {
	t.Parallel()
	tests := []struct {
		id, text, protocol string
		version            int
	}{
		{"HS-01", `{"protocol":"json","version":1}`, "json", 1},
		{"HS-05 as sent", `{"protocol":"JSON","version":2}`, "JSON", 2},
		{"HS-07 negative", `{"protocol":"json","version":-1}`, "json", -1},
		{"HS-14 extra members", `{"extra":{"a":[1]},"protocol":"json","version":1,"more":null}`, "json", 1},
		{"HS-14 the last wins", `{"protocol":"xml","protocol":"json","version":1}`, "json", 1},
		{"HS-14 escaped names", `{"\u0070rotocol":"json","version":1}`, "json", 1},
		{"HS-14 text behind", `{"protocol":"json","version":1} x`, "json", 1},
		{"HS-14 white space", ` { "protocol" : "json" , "version" : 1 } `, "json", 1},
	}
	for _, test := range tests {
		t.Run(test.id, func(t *testing.T) {
			t.Parallel()
			got, err := hubproto.ParseHandshakeRequest([]byte(test.text))
			if want := (hubproto.HandshakeRequest{Protocol: test.protocol, Version: test.version}); err != nil || got != want {
				t.Errorf("got %+v, %v, want %+v", got, err, want)
			}
		})
	}
}

func TestParseHandshakeRequestRefuses(t *testing.T) {
	t.Parallel()
	const format = "FormatException: Either the JSON value is not in a supported format, or is out of bounds for an Int32."
	tests := []struct{ id, text, want string }{
		{"HS-12 array", `[]`, "InvalidDataException: Unexpected JSON Token Type 'Array'. Expected a JSON Object."},
		{"HS-12 no protocol", `{"version":1}`, `InvalidDataException: Missing required property 'protocol'. Message content: {"version":1}`},
		{"HS-12 no version", `{"protocol":"json"}`, `InvalidDataException: Missing required property 'version'. Message content: {"protocol":"json"}`},
		{"HS-12 null version", `{"protocol":"json","version":null}`, `InvalidDataException: Missing required property 'version'. Message content: {"protocol":"json","version":null}`},
		{"HS-12 version word", `{"protocol":"json","version":"1"}`, "InvalidDataException: Expected 'version' to be of type Number."},
		{"HS-12 protocol number", `{"protocol":1,"version":1}`, "InvalidDataException: Expected 'protocol' to be of type String."},
		{"HS-12 protocol null", `{"protocol":null,"version":1}`, "InvalidDataException: Expected 'protocol' to be of type String."},
		{"HS-12 fraction", `{"protocol":"json","version":1.5}`, format},
		{"HS-12 overflow", `{"protocol":"json","version":99999999999}`, format},
		{"HS-12 member case", `{"Protocol":"json","version":1}`, `InvalidDataException: Missing required property 'protocol'. Message content: {"Protocol":"json","version":1}`},
		{"HS-12 not JSON", `hello`, "JsonReaderException: Error reading JSON."},
		{"HS-12 empty", ``, "JsonReaderException: Error reading JSON."},
		{"HS-13 an invocation", `{"type":1}`, `InvalidDataException: Missing required property 'protocol'. Message content: {"type":1}`},
	}
	for _, test := range tests {
		t.Run(test.id, func(t *testing.T) {
			t.Parallel()
			if _, err := hubproto.ParseHandshakeRequest([]byte(test.text)); named(err) != test.want {
				t.Errorf("got %q, want %q", named(err), test.want)
			}
		})
	}
}

func TestHandshakeBytes(t *testing.T) {
	t.Parallel()
	tests := []struct {
		id, want string
		got      []byte
	}{
		{"HS-01", `{"protocol":"json","version":1}` + "\x1e", hubproto.AppendHandshakeRequest(nil, hubproto.HandshakeRequest{Protocol: "json", Version: 1})},
		{"HS-02", "{}\x1e", hubproto.AppendHandshakeResponse(nil, hubproto.HandshakeResponse{})},
		{"HS-03", `{"error":"The protocol 'xml' is not supported."}` + "\x1e", hubproto.AppendHandshakeResponse(nil, hubproto.HandshakeResponse{Error: "The protocol 'xml' is not supported."})},
	}
	for _, test := range tests {
		t.Run(test.id, func(t *testing.T) {
			t.Parallel()
			if string(test.got) != test.want {
				t.Errorf("got %q, want %q", test.got, test.want)
			}
		})
	}
}

func TestParseHandshakeResponse(t *testing.T) {
	t.Parallel()
	tests := []struct {
		id, text, want string
		refused        bool
	}{
		{"HS-02", `{}`, "", false},
		{"HS-02 extra members", `{"minorVersion":1}`, "", false},
		{"HS-02 a hub message", `{"type":6}`, "", true},
		{"HS-03", `{"error":"no"}`, "no", false},
		{"HS-03 not JSON", `x`, "", true},
	}
	for _, test := range tests {
		t.Run(test.id, func(t *testing.T) {
			t.Parallel()
			got, err := hubproto.ParseHandshakeResponse([]byte(test.text))
			if got.Error != test.want || (err != nil) != test.refused {
				t.Errorf("got %+v, %v", got, err)
			}
		})
	}
}
