package hubproto_test

import (
	"bytes"
	"encoding/base64"
	"math"
	"reflect"
	"testing"

	"github.com/fanfare-hub/fanfare/signalr/hubproto"
)

// FuzzDecodeMessagePack (SEC-04): nothing panics, and what was read can be written and
// read again unchanged, envelope and values both.
func FuzzDecodeMessagePack(f *testing.F) {
	for _, test := range packedWire() {
		body, err := base64.StdEncoding.DecodeString(test.body)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(body)
	}
	f.Add([]byte("\x96\x01\x80\xc0\xa1T\x93\xca\xff\xff\xff\xff\x81\xa1a\x93\xc0\xd6\xff\x00\x00\x00\x01\xc4\x01x\xdd\xff\xff\xff\xff"))
	codec := hubproto.NewMessagePack(nil)
	f.Fuzz(func(t *testing.T, record []byte) {
		message, err := codec.Parse(record)
		if err != nil || message == nil {
			return
		}
		if call, ok := message.(*hubproto.Invocation); ok {
			for _, argument := range call.Arguments {
				rereadValue(t, codec, argument)
			}
			if call.ArgumentsError != nil || !sound(codec, call.Arguments...) {
				return // it cannot be written as it came
			}
		}
		if item, ok := message.(*hubproto.StreamItem); ok && !sound(codec, item.Item) {
			return
		}
		if end, ok := message.(*hubproto.Completion); ok && end.HasResult && !sound(codec, end.Result) {
			return
		}
		written := codec.Append(nil, message)
		record, rest, err := codec.Next(written, 0)
		if err != nil || len(rest) > 0 {
			t.Fatalf("wrote % x, which is not one record", written)
		}
		again, err := codec.Parse(record)
		if err != nil {
			t.Fatalf("wrote % x: %v", written, err)
		}
		if !bytes.Equal(codec.Append(nil, again), written) {
			t.Fatalf("%+v became %+v", message, again)
		}
	})
}

func sound(codec *hubproto.MessagePack, raws ...hubproto.Raw) bool {
	for _, raw := range raws {
		var itself any
		if codec.Unmarshal(raw, &itself) != nil {
			return false
		}
	}
	return true
}

// rereadValue reads a value as what it is and as a struct, and again what was
// written of it.
func rereadValue(t *testing.T, codec *hubproto.MessagePack, raw hubproto.Raw) {
	t.Helper()
	_ = codec.Unmarshal(raw, new(shape))
	_ = codec.Unmarshal(raw, new(labelled))
	var value, again any
	if codec.Unmarshal(raw, &value) != nil {
		return
	}
	written, err := codec.Marshal(value)
	if err != nil {
		t.Fatalf("read %#v, but: %v", value, err)
	}
	if err := codec.Unmarshal(written, &again); err != nil {
		t.Fatalf("%#v was written as % x: %v", value, written, err)
	}
	// Bytes, since a float that is no number is not equal to itself.
	if rewritten, err := codec.Marshal(again); err != nil || !bytes.Equal(rewritten, written) {
		t.Fatalf("%#v became %#v, %v", value, again, err)
	}
}

// FuzzVarInt (SEC-04): in whatever pieces the bytes arrive, the records are the same,
// and a length that was written is the one that is read.
func FuzzVarInt(f *testing.F) {
	f.Add([]byte{2, 0x91, 6, 0x82, 0x80, 0, 0x91, 6, 0x80}, []byte{1, 3, 0, 7}, 16)
	f.Add([]byte{0xff, 0xff, 0xff, 0xff, 7}, []byte{0}, 3)
	f.Add([]byte{0xff, 0xff, 0xff, 0xff, 8}, []byte{2}, 0)
	codec := hubproto.NewMessagePack(nil)
	f.Fuzz(func(t *testing.T, data, cuts []byte, limit int) {
		whole, wholeErr := split(codec.Next, data, nil, limit)
		pieces, piecesErr := split(codec.Next, data, cuts, limit)
		if !reflect.DeepEqual(whole, pieces) || (wholeErr == nil) != (piecesErr == nil) {
			t.Fatalf("got %q, %v in pieces, %q, %v at once", pieces, piecesErr, whole, wholeErr)
		}
		written := codec.Append(nil, &hubproto.Completion{InvocationID: "1", HasError: true, Error: string(data)})
		record, rest, err := codec.Next(written, len(written))
		if err != nil || record == nil || len(rest) > 0 {
			t.Fatalf("%d bytes are not one record: %d, %d, %v", len(written), len(record), len(rest), err)
		}
	})
}

// FuzzRoundTripMessagePack: every message comes back as it was written, its
// values too.
func FuzzRoundTripMessagePack(f *testing.F) {
	f.Add(int64(0), "1", "Echo", "text", []byte{1}, 1.5, true)
	f.Add(int64(4), "\x1e\x00", "\U0001F600", "\u2028\"", []byte(nil), math.Inf(1), false)
	codec := hubproto.NewMessagePack(nil)
	f.Fuzz(func(t *testing.T, number int64, id, name, text string, data []byte, float float64, flag bool) {
		valid := func(s string) string { return string(bytes.ToValidUTF8([]byte(s), []byte("\uFFFD"))) }
		id, name, text = valid(id)+"i", valid(name)+"n", valid(text)
		type values struct {
			Number int64
			Text   string
			Data   []byte
			Float  float64
			Flag   *bool
			Map    map[string]int64
		}
		want := values{number, text, data, float, &flag, map[string]int64{name: -number}}
		if math.IsNaN(float) { // it equals nothing
			want.Float = 0
		}
		raw, err := codec.Marshal(want)
		if err != nil {
			t.Fatal(err)
		}
		var got values
		if err := codec.Unmarshal(raw, &got); err != nil || !reflect.DeepEqual(got, want) {
			t.Fatalf("%+v became %+v, %v", want, got, err)
		}
		for _, message := range []hubproto.Message{
			&hubproto.Invocation{InvocationID: id, Target: name, Arguments: []hubproto.Raw{raw, raw}, StreamIDs: []string{id}, Stream: flag},
			&hubproto.StreamItem{Headers: map[string]string{name: id}, InvocationID: id, Item: raw},
			&hubproto.Completion{InvocationID: id, HasError: true, Error: text},
			&hubproto.Completion{InvocationID: id, HasResult: true, Result: raw},
			&hubproto.CancelInvocation{InvocationID: id},
			&hubproto.Close{HasError: true, Error: name, AllowReconnect: flag},
			&hubproto.Ack{SequenceID: number},
			&hubproto.Sequence{SequenceID: number},
		} {
			record, rest, err := codec.Next(codec.Append(nil, message), 0)
			if err != nil || record == nil || len(rest) > 0 {
				t.Fatalf("%+v is not one record: % x, % x, %v", message, record, rest, err)
			}
			if got, err := codec.Parse(record); err != nil || !reflect.DeepEqual(got, message) {
				t.Fatalf("%+v became %+v, %v", message, got, err)
			}
		}
	})
}
