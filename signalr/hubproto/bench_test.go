package hubproto_test

import (
	"testing"
	"time"

	"github.com/fanfare-hub/fanfare/signalr/hubproto"
)

// TestAllocations holds what every idle connection costs again and again.
func TestAllocations(t *testing.T) { //nolint:paralleltest // AllocsPerRun counts what all goroutines allocate
	records := map[hubproto.Codec][]byte{
		hubproto.NewJSON(nil):        []byte(`{"type":6}`),
		hubproto.NewMessagePack(nil): {0x91, 6},
	}
	for codec, record := range records {
		var buffer []byte
		ping := testing.AllocsPerRun(100, func() {
			message, err := codec.Parse(record)
			if err != nil {
				t.Error(err)
			}
			buffer = codec.Append(buffer[:0], message)
		})
		if ping != 0 {
			t.Errorf("%s: %v allocations for a ping, want none", codec.Name(), ping)
		}
	}
}

// update is a value as an application sends it.
type update struct {
	DocumentID string         `json:"documentId"`
	Status     string         `json:"status"`
	Progress   float64        `json:"progress"`
	Pages      []int          `json:"pages"`
	Labels     map[string]any `json:"labels"`
	At         time.Time      `json:"at"`
}

// BenchmarkCodec compares the encodings side by side, message by message.
func BenchmarkCodec(b *testing.B) {
	value := update{
		DocumentID: "0b9fcd9f-4c5b-4e7e-9a68-1f4c5b7d2a11", Status: "processing", Progress: 0.25, Pages: []int{1, 2, 300},
		Labels: map[string]any{"b": "text", "a": 42}, At: time.Date(2026, 3, 1, 12, 34, 56, 789e6, time.UTC),
	}
	for _, codec := range []hubproto.Codec{hubproto.NewJSON(nil), hubproto.NewMessagePack(nil)} {
		benchmarkValues(b, codec, value)
		benchmarkMessages(b, codec, value)
	}
}

func benchmarkValues(b *testing.B, codec hubproto.Codec, value update) {
	b.Helper()
	raw, err := codec.Marshal(value)
	if err != nil {
		b.Fatal(err)
	}
	b.Run("marshal/"+codec.Name(), func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if _, err := codec.Marshal(value); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("unmarshal/"+codec.Name(), func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			var got update
			if err := codec.Unmarshal(raw, &got); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("marshal-text/"+codec.Name(), func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if _, err := codec.Marshal(value.DocumentID); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("unmarshal-text/"+codec.Name(), func(b *testing.B) {
		text, err := codec.Marshal(value.DocumentID)
		if err != nil {
			b.Fatal(err)
		}
		b.ReportAllocs()
		for b.Loop() {
			var got string
			if err := codec.Unmarshal(text, &got); err != nil {
				b.Fatal(err)
			}
		}
	})
}

func benchmarkMessages(b *testing.B, codec hubproto.Codec, values ...any) {
	b.Helper()
	message := &hubproto.Invocation{InvocationID: "17", Target: "ReceiveProcessingUpdate"}
	for _, value := range append(values, "processing", 42) {
		raw, err := codec.Marshal(value)
		if err != nil {
			b.Fatal(err)
		}
		message.Arguments = append(message.Arguments, raw)
	}
	framed := codec.Append(nil, message)
	b.Run("append/"+codec.Name(), func(b *testing.B) {
		var buffer []byte
		b.ReportAllocs()
		b.SetBytes(int64(len(framed)))
		for b.Loop() {
			buffer = codec.Append(buffer[:0], message)
		}
	})
	b.Run("parse/"+codec.Name(), func(b *testing.B) {
		b.ReportAllocs()
		b.SetBytes(int64(len(framed)))
		for b.Loop() {
			record, _, err := codec.Next(framed, 0)
			if err != nil {
				b.Fatal(err)
			}
			if _, err := codec.Parse(record); err != nil {
				b.Fatal(err)
			}
		}
	})
}
