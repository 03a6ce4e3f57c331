package fanfare

import (
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
