package fanfare

import (
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"reflect"
	"testing"
)

// seed adds the golden files of one form.
func seed(f *testing.F, form string) {
	f.Helper()
	paths, err := filepath.Glob(filepath.Join("testdata", "*."+form+".json"))
	if err != nil || len(paths) == 0 {
		f.Fatalf("no golden files of %s: %v", form, err)
	}
	for _, path := range paths {
		data, err := os.ReadFile(path)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(data)
	}
}

// FuzzDecodeCloudEvent: what is accepted comes back the same once written, and
// every error has a code for the caller.
func FuzzDecodeCloudEvent(f *testing.F) {
	seed(f, "cloudevent")
	f.Fuzz(func(t *testing.T, data []byte) {
		roundTrip(t, data, DecodeCloudEvent, EncodeCloudEvent)
	})
}

// FuzzDecodeDotNet: the same but for the span, which is new each time.
func FuzzDecodeDotNet(f *testing.F) {
	seed(f, "dotnet")
	f.Fuzz(func(t *testing.T, data []byte) {
		roundTrip(t, data, func(data []byte) (Event, error) {
			e, err := DecodeDotNet(data)
			if id := e.TraceID(); id != "" {
				e.TraceParent = "00-" + id + traceParent[35:]
			}
			return e, err
		}, EncodeDotNet)
	})
}

func roundTrip(t *testing.T, data []byte, decode func([]byte) (Event, error), encode func(Event) ([]byte, error)) {
	t.Helper()
	e, err := decode(data)
	if err != nil {
		if code := CodeOf(err); code != CodeInvalidArgument && code != CodeInvalidTopic {
			t.Fatalf("code %s: %v", code, err)
		}
		return
	}
	if e.Validate() != nil {
		return
	}
	written, err := encode(e)
	if CodeOf(err) == CodeTooLarge {
		return
	}
	if err != nil {
		t.Fatalf("%+v cannot be written: %v", e, err)
	}
	back, err := decode(written)
	if err != nil {
		t.Fatalf("%s cannot be read: %v", written, err)
	}
	if !reflect.DeepEqual(back, e) {
		t.Fatalf("%s is\n%+v, want\n%+v", written, back, e)
	}
}

// FuzzParseTopic: what is accepted is its own text form, in the form that
// validation asks for.
func FuzzParseTopic(f *testing.F) {
	for _, text := range []string{"document:" + documentID, "service:s", "user:a:b", "presence:p", "user:anonymous", ":"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		topic, err := ParseTopic(text)
		if err != nil {
			if CodeOf(err) != CodeInvalidTopic {
				t.Fatalf("code %s: %v", CodeOf(err), err)
			}
			return
		}
		if back, err := ParseTopic(topic.String()); err != nil || back != topic {
			t.Fatalf("%q is %+v, its text %q is %+v, %v", text, topic, topic, back, err)
		}
	})
}

// FuzzDecodeCloudEvents: a batch is what its events are alone.
func FuzzDecodeCloudEvents(f *testing.F) {
	f.Add([]byte("[]"))
	f.Add([]byte(`[{"specversion":"1.0","type":"ServiceScaled","source":"s","data":{}}, {}]`))
	f.Fuzz(func(t *testing.T, data []byte) {
		events, err := DecodeCloudEvents(data)
		var alone []json.RawMessage
		if err != nil {
			if bad, ok := errors.AsType[*BatchError](err); ok && json.Unmarshal(data, &alone) == nil {
				_, err := DecodeCloudEvent(alone[bad.Index])
				if err == nil {
					t.Fatalf("event %d is good alone", bad.Index)
				}
			}
			return
		}
		if err := json.Unmarshal(data, &alone); err != nil || len(alone) != len(events) {
			t.Fatalf("%d events of %s, %v", len(events), data, err)
		}
		for i, raw := range alone {
			if e, err := DecodeCloudEvent(raw); err != nil || !reflect.DeepEqual(e, events[i]) {
				t.Fatalf("event %d is %+v, alone %+v, %v", i, events[i], e, err)
			}
		}
	})
}
