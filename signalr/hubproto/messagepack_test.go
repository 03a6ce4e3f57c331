package hubproto_test

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"reflect"
	"strings"
	"testing"

	"github.com/fanfare-hub/fanfare/signalr/hubproto"
)

// unhex reads bytes written as "93 07 c0 c2".
func unhex(t *testing.T, text string) []byte {
	t.Helper()
	data, err := hex.DecodeString(strings.ReplaceAll(text, " ", ""))
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func packed(values ...string) []hubproto.Raw {
	var out []hubproto.Raw
	for _, v := range values {
		data, err := hex.DecodeString(v)
		if err != nil {
			panic(err)
		}
		out = append(out, data)
	}
	return out
}

// packedWire lists messages with the bodies that ASP.NET Core writes for them,
// in base64.
func packedWire() []struct {
	id, body string
	message  hubproto.Message
} {
	item := packed("2a")[0]
	return []struct {
		id, body string
		message  hubproto.Message
	}{
		{"MP-16 invocation", "lgGAo3h5eqZtZXRob2SQkA==", &hubproto.Invocation{InvocationID: "xyz", Target: "method"}},
		{"MP-16 no id", "lgGAwKZtZXRob2SRKpA=", &hubproto.Invocation{Target: "method", Arguments: packed("2a")}},
		{"MP-05 stream ids", "lgGAoTGjU3VtkJGiczE=", &hubproto.Invocation{InvocationID: "1", Target: "Sum", StreamIDs: []string{"s1"}}},
		{"MP-16 item", "lAKAo3h5eio=", &hubproto.StreamItem{InvocationID: "xyz", Item: item}},
		{"MP-16 float item", "lAKAo3h5espCKAAA", &hubproto.StreamItem{InvocationID: "xyz", Item: packed("ca42280000")[0]}},
		{"MP-16 error", "lQOAo3h5egGwRXJyb3Igbm90IGZvdW5kIQ==", &hubproto.Completion{InvocationID: "xyz", HasError: true, Error: "Error not found!"}},
		{"MP-16 void", "lAOAo3h5egI=", &hubproto.Completion{InvocationID: "xyz"}},
		{"MP-16 result", "lQOAo3h5egMq", &hubproto.Completion{InvocationID: "xyz", HasResult: true, Result: item}},
		{"MP-09 nil result", "lQOAo3h5egPA", &hubproto.Completion{InvocationID: "xyz", HasResult: true, Result: packed("c0")[0]}},
		{"MP-16 true result", "lQOAo3h5egPD", &hubproto.Completion{InvocationID: "xyz", HasResult: true, Result: packed("c3")[0]}},
		{"MP-16 stream invocation", "lgSAo3h5eqZtZXRob2SRKpA=", &hubproto.Invocation{InvocationID: "xyz", Target: "method", Arguments: packed("2a"), Stream: true}},
		{"MP-16 cancel", "kwWAo3h5eg==", &hubproto.CancelInvocation{InvocationID: "xyz"}},
		{"MP-11 ping", "kQY=", &hubproto.Ping{}},
		{"MP-16 close", "kwfAwg==", &hubproto.Close{}},
		{"MP-16 close, reconnect", "kwfAww==", &hubproto.Close{AllowReconnect: true}},
		{"MP-16 close, error", "kwemRXJyb3Ihww==", &hubproto.Close{HasError: true, Error: "Error!", AllowReconnect: true}},
		{"MP-13 ack", "kggq", &hubproto.Ack{SequenceID: 42}},
		{"MP-13 sequence", "kgnMkg==", &hubproto.Sequence{SequenceID: 146}},
		{"MP-14 headers", "lgGCoWGhYqFjoWTAoVSQkA==", &hubproto.Invocation{Headers: map[string]string{"c": "d", "a": "b"}, Target: "T"}},
	}
}

func TestMessagePackMessages(t *testing.T) {
	t.Parallel()
	codec := hubproto.NewMessagePack(nil)
	for _, test := range packedWire() {
		t.Run(test.id, func(t *testing.T) {
			t.Parallel()
			body, err := base64.StdEncoding.DecodeString(test.body)
			if err != nil {
				t.Fatal(err)
			}
			want := append([]byte{'b', byte(len(body))}, body...)
			if got := codec.Append([]byte("b"), test.message); !bytes.Equal(got, want) {
				t.Errorf("appended % x, want % x", got, want)
			}
			got, err := codec.Parse(body)
			if err != nil || !reflect.DeepEqual(got, test.message) {
				t.Errorf("parsed %+v, %v, want %+v", got, err, test.message)
			}
		})
	}
	t.Run("MP-05 nil values", func(t *testing.T) {
		t.Parallel()
		got := codec.Append(nil, &hubproto.Invocation{Target: "T", Arguments: []hubproto.Raw{nil}})
		if want := unhex(t, "09 96 01 80 c0 a1 54 91 c0 90"); !bytes.Equal(got, want) {
			t.Errorf("appended % x, want % x", got, want)
		}
	})
	t.Run("MP-12 an empty error is nil", func(t *testing.T) {
		t.Parallel()
		if got := codec.Append(nil, &hubproto.Close{HasError: true}); !bytes.Equal(got, unhex(t, "04 93 07 c0 c2")) {
			t.Errorf("appended % x", got)
		}
	})
}

func TestMessagePackParse(t *testing.T) {
	t.Parallel()
	echo := &hubproto.Invocation{InvocationID: "1", Target: "E", Arguments: packed("a178")}
	stream := &hubproto.Invocation{InvocationID: "1", Target: "E", Arguments: packed("a178"), Stream: true}
	broken := hubproto.Raw{}
	tests := []struct {
		id, body string
		want     hubproto.Message
	}{
		{"MP-05 no stream ids", "95 01 80 a1 31 a1 45 91 a1 78", echo},
		{"MP-06 no stream ids", "95 04 80 a1 31 a1 45 91 a1 78", stream},
		{"MP-05 an empty id is none", "95 01 80 a0 a1 45 91 a1 78", &hubproto.Invocation{Target: "E", Arguments: packed("a178")}},
		{"MP-15 items too many", "97 01 80 a1 31 a1 45 91 a1 78 90 c0", echo},
		{"MP-15 bytes too many", "91 06 c1 c1", &hubproto.Ping{}},
		{"MP-15 unknown type", "92 cc c8 c0", nil},
		{"MP-15 negative type", "91 ff", nil},
		{"MP-12 two items", "92 07 c0", &hubproto.Close{}},
		{"MP-12 empty error", "92 07 a0", &hubproto.Close{HasError: true}},
		{"MP-12 four items", "94 07 a1 65 c3 c0", &hubproto.Close{HasError: true, Error: "e", AllowReconnect: true}},
		{"MP-13 a wide number", "92 08 d3 00 00 00 00 00 00 00 2a", &hubproto.Ack{SequenceID: 42}},
		{"MP-13 the largest", "92 09 cf 7f ff ff ff ff ff ff ff", &hubproto.Sequence{SequenceID: 1<<63 - 1}},
		{"MP-13 signed 16 bits", "92 09 d1 00 92", &hubproto.Sequence{SequenceID: 146}},
		{"MP-14 long forms", "dc 00 05 cd 00 01 de 00 01 d9 01 61 da 00 01 62 db 00 00 00 01 31 a1 45 dd 00 00 00 00", &hubproto.Invocation{Headers: map[string]string{"a": "b"}, InvocationID: "1", Target: "E"}},
		{"MP-08 a nil error", "95 03 80 a1 31 01 c0", &hubproto.Completion{InvocationID: "1"}},
		{"MP-18 the first argument breaks off", "96 01 80 a1 31 a1 45 92 a4 78", &hubproto.Invocation{InvocationID: "1", Target: "E", Arguments: []hubproto.Raw{{0xa4, 'x'}, broken}}},
		{"MP-18 an argument of the never used type", "96 01 80 a1 31 a1 45 91 c1 90", &hubproto.Invocation{InvocationID: "1", Target: "E", Arguments: []hubproto.Raw{{0xc1, 0x90}}}},
		{"MP-07 no item", "94 02 80 a1 31", &hubproto.StreamItem{InvocationID: "1", Item: broken}},
		{"MP-08 no result", "95 03 80 a1 31 03", &hubproto.Completion{InvocationID: "1", HasResult: true, Result: broken}},
		{"MP-05 broken UTF-8", "95 01 80 c0 a2 ff 45 90", &hubproto.Invocation{Target: "\uFFFDE"}},
	}
	for _, test := range tests {
		t.Run(test.id, func(t *testing.T) {
			t.Parallel()
			got, err := hubproto.NewMessagePack(nil).Parse(unhex(t, test.body))
			if err != nil || !reflect.DeepEqual(got, test.want) {
				t.Errorf("got %+v, %v, want %+v", got, err, test.want)
			}
		})
	}
}

func TestMessagePackArgumentsError(t *testing.T) {
	t.Parallel()
	for id, body := range map[string]string{
		"MP-18 missing":           "95 01 80 a1 31 a3 41 64 64",
		"MP-18 a map":             "96 01 80 a1 31 a3 41 64 64 80 90",
		"MP-18 nil":               "96 01 80 a1 31 a3 41 64 64 c0 90",
		"MP-26 four billion":      "96 01 80 a1 31 a3 41 64 64 dd ff ff ff ff 90",
		"MP-18 a stream's too":    "96 04 80 a1 31 a3 41 64 64 80 90",
		"MP-18 before stream ids": "96 01 80 a1 31 a3 41 64 64 80 c0",
	} {
		t.Run(id, func(t *testing.T) {
			t.Parallel()
			message, err := hubproto.NewMessagePack(nil).Parse(unhex(t, body))
			call, ok := message.(*hubproto.Invocation)
			if err != nil || !ok || call.InvocationID != "1" || call.Target != "Add" || call.Arguments != nil {
				t.Fatalf("got %+v, %v", message, err)
			}
			if got := named(call.ArgumentsError); got != "InvalidDataException: Reading array length for 'arguments' failed." {
				t.Errorf("got %q", got)
			}
		})
	}
}

func TestMessagePackParseRefuses(t *testing.T) {
	t.Parallel()
	const (
		end  = "EndOfStreamException: Attempted to read past the end of the stream."
		data = "InvalidDataException: "
		code = "MessagePackSerializationException: Unexpected msgpack code "
	)
	tests := []struct{ id, body, want string }{
		{"MP-17 empty", "", end},
		{"MP-17 cut inside", "96 01 80 a1 31 a4", end},
		{"MP-26 four billion items", "dd ff ff ff ff", end},
		{"MP-17 a map", "80", code + "128 (fixmap) encountered."},
		{"MP-17 never used", "c1", code + "193 ((never used)) encountered."},
		{"MP-17 nil", "c0", code + "192 (nil) encountered."},
		{"MP-17 a number", "2a", code + "42 (positive fixint) encountered."},
		{"MP-17 a text", "a1 31", code + "161 (fixstr) encountered."},
		{"MP-17 -1", "ff", code + "255 (negative fixint) encountered."},
		{"MP-17 no items", "90", data + "Reading 'messageType' as Int32 failed."},
		{"MP-17 type word", "91 a1 31", data + "Reading 'messageType' as Int32 failed."},
		{"MP-17 type float", "91 ca 3f 80 00 00", data + "Reading 'messageType' as Int32 failed."},
		{"MP-17 type overflow", "91 ce ff ff ff ff", data + "Reading 'messageType' as Int32 failed."},
		{"MP-17 headers array", "96 01 90 a1 31 a1 45 90 90", data + "Reading map length for 'headers' failed."},
		{"MP-14 headers nil", "96 01 c0 a1 31 a1 45 90 90", data + "Reading map length for 'headers' failed."},
		{"MP-17 headers missing", "91 01", data + "Reading map length for 'headers' failed."},
		{"MP-26 headers promised", "92 01 df ff ff ff ff", data + "Reading map length for 'headers' failed."},
		{"MP-17 header key number", "92 05 81 01 a1 31", data + "Reading 'headers[0].Key' as String failed."},
		{"MP-17 second header", "92 05 82 a1 61 a1 62 a1 63 01", data + "Reading 'headers[1].Value' as String failed."},
		{"MP-17 header key empty", "92 05 81 a0 a1 31", data + "Null or empty key in header."},
		{"MP-17 header key nil", "92 05 81 c0 a1 31", data + "Null or empty key in header."},
		{"MP-17 header value nil", "92 05 81 a1 61 c0", data + "Null or empty value in header."},
		{"MP-17 header value number", "92 05 81 a1 61 01", data + "Reading 'headers[0].Value' as String failed."},
		{"MP-17 id number", "96 01 80 01 a1 45 90 90", data + "Reading 'invocationId' as String failed."},
		{"MP-17 id bin", "96 01 80 c4 01 31 a1 45 90 90", data + "Reading 'invocationId' as String failed."},
		{"MP-17 id missing", "92 01 80", data + "Reading 'invocationId' as String failed."},
		{"MP-17 target missing", "93 01 80 a1 31", data + "Reading 'target' as String failed."},
		{"MP-17 target number", "96 01 80 a1 31 02 90 90", data + "Reading 'target' as String failed."},
		{"MP-17 target nil", "96 01 80 a1 31 c0 90 90", data + "Null or empty target for Invocation message."},
		{"MP-17 target empty", "96 01 80 a1 31 a0 90 90", data + "Null or empty target for Invocation message."},
		{"MP-17 stream's target empty", "96 04 80 a1 31 a0 90 90", data + "Null or empty target for StreamInvocation message."},
		{"MP-06 no id", "96 04 80 c0 a1 45 90 90", data + "Null or empty invocation ID for StreamInvocation message."},
		{"MP-17 item without id", "94 02 80 c0 01", data + "Null or empty invocation ID for StreamItem message."},
		{"MP-17 completion without id", "94 03 80 a0 02", data + "Null or empty invocation ID for Completion message."},
		{"MP-17 cancel without id", "93 05 80 c0", data + "Null or empty invocation ID for CancelInvocation message."},
		{"MP-17 stream ids map", "96 01 80 a1 31 a1 45 90 80", data + "Reading array length for 'streamIds' failed."},
		{"MP-17 stream ids missing", "96 01 80 a1 31 a1 45 90", data + "Reading array length for 'streamIds' failed."},
		{"MP-17 stream id nil", "96 01 80 a1 31 a1 45 90 91 c0", data + "Null or empty value in streamIds received."},
		{"MP-17 stream id empty", "96 01 80 a1 31 a1 45 90 91 a0", data + "Null or empty value in streamIds received."},
		{"MP-17 stream id number", "96 01 80 a1 31 a1 45 90 91 07", code + "7 (positive fixint) encountered."},
		{"MP-17 result kind missing", "93 03 80 a1 31", data + "Reading 'resultKind' as Int32 failed."},
		{"MP-17 result kind", "94 03 80 a1 31 07", data + "Invalid invocation result kind."},
		{"MP-17 error number", "95 03 80 a1 31 01 01", data + "Reading 'error' as String failed."},
		{"MP-17 close error", "93 07 01 c2", data + "Reading 'error' as String failed."},
		{"MP-17 close without error", "91 07", data + "Reading 'error' as String failed."},
		{"MP-17 allowReconnect", "93 07 c0 c0", data + "Reading 'allowReconnect' as Boolean failed."},
		{"MP-17 no sequenceId", "91 08", data + "Reading 'sequenceId' as Int64 failed."},
		{"MP-17 sequenceId nil", "92 09 c0", data + "Reading 'sequenceId' as Int64 failed."},
		{"MP-17 sequenceId overflow", "92 09 cf 80 00 00 00 00 00 00 00", data + "Reading 'sequenceId' as Int64 failed."},
	}
	for _, test := range tests {
		t.Run(test.id, func(t *testing.T) {
			t.Parallel()
			message, err := hubproto.NewMessagePack(nil).Parse(unhex(t, test.body))
			if got := named(err); got != test.want || message != nil {
				t.Errorf("got %v and %q, want %q", message, got, test.want)
			}
		})
	}
}

func TestMessagePackNext(t *testing.T) {
	t.Parallel()
	const limit = 8
	const tooLarge = "InvalidDataException: The maximum message size of 8B was exceeded. The message size can be configured in AddHubOptions."
	const over2GB = "FormatException: Messages over 2GB in size are not supported."
	tests := []struct {
		id, data, record, rest string
		whole                  bool
		err                    string
	}{
		{id: "MP-01 a ping", data: "02 91 06", record: "91 06", whole: true},
		{id: "MP-01 more behind", data: "02 91 06 02 91 06", record: "91 06", rest: "02 91 06", whole: true},
		{id: "MP-01 a longer prefix than needed", data: "82 80 00 91 06", record: "91 06", whole: true},
		{id: "MP-02 nothing", data: ""},
		{id: "MP-02 half a body", data: "02 91", rest: "02 91"},
		{id: "MP-03 half a prefix", data: "80 80 80 80", rest: "80 80 80 80"},
		{id: "MP-02 the largest length", data: "ff ff ff ff 07", rest: "ff ff ff ff 07"},
		{id: "MP-02 beyond it", data: "80 80 80 80 08", rest: "80 80 80 80 08", err: over2GB},
		{id: "MP-02 a sixth byte", data: "80 80 80 80 80", rest: "80 80 80 80 80", err: over2GB},
		{id: "MP-17 zero length", data: "00 01", record: "", rest: "01", whole: true},
		{id: "SIZE-01 at the limit", data: "07 01 02 03 04 05 06 07", record: "01 02 03 04 05 06 07", whole: true},
		{id: "SIZE-01 incomplete", data: "08 01 02 03 04 05 06 07", rest: "08 01 02 03 04 05 06 07"},
		{id: "SIZE-02 beyond it", data: "08 01 02 03 04 05 06 07 08", rest: "08 01 02 03 04 05 06 07 08", err: tooLarge},
		{id: "SIZE-04 many small ones", data: "02 91 06 02 91 06 02 91 06", record: "91 06", rest: "02 91 06 02 91 06", whole: true},
		{id: "SIZE-05 limit+1 bytes of 2 GB", data: "ff ff ff ff 07 06 07 08 09", rest: "ff ff ff ff 07 06 07 08 09", err: tooLarge},
	}
	for _, test := range tests {
		t.Run(test.id, func(t *testing.T) {
			t.Parallel()
			record, rest, err := hubproto.NewMessagePack(nil).Next(unhex(t, test.data), limit)
			if fmt.Sprintf("% x", record) != test.record || fmt.Sprintf("% x", rest) != test.rest || (record != nil) != test.whole {
				t.Errorf("got % x and % x", record, rest)
			}
			if (err != nil || test.err != "") && named(err) != test.err {
				t.Errorf("got error %v, want %q", err, test.err)
			}
		})
	}
}

// TestMessagePackLengths: messages around each length of the prefix come back
// whole (MP-01).
func TestMessagePackLengths(t *testing.T) {
	t.Parallel()
	codec := hubproto.NewMessagePack(nil)
	for _, size := range []int{0, 31, 32, 100, 120, 121, 122, 123, 255, 256, 16370, 16383, 16384, 65535, 65536, 1 << 21} {
		want := &hubproto.Completion{InvocationID: "1", HasError: true, Error: strings.Repeat("x", size)}
		data := codec.Append([]byte("before"), want)
		record, rest, err := codec.Next(data[len("before"):], 0)
		if err != nil || len(rest) > 0 || !bytes.HasPrefix(data, []byte("before")) {
			t.Fatalf("%d: rest % x, %v", size, rest, err)
		}
		if got, err := codec.Parse(record); err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("%d: got another message, %v", size, err)
		}
	}
}

func TestMessagePackName(t *testing.T) {
	t.Parallel()
	codec := hubproto.NewMessagePack(nil)
	if codec.Name() != "messagepack" || !codec.Binary() {
		t.Errorf("HS-05, WS-05: %q, binary %v", codec.Name(), codec.Binary())
	}
}
