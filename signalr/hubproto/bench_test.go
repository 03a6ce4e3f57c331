package hubproto_test

import (
	"testing"

	"github.com/fanfare-hub/fanfare/signalr/hubproto"
)

// TestAllocations holds what every idle connection costs again and again.
func TestAllocations(t *testing.T) { //nolint:paralleltest // AllocsPerRun counts what all goroutines allocate
	codec := hubproto.NewJSON(nil)
	record := []byte(`{"type":6}`)
	var buffer []byte
	ping := testing.AllocsPerRun(100, func() {
		message, err := codec.Parse(record)
		if err != nil {
			t.Error(err)
		}
		buffer = codec.Append(buffer[:0], message)
	})
	if ping != 0 {
		t.Errorf("%v allocations for a ping, want none", ping)
	}
}

func BenchmarkJSONParseInvocation(b *testing.B) {
	codec := hubproto.NewJSON(nil)
	record := []byte(`{"type":1,"invocationId":"17","target":"ReceiveProcessingUpdate","arguments":["0b9fcd9f-4c5b-4e7e-9a68-1f4c5b7d2a11","processing",42,{"a":[1,2,3],"b":"text"}]}`)
	b.ReportAllocs()
	b.SetBytes(int64(len(record)))
	for b.Loop() {
		if _, err := codec.Parse(record); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkJSONAppendInvocation(b *testing.B) {
	codec := hubproto.NewJSON(nil)
	message := &hubproto.Invocation{InvocationID: "17", Target: "ReceiveProcessingUpdate", Arguments: raws(`"0b9fcd9f"`, `"processing"`, `42`)}
	var buffer []byte
	b.ReportAllocs()
	for b.Loop() {
		buffer = codec.Append(buffer[:0], message)
	}
}
