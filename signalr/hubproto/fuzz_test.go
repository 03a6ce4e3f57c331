package hubproto_test

import (
	"bytes"
	"encoding/json"
	"reflect"
	"testing"

	"github.com/fanfare-hub/fanfare/signalr/hubproto"
)

// FuzzDecodeJSON (SEC-04): nothing panics, what is accepted is JSON, and what was read
// can be written and read again unchanged.
func FuzzDecodeJSON(f *testing.F) {
	for _, test := range wire() {
		f.Add([]byte(test.text))
	}
	f.Add([]byte(`{"type":1,"target":"\ud800","arguments":[1e5,{"a":[]}],"headers":{"":""}} x`))
	f.Add([]byte(`{"type":2,"invocationId":"","item":null}`))
	codec := hubproto.NewJSON(nil)
	f.Fuzz(func(t *testing.T, record []byte) {
		message, err := codec.Parse(record)
		if err != nil || message == nil {
			return
		}
		if !json.NewDecoder(bytes.NewReader(record)).More() || json.NewDecoder(bytes.NewReader(record)).Decode(new(json.RawMessage)) != nil {
			t.Fatalf("accepted %q, which is not JSON", record)
		}
		written := codec.Append(nil, message)
		record, rest, err := codec.Next(written, 0)
		if err != nil || len(rest) > 0 {
			t.Fatalf("wrote %q, which is not one record", written)
		}
		again, err := codec.Parse(record)
		if err != nil {
			t.Fatalf("wrote %q: %v", written, err)
		}
		if !bytes.Equal(codec.Append(nil, again), written) {
			t.Fatalf("%+v became %+v", message, again)
		}
	})
}

// FuzzRoundTrip: every message comes back as it was written.
func FuzzRoundTrip(f *testing.F) {
	f.Add(int64(0), "1", "Echo", "text", "s1", true)
	f.Add(int64(4), "\x1e\x00", "\U0001F600", "\u2028\"", "", false)
	codec := hubproto.NewJSON(nil)
	f.Fuzz(func(t *testing.T, kind int64, id, name, text, streamID string, flag bool) {
		value, err := codec.Marshal(text)
		if err != nil {
			t.Fatal(err)
		}
		sound := func(s string) string { return string(bytes.ToValidUTF8([]byte(s), []byte("\uFFFD"))) }
		id, name, text, streamID = sound(id)+"i", sound(name)+"n", sound(text), sound(streamID)
		messages := []hubproto.Message{
			&hubproto.Invocation{InvocationID: id, Target: name, Arguments: []hubproto.Raw{value, value}, StreamIDs: []string{streamID}, Stream: flag},
			&hubproto.StreamItem{Headers: map[string]string{name: text}, InvocationID: id, Item: value},
			&hubproto.Completion{InvocationID: id, HasError: true, Error: text},
			&hubproto.Completion{InvocationID: id, HasResult: true, Result: value},
			&hubproto.CancelInvocation{InvocationID: id},
			&hubproto.Close{HasError: flag, AllowReconnect: !flag},
			&hubproto.Ack{SequenceID: kind},
			&hubproto.Sequence{SequenceID: kind},
		}
		want := messages[uint64(kind)%uint64(len(messages))]
		record, rest, err := codec.Next(codec.Append(nil, want), 0)
		if err != nil || record == nil || len(rest) > 0 {
			t.Fatalf("%+v is not one record: %q, %q, %v", want, record, rest, err)
		}
		got, err := codec.Parse(record)
		if err != nil || !reflect.DeepEqual(got, want) {
			t.Fatalf("%+v became %+v, %v", want, got, err)
		}
	})
}

// FuzzSplitFrames (SEC-04): in whatever pieces the bytes arrive, the records are the
// same.
func FuzzSplitFrames(f *testing.F) {
	f.Add([]byte("{}\x1e{\"type\":6}\x1e\x1ehalf"), []byte{1, 3, 0, 7}, 16)
	f.Fuzz(func(t *testing.T, data, cuts []byte, limit int) {
		whole, wholeErr := split(hubproto.NextRecord, data, nil, limit)
		pieces, piecesErr := split(hubproto.NextRecord, data, cuts, limit)
		if !reflect.DeepEqual(whole, pieces) || (wholeErr == nil) != (piecesErr == nil) {
			t.Fatalf("got %q, %v in pieces, %q, %v at once", pieces, piecesErr, whole, wholeErr)
		}
	})
}

// split gives data to next in pieces of the sizes in cuts, as a reader would.
func split(next func([]byte, int) (record, rest []byte, err error), data, cuts []byte, limit int) ([]string, error) {
	var records []string
	var buffered []byte
	for len(data) > 0 {
		size := len(data)
		if len(cuts) > 0 {
			size, cuts = min(size, int(cuts[0])+1), cuts[1:]
		}
		buffered, data = append(buffered, data[:size]...), data[size:]
		for {
			record, rest, err := next(buffered, limit)
			if err != nil {
				return records, err
			}
			if record == nil {
				break
			}
			records, buffered = append(records, string(record)), rest
		}
	}
	return records, nil
}

// FuzzHandshake (SEC-04): nothing panics, and a request that was read is written and
// read again the same.
func FuzzHandshake(f *testing.F) {
	f.Add([]byte(`{"protocol":"json","version":1}`))
	f.Add([]byte(`{"error":"no"}`))
	f.Fuzz(func(t *testing.T, record []byte) {
		if response, err := hubproto.ParseHandshakeResponse(record); err == nil {
			_ = hubproto.AppendHandshakeResponse(nil, response)
		}
		request, err := hubproto.ParseHandshakeRequest(record)
		if err != nil {
			return
		}
		request.Protocol = string(bytes.ToValidUTF8([]byte(request.Protocol), []byte("\uFFFD")))
		written, _, err := hubproto.NextRecord(hubproto.AppendHandshakeRequest(nil, request), 0)
		if err != nil {
			t.Fatal(err)
		}
		if again, err := hubproto.ParseHandshakeRequest(written); err != nil || again != request {
			t.Fatalf("%+v became %+v, %v", request, again, err)
		}
	})
}
