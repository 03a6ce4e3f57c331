package hubproto_test

import (
	"encoding/json"
	"errors"
	"math"
	"reflect"
	"testing"
	"time"

	"github.com/fanfare-hub/fanfare/signalr/hubproto"
)

type point struct {
	X     int32   `json:"x"`
	Y     int32   `json:"y"`
	Label *string `json:"label"`
}

type shape struct {
	Points []point        `json:"points"`
	Sides  map[string]int `json:"sides"`
	Made   time.Time      `json:"made"`
	Next   *shape         `json:"next"`
}

func TestJSONMarshal(t *testing.T) {
	t.Parallel()
	tests := []struct {
		id    string
		value any
		want  string
	}{
		{"JSON-27 raw", "é中<>&'+/", `"é中<>&'+/"`},
		{"JSON-27 beyond U+FFFF", "a\U0001F600b", `"a\uD83D\uDE00b"`},
		{"JSON-27 controls", "\x00\x1f\x7f\u0085\u2028\u2029\b\f\n\r\t", `"\u0000\u001F\u007F\u0085\u2028\u2029\b\f\n\r\t"`},
		{"JSON-27 escapes", `"\` + `\u001f`, `"\"\\\\u001f"`},
		{"JSON-27 in members", map[string]string{"\x7f\x1e": "\x1e"}, `{"\u007F\u001E":"\u001E"}`},
		{"JSON-26 members", point{X: 1}, `{"x":1,"y":0,"label":null}`},
		{"JSON-28 bytes", []byte{0, 1, 127, 128, 255}, `"AAF/gP8="`},
		{"JSON-28 time", time.Date(2002, 4, 1, 10, 20, 15, 0, time.UTC), `"2002-04-01T10:20:15Z"`},
		{"JSON-28 offset", time.Date(2026, 3, 1, 12, 34, 56, 0, time.FixedZone("", 7200)), `"2026-03-01T12:34:56+02:00"`},
		{"JSON-28 integral float", 2.0, `2`},
		{"JSON-33 digits stay", json.Number("2.0"), `2.0`},
		{"JSON-16 nil", nil, `null`},
		{"JSON-33 encoded already", hubproto.Raw(`{"a": 1}`), `{"a": 1}`},
	}
	for _, test := range tests {
		t.Run(test.id, func(t *testing.T) {
			t.Parallel()
			got, err := hubproto.NewJSON(nil).Marshal(test.value)
			if err != nil || string(got) != test.want {
				t.Errorf("got %s, %v, want %s", got, err, test.want)
			}
		})
	}
	t.Run("INV-25 not data", func(t *testing.T) {
		t.Parallel()
		for _, value := range []any{func() {}, math.NaN()} {
			_, err := hubproto.NewJSON(nil).Marshal(value)
			var wrong *hubproto.ValueError
			if !errors.As(err, &wrong) || wrong.ErrorName() != "JsonException" || wrong.Unwrap() == nil {
				t.Errorf("marshalling %T: got %v", value, err)
			}
		}
	})
	t.Run("JSON-27 envelope and value agree", func(t *testing.T) {
		t.Parallel()
		const text = "é\U0001F600\x7f\x01\"\\\u2028"
		codec := hubproto.NewJSON(nil)
		value, err := codec.Marshal(text)
		if err != nil {
			t.Fatal(err)
		}
		want := `{"type":3,"invocationId":"1","error":` + string(value) + "}\x1e"
		if got := codec.Append(nil, &hubproto.Completion{InvocationID: "1", HasError: true, Error: text}); string(got) != want {
			t.Errorf("got %s, want %s", got, want)
		}
	})
}

func TestJSONUnmarshal(t *testing.T) {
	t.Parallel()
	label := "l"
	tests := []struct {
		id, text string
		want     any
	}{
		{"JSON-26 any case", `{"X":1,"y":2,"LABEL":"l"}`, point{1, 2, &label}},
		{"JSON-30 a date is a string", `"2026-03-01T12:34:56Z"`, "2026-03-01T12:34:56Z"},
		{"JSON-28 bytes", `"AAF/gP8="`, []byte{0, 1, 127, 128, 255}},
		{"JSON-29 null string", `null`, ""},
		{"JSON-29 null pointer", `null`, (*int64)(nil)},
		{"JSON-29 null object", `null`, point{}},
		{"JSON-29 null bytes", `null`, []byte(nil)},
		{"JSON-29 null elements", `[null,1]`, []*int{nil, new(1)}},
		{"JSON-32 absent", `{}`, point{}},
		{"JSON-32 unknown", `{"x":1,"z":null}`, point{X: 1}},
		{"JSON-32 repeated", `{"x":1,"x":2}`, point{X: 2}},
		{"JSON-33 exact", `9223372036854775807`, int64(math.MaxInt64)},
		{"JSON-33 untyped", `2.0`, any(json.Number("2.0"))},
		{"JSON-33 raw", `{"a": 2.0}`, hubproto.Raw(`{"a": 2.0}`)},
		{"MP-25 whole float", `2`, 2.0},
	}
	for _, test := range tests {
		t.Run(test.id, func(t *testing.T) {
			t.Parallel()
			into := reflect.New(reflect.TypeOf(test.want))
			if _, untyped := test.want.(json.Number); untyped {
				into = reflect.New(reflect.TypeFor[any]())
			}
			err := hubproto.NewJSON(nil).Unmarshal(hubproto.Raw(test.text), into.Interface())
			if err != nil || !reflect.DeepEqual(into.Elem().Interface(), test.want) {
				t.Errorf("got %v, %v, want %v", into.Elem(), err, test.want)
			}
		})
	}
}

func TestJSONUnmarshalRefuses(t *testing.T) {
	t.Parallel()
	tests := []struct {
		id, text string
		into     any
	}{
		{"JSON-29 string for a number", `"1"`, new(int32)},
		{"JSON-29 number for a string", `1`, new(string)},
		{"JSON-29 null for a number", `null`, new(int32)},
		{"JSON-29 null for a bool", ` null`, new(bool)},
		{"JSON-29 null for a time", `null`, new(time.Time)},
		{"JSON-29 null member", `{"x":null}`, new(point)},
		{"JSON-29 null deep down", `{"next":{"points":[{"Y":null}]}}`, new(shape)},
		{"JSON-29 null in a map", `{"sides":{"a":null}}`, new(shape)},
		{"JSON-29 null time member", `{"made":null}`, new(shape)},
		{"JSON-29 null element", `[1,null]`, new([]int)},
		{"JSON-29 whole fraction", `1.0`, new(int32)},
		{"JSON-29 exponent", `1e1`, new(int32)},
		{"JSON-29 fraction", `1.5`, new(int32)},
		{"JSON-29 overflow", `99999999999`, new(int32)},
		{"JSON-28 enum by name", `"Blue"`, new(int)},
		{"JSON-28 unpadded base64", `"AAECfw"`, new([]byte)},
		{"JSON-28 URL base64", `"__-_"`, new([]byte)},
		{"JSON-29 array for bytes", `[1,2]`, new([]byte)},
		{"JSON-29 two values", `1 2`, new(int)},
		{"JSON-29 no value", ``, new(int)},
	}
	for _, test := range tests {
		t.Run(test.id, func(t *testing.T) {
			t.Parallel()
			err := hubproto.NewJSON(nil).Unmarshal(hubproto.Raw(test.text), test.into)
			var wrong *hubproto.ValueError
			if !errors.As(err, &wrong) {
				t.Errorf("got %v and error %v", reflect.ValueOf(test.into).Elem(), err)
			}
		})
	}
}

func TestJSONOptions(t *testing.T) {
	t.Parallel()
	codec := hubproto.NewJSON(&hubproto.JSONOptions{
		Marshal:   func(any) ([]byte, error) { return []byte("\"\U0001F600\""), nil },
		Unmarshal: func([]byte, any) error { return errors.ErrUnsupported },
	})
	if got, err := codec.Marshal(1); err != nil || string(got) != `"\uD83D\uDE00"` {
		t.Errorf("got %s, %v", got, err)
	}
	if err := codec.Unmarshal(hubproto.Raw("1"), new(int)); !errors.Is(err, errors.ErrUnsupported) {
		t.Errorf("got %v", err)
	}
}
