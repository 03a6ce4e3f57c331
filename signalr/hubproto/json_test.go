package hubproto_test

import (
	"errors"
	"reflect"
	"strings"
	"testing"

	"github.com/fanfare-hub/fanfare/signalr/hubproto"
)

func raws(values ...string) []hubproto.Raw {
	var out []hubproto.Raw
	for _, v := range values {
		out = append(out, hubproto.Raw(v))
	}
	return out
}

// wire lists messages with the bytes that ASP.NET Core writes for them.
func wire() []struct {
	id, text string
	message  hubproto.Message
} {
	return []struct {
		id, text string
		message  hubproto.Message
	}{
		{"JSON-11", `{"type":1,"target":"Send","arguments":[42,"x"]}`, &hubproto.Invocation{Target: "Send", Arguments: raws("42", `"x"`)}},
		{"JSON-11 no arguments", `{"type":1,"target":"Send","arguments":[]}`, &hubproto.Invocation{Target: "Send"}},
		{"JSON-12", `{"type":1,"invocationId":"s1","target":"GetName","arguments":[]}`, &hubproto.Invocation{InvocationID: "s1", Target: "GetName"}},
		{
			"JSON-13", `{"type":1,"invocationId":"0","target":"Echo","arguments":["hi"],"streamIds":["1","2"]}`,
			&hubproto.Invocation{InvocationID: "0", Target: "Echo", Arguments: raws(`"hi"`), StreamIDs: []string{"1", "2"}},
		},
		{"JSON-14", `{"type":2,"invocationId":"0","item":42}`, &hubproto.StreamItem{InvocationID: "0", Item: hubproto.Raw("42")}},
		{"JSON-14 null", `{"type":2,"invocationId":"0","item":null}`, &hubproto.StreamItem{InvocationID: "0", Item: hubproto.Raw("null")}},
		{"JSON-15", `{"type":3,"invocationId":"0","result":42}`, &hubproto.Completion{InvocationID: "0", HasResult: true, Result: hubproto.Raw("42")}},
		{"JSON-16", `{"type":3,"invocationId":"0","result":null}`, &hubproto.Completion{InvocationID: "0", HasResult: true, Result: hubproto.Raw("null")}},
		{"JSON-17", `{"type":3,"invocationId":"0"}`, &hubproto.Completion{InvocationID: "0"}},
		{"JSON-18", `{"type":3,"invocationId":"0","error":"no"}`, &hubproto.Completion{InvocationID: "0", HasError: true, Error: "no"}},
		{
			"JSON-20", `{"type":4,"invocationId":"2","target":"Counter","arguments":[10]}`,
			&hubproto.Invocation{InvocationID: "2", Target: "Counter", Arguments: raws("10"), Stream: true},
		},
		{"JSON-21", `{"type":5,"invocationId":"2"}`, &hubproto.CancelInvocation{InvocationID: "2"}},
		{"JSON-22", `{"type":6}`, &hubproto.Ping{}},
		{"JSON-23", `{"type":7}`, &hubproto.Close{}},
		{"JSON-23 error", `{"type":7,"error":"e"}`, &hubproto.Close{HasError: true, Error: "e"}},
		{"JSON-23 empty error", `{"type":7,"error":""}`, &hubproto.Close{HasError: true}},
		{"JSON-23 reconnect", `{"type":7,"allowReconnect":true}`, &hubproto.Close{AllowReconnect: true}},
		{"JSON-23 both", `{"type":7,"error":"e","allowReconnect":true}`, &hubproto.Close{HasError: true, Error: "e", AllowReconnect: true}},
		{"JSON-24 ack", `{"type":8,"sequenceId":36}`, &hubproto.Ack{SequenceID: 36}},
		{"JSON-24 sequence", `{"type":9,"sequenceId":9223372036854775807}`, &hubproto.Sequence{SequenceID: 1<<63 - 1}},
		{
			"JSON-25 call", `{"type":1,"headers":{"a":"b"},"invocationId":"1","target":"T","arguments":[1],"streamIds":["s"]}`,
			&hubproto.Invocation{Headers: map[string]string{"a": "b"}, InvocationID: "1", Target: "T", Arguments: raws("1"), StreamIDs: []string{"s"}},
		},
		{
			"JSON-25 item", `{"type":2,"headers":{"a":"b"},"invocationId":"1","item":1}`,
			&hubproto.StreamItem{Headers: map[string]string{"a": "b"}, InvocationID: "1", Item: hubproto.Raw("1")},
		},
		{
			"JSON-25 result", `{"type":3,"headers":{"a":"b"},"invocationId":"1","result":1}`,
			&hubproto.Completion{Headers: map[string]string{"a": "b"}, InvocationID: "1", HasResult: true, Result: hubproto.Raw("1")},
		},
		{
			"JSON-25 error", `{"type":3,"headers":{"a":"b"},"invocationId":"1","error":"e"}`,
			&hubproto.Completion{Headers: map[string]string{"a": "b"}, InvocationID: "1", HasError: true, Error: "e"},
		},
		{
			"JSON-10", `{"type":1,"headers":{"a":"b","c":"d"},"invocationId":"1","target":"T","arguments":[]}`,
			&hubproto.Invocation{Headers: map[string]string{"c": "d", "a": "b"}, InvocationID: "1", Target: "T"},
		},
	}
}

func TestJSONMessages(t *testing.T) {
	t.Parallel()
	codec := hubproto.NewJSON(nil)
	for _, test := range wire() {
		t.Run(test.id, func(t *testing.T) {
			t.Parallel()
			if got := string(codec.Append([]byte("before"), test.message)); got != "before"+test.text+"\x1e" {
				t.Errorf("appended %q, want %q", got, test.text)
			}
			got, err := codec.Parse([]byte(test.text))
			if err != nil || !reflect.DeepEqual(got, test.message) {
				t.Errorf("parsed %+v, %v, want %+v", got, err, test.message)
			}
		})
	}
}

func TestJSONParse(t *testing.T) {
	t.Parallel()
	echo := &hubproto.Invocation{InvocationID: "1", Target: "Echo", Arguments: raws(`"x"`)}
	deepest := strings.Repeat("[", 62) + strings.Repeat("]", 62)
	tests := []struct {
		id, text string
		want     hubproto.Message
	}{
		{"JSON-02 any order", `{"arguments":["x"],"target":"Echo","invocationId":"1","type":1}`, echo},
		{"JSON-03 unknown members", `{"type":1,"x":{"y":[1,{"z":2}]},"invocationId":"1","target":"Echo","arguments":["x"],"w":"\u001e"}`, echo},
		{"JSON-03 the last wins", `{"type":6,"type":1,"arguments":[1],"invocationId":"1","target":"Echo","arguments":["x"]}`, echo},
		{"JSON-03 names have their case", `{"TYPE":6,"type":1,"invocationId":"1","Target":"No","target":"Echo","arguments":["x"]}`, echo},
		{"JSON-03 escaped names", `{"t\u0079pe":1,"invocationId":"1","target":"\u0045cho","arguments":["x"]}`, echo},
		{"JSON-05 unknown type", `{"type":77,"whatever":[1]}`, nil},
		{"JSON-05 negative type", `{"type":-1}`, nil},
		{"JSON-08 null id", `{"type":1,"invocationId":null,"target":"T","arguments":[]}`, &hubproto.Invocation{Target: "T"}},
		{"JSON-08 null error", `{"type":3,"invocationId":"1","error":null,"result":1}`, &hubproto.Completion{InvocationID: "1", HasResult: true, Result: hubproto.Raw("1")}},
		{"JSON-09 deepest", `{"type":2,"invocationId":"","item":[` + deepest + `]}`, &hubproto.StreamItem{Item: hubproto.Raw("[" + deepest + "]")}},
		{"JSON-13 empty id", `{"type":1,"invocationId":"","target":"T","arguments":[],"streamIds":[]}`, &hubproto.Invocation{Target: "T"}},
		{"JSON-31 text behind", `{"type":6}x`, &hubproto.Ping{}},
		{"JSON-31 white space", " {\n \"type\" : 6\t,\r\"a\" : [ 1 , 2 ] }\n", &hubproto.Ping{}},
	}
	for _, test := range tests {
		t.Run(test.id, func(t *testing.T) {
			t.Parallel()
			got, err := hubproto.NewJSON(nil).Parse([]byte(test.text))
			if err != nil || !reflect.DeepEqual(got, test.want) {
				t.Errorf("got %+v, %v, want %+v", got, err, test.want)
			}
		})
	}
}

func TestJSONParseRefuses(t *testing.T) {
	t.Parallel()
	const reading = "InvalidDataException: Error reading JSON."
	tooDeep := strings.Repeat("[", 64) + strings.Repeat("]", 64)
	tests := []struct{ id, text, want string }{
		{"JSON-04", `{}`, "InvalidDataException: Missing required property 'type'."},
		{"JSON-04 null", `{"type":null}`, "InvalidDataException: Missing required property 'type'."},
		{"JSON-04 word", `{"type":"1"}`, "InvalidDataException: Expected 'type' to be of type Number."},
		{"JSON-04 fraction", `{"type":1.5}`, "FormatException: Either the JSON value is not in a supported format, or is out of bounds for an Int32."},
		{"JSON-04 overflow", `{"type":4294967296}`, "FormatException: Either the JSON value is not in a supported format, or is out of bounds for an Int32."},
		{"JSON-07 not JSON", `nonsense`, reading},
		{"JSON-07 empty", ``, reading},
		{"JSON-07 half", `{"type":1`, reading},
		{"JSON-07 bad member", `{"type":1,"target":x}`, reading},
		{"JSON-07 bad arguments", `{"type":1,"arguments":x}`, reading},
		{"JSON-07 null", `null`, "InvalidDataException: Unexpected JSON Token Type 'Null'. Expected a JSON Object."},
		{"JSON-07 string", `"a"`, "InvalidDataException: Unexpected JSON Token Type 'String'. Expected a JSON Object."},
		{"JSON-07 array", `[1]`, "InvalidDataException: Unexpected JSON Token Type 'Array'. Expected a JSON Object."},
		{"JSON-07 number", `1`, "InvalidDataException: Unexpected JSON Token Type 'Number'. Expected a JSON Object."},
		{"JSON-07 no target", `{"type":1,"arguments":[]}`, "InvalidDataException: Missing required property 'target'."},
		{"JSON-07 no arguments", `{"type":1,"target":"T"}`, "InvalidDataException: Missing required property 'arguments'."},
		{"JSON-07 stream without id", `{"type":4,"target":"T","arguments":[]}`, "InvalidDataException: Missing required property 'invocationId'."},
		{"JSON-07 stream with empty id", `{"type":4,"invocationId":"","target":"T","arguments":[]}`, "InvalidDataException: Missing required property 'invocationId'."},
		{"JSON-07 item without id", `{"type":2,"item":1}`, "InvalidDataException: Missing required property 'invocationId'."},
		{"JSON-07 no item", `{"type":2,"invocationId":"1"}`, "InvalidDataException: Missing required property 'item'."},
		{"JSON-07 completion without id", `{"type":3,"result":1}`, "InvalidDataException: Missing required property 'invocationId'."},
		{"JSON-07 cancel without id", `{"type":5}`, "InvalidDataException: Missing required property 'invocationId'."},
		{"JSON-07 no sequenceId", `{"type":8}`, "InvalidDataException: Missing required property 'sequenceId'."},
		{"JSON-07 null sequenceId", `{"type":9,"sequenceId":null}`, "InvalidDataException: Missing required property 'sequenceId'."},
		{"JSON-07 sequenceId word", `{"type":9,"sequenceId":"1"}`, "InvalidDataException: Expected 'sequenceId' to be of type Number."},
		{"JSON-07 id number", `{"type":1,"invocationId":1}`, "InvalidDataException: Expected 'invocationId' to be of type String."},
		{"JSON-07 target null", `{"type":1,"target":null}`, "InvalidDataException: Expected 'target' to be of type String."},
		{"JSON-07 arguments object", `{"type":1,"arguments":{}}`, "InvalidDataException: Expected 'arguments' to be of type Array."},
		{"JSON-07 error number", `{"type":3,"error":1}`, "InvalidDataException: Expected 'error' to be of type String."},
		{"JSON-07 header", `{"type":1,"headers":{"Foo":1}}`, "InvalidDataException: Expected header 'Foo' to be of type String."},
		{"JSON-07 headers", `{"type":1,"headers":[]}`, "InvalidDataException: Expected 'headers' to be of type StartObject."},
		{"JSON-07 both", `{"type":3,"invocationId":"1","result":1,"error":"x"}`, "InvalidDataException: The 'error' and 'result' properties are mutually exclusive."},
		{"JSON-07 streamIds", `{"type":1,"streamIds":null}`, "InvalidDataException: Expected 'streamIds' to be of type Array."},
		{"JSON-07 stream id", `{"type":1,"streamIds":[null]}`, "InvalidDataException: Null value for 'streamIds' is not valid."},
		{"JSON-07 allowReconnect", `{"type":7,"allowReconnect":1}`, "InvalidDataException: Expected 'allowReconnect' to be true or false."},
		{"JSON-09 trailing comma", `{"type":6,}`, reading},
		{"JSON-09 comment", `{"type":6/**/}`, reading},
		{"JSON-09 too deep", `{"type":2,"invocationId":"1","item":` + tooDeep + `}`, reading},
		{"INV-09 syntax in arguments", `{"type":1,"invocationId":"1","target":"Echo","arguments":["x",}`, reading},
		{"JSON-01 broken UTF-8", "{\"type\":1,\"target\":\"T\",\"arguments\":[\"\xff\"]}", reading},
		{"JSON-01 control in a string", "{\"type\":1,\"target\":\"T\n\",\"arguments\":[]}", reading},
	}
	for _, test := range tests {
		t.Run(test.id, func(t *testing.T) {
			t.Parallel()
			message, err := hubproto.NewJSON(nil).Parse([]byte(test.text))
			if got := named(err); got != test.want || message != nil {
				t.Errorf("got %v and %q, want %q", message, got, test.want)
			}
		})
	}
}

// named renders an error as detailed error texts do (INV-16).
func named(err error) string {
	var n interface {
		error
		ErrorName() string
	}
	if !errors.As(err, &n) {
		return "unnamed"
	}
	return n.ErrorName() + ": " + n.Error()
}

func TestNextRecord(t *testing.T) {
	t.Parallel()
	const limit = 8
	tests := []struct {
		id, data, record, rest string
		whole                  bool
		err                    string
	}{
		{id: "SIZE-01 at the limit", data: "1234567\x1e", record: "1234567", whole: true},
		{id: "SIZE-02 beyond it", data: "12345678\x1e", rest: "12345678\x1e", err: "InvalidDataException: The maximum message size of 8B was exceeded. The message size can be configured in AddHubOptions."},
		{id: "SIZE-05 detected at once", data: "123456789", rest: "123456789", err: "InvalidDataException: The maximum message size of 8B was exceeded. The message size can be configured in AddHubOptions."},
		{id: "SIZE-04 many small ones", data: "123\x1e456\x1e789\x1e", record: "123", rest: "456\x1e789\x1e", whole: true},
		{id: "SIZE-01 incomplete", data: "12345678", rest: "12345678"},
		{id: "JSON-07 empty record", data: "\x1e1", record: "", rest: "1", whole: true},
		{id: "JSON-01 nothing", data: ""},
	}
	for _, test := range tests {
		t.Run(test.id, func(t *testing.T) {
			t.Parallel()
			record, rest, err := hubproto.NextRecord([]byte(test.data), limit)
			if string(record) != test.record || string(rest) != test.rest || (record != nil) != test.whole {
				t.Errorf("got %q and %q", record, rest)
			}
			if (err != nil || test.err != "") && named(err) != test.err {
				t.Errorf("got error %v, want %q", err, test.err)
			}
		})
	}
}
