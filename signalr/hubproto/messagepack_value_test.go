package hubproto_test

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"reflect"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/fanfare-hub/fanfare/signalr/hubproto"
)

// colour is a number in JSON and a name in MessagePack.
type colour int //nolint:recvcheck // one method reads, the other writes, as is usual

func (c colour) MarshalMessagePack() ([]byte, error) {
	return hubproto.NewMessagePack(nil).Marshal([]string{"Red", "Green", "Blue"}[c])
}

func (c *colour) UnmarshalMessagePack(data []byte) error {
	var name string
	if err := hubproto.NewMessagePack(nil).Unmarshal(data, &name); err != nil {
		return err
	}
	for i, known := range []string{"Red", "Green", "Blue"} {
		if name == known {
			*c = colour(i)
			return nil
		}
	}
	return fmt.Errorf("no colour %q", name)
}

// level is a text in both encodings. Its methods are those of the pointer.
type level int

func (l *level) MarshalText() ([]byte, error) { return fmt.Appendf(nil, "L%d", *l), nil }

func (l *level) UnmarshalText(text []byte) error {
	_, err := fmt.Sscanf(string(text), "L%d", (*int)(l))
	return err
}

type loop struct{ Self *loop }

type unsound struct{}

func (unsound) MarshalMessagePack() ([]byte, error) { return []byte{0x92, 1}, nil }

type base struct {
	ID     int
	Hidden string `msgpack:"-"`
}

type (
	Extra    struct{ More string }
	labelled struct {
		base
		*Extra

		Kept     base           `msgpack:"kept"`
		Renamed  string         `msgpack:"other_name"`
		Empty    []int          `msgpack:",omitempty"`
		Zero     time.Time      `msgpack:",omitzero"`
		Any      any            `msgpack:"any"`
		ByNumber map[int]string `msgpack:"n,omitempty"`
		private  int
	}
)

func TestMessagePackMarshal(t *testing.T) {
	t.Parallel()
	label := "l"
	tests := []struct {
		id    string
		value any
		want  string
	}{
		{"MP-19 members as declared", point{X: 1, Y: -1, Label: &label}, "83 a1 58 01 a1 59 ff a5 4c 61 62 65 6c a1 6c"},
		{"MP-19 nil", point{}, "83 a1 58 00 a1 59 00 a5 4c 61 62 65 6c c0"},
		{
			"MP-19 tags and embedded members",
			labelled{base: base{ID: 1, Hidden: "x"}, Renamed: "r", private: 1},
			"84 a2 49 44 01 a4 6b 65 70 74 81 a2 49 44 00 aa 6f 74 68 65 72 5f 6e 61 6d 65 a1 72 a3 61 6e 79 c0",
		},
		{"MP-19 sorted maps", map[string]int{"b": 2, "a": 1, "aa": 3}, "83 a1 61 01 a1 62 02 a2 61 61 03"},
		{"MP-19 number keys", map[int8]bool{-1: true, 1: false}, "82 01 c2 ff c3"},
		{"MP-20 an enum", colour(2), "a4 42 6c 75 65"},
		{"MP-20 a pointer's text", level(7), "a2 4c 37"},
		{"MP-20 as keys", map[colour]level{1: 2}, "81 a5 47 72 65 65 6e a2 4c 32"},
		{"MP-21 bytes", []byte{0, 1, 127, 128, 255}, "c4 05 00 01 7f 80 ff"},
		{"MP-21 bytes in a value", []any{[]byte{1}}, "91 c4 01 01"},
		{"MP-21 nil bytes", []byte(nil), "c0"},
		{"MP-22 whole seconds", time.Unix(0x58ec1c80, 0), "d6 ff 58 ec 1c 80"},
		{"MP-22 nanoseconds", time.Date(2026, 3, 1, 12, 34, 56, 789e6, time.UTC), "d7 ff bc 1c bd 00 69 a4 32 70"},
		{"MP-22 beyond 32 bits", time.Unix(1<<32, 0), "d7 ff 00 00 00 01 00 00 00 00"},
		{"MP-22 before 1970", time.Unix(-1, 5), "c7 0c ff 00 00 00 05 ff ff ff ff ff ff ff ff"},
		{"MP-22 beyond 34 bits", time.Unix(1<<34, 0), "c7 0c ff 00 00 00 00 00 00 00 04 00 00 00 00"},
		{"MP-22 epoch", time.Unix(0, 0), "d6 ff 00 00 00 00"},
		{"MP-24 fix", 127, "7f"},
		{"MP-24 8 bits", uint8(255), "cc ff"},
		{"MP-24 16 bits", int64(256), "cd 01 00"},
		{"MP-24 32 bits", 1 << 16, "ce 00 01 00 00"},
		{"MP-24 64 bits", uint64(math.MaxUint64), "cf ff ff ff ff ff ff ff ff"},
		{"MP-24 -32", int8(-32), "e0"},
		{"MP-24 -33", -33, "d0 df"},
		{"MP-24 -129", -129, "d1 ff 7f"},
		{"MP-24 -32769", int32(-32769), "d2 ff ff 7f ff"},
		{"MP-24 the least", int64(math.MinInt64), "d3 80 00 00 00 00 00 00 00"},
		{"MP-24 float32", float32(1.5), "ca 3f c0 00 00"},
		{"MP-24 float64", 2.0, "cb 40 00 00 00 00 00 00 00"},
		{"MP-24 json.Number", []json.Number{"-2", "18446744073709551615", "2.0"}, "93 fe cf ff ff ff ff ff ff ff ff cb 40 00 00 00 00 00 00 00"},
		{"MP-23 time.Duration is a number", time.Microsecond, "cd 03 e8"},
		{"MP-09 nil", nil, "c0"},
		{"MP-09 a nil pointer", (*point)(nil), "c0"},
		{"MP-09 a nil slice", []int(nil), "c0"},
		{"MP-09 an empty slice", []int{}, "90"},
		{"MP-09 a nil map", map[string]int(nil), "c0"},
		{"MP-16 bool", true, "c3"},
		{"MP-16 a named bool", struct{ B bool }{}, "81 a1 42 c2"},
		{"MP-16 an array", [2]string{"a", ""}, "92 a1 61 a0"},
		{"MP-16 encoded already", hubproto.Raw{0x93, 1, 2, 3}, "93 01 02 03"},
	}
	for _, test := range tests {
		t.Run(test.id, func(t *testing.T) {
			t.Parallel()
			got, err := hubproto.NewMessagePack(nil).Marshal(test.value)
			if err != nil || fmt.Sprintf("% x", []byte(got)) != test.want {
				t.Errorf("got % x, %v, want %s", got, err, test.want)
			}
		})
	}
	t.Run("long forms", func(t *testing.T) {
		t.Parallel()
		for _, test := range []struct {
			value any
			head  string
		}{
			{strings.Repeat("x", 31), "bf78"},
			{strings.Repeat("x", 32), "d92078"},
			{strings.Repeat("x", 256), "da010078"},
			{strings.Repeat("x", 1<<16), "db0001000078"},
			{make([]byte, 256), "c5010000"},
			{make([]byte, 1<<16), "c60001000000"},
			{make([]int, 15), "9f00"},
			{make([]int, 16), "dc001000"},
			{make([]int, 1<<16), "dd0001000000"},
			{numbered(16), "de0010"},
			{numbered(1 << 16), "df00010000"},
		} {
			got, err := hubproto.NewMessagePack(nil).Marshal(test.value)
			if err != nil || !strings.HasPrefix(hex.EncodeToString(got), test.head) {
				t.Errorf("got % x..., %v, want %s", got[:6], err, test.head)
			}
		}
	})
}

func numbered(n int) map[int]bool {
	m := map[int]bool{}
	for i := range n {
		m[i] = true
	}
	return m
}

func TestMessagePackMarshalRefuses(t *testing.T) {
	t.Parallel()
	cyclic := &loop{}
	cyclic.Self = cyclic
	var itself any
	itself = &itself
	for id, value := range map[string]any{
		"INV-25 function":        func() {},
		"INV-25 deep function":   map[string]any{"a": []any{func() {}}},
		"INV-25 channel member":  struct{ C chan int }{},
		"INV-25 complex":         complex(1, 1),
		"MP-26 cyclic":           cyclic,
		"MP-26 its own pointer":  itself,
		"INV-25 struct keys":     map[point]int{{}: 1},
		"INV-25 keys of any":     map[any]int{"a": 1},
		"INV-25 unsound form":    unsound{},
		"INV-25 unsound element": []any{unsound{}},
		"INV-25 no number":       json.Number("one"),
	} {
		_, err := hubproto.NewMessagePack(nil).Marshal(value)
		var wrong *hubproto.ValueError
		if !errors.As(err, &wrong) || wrong.ErrorName() != "MessagePackSerializationException" || wrong.Unwrap() == nil {
			t.Errorf("%s: got %v", id, err)
		}
	}
}

func TestMessagePackUnmarshal(t *testing.T) {
	t.Parallel()
	label := "l"
	tests := []struct {
		id, data string
		want     any
	}{
		{"MP-19 an object", "83 a1 58 01 a1 59 02 a5 4c 61 62 65 6c a1 6c", point{1, 2, &label}},
		{"MP-19 case counts", "82 a1 78 01 a1 59 02", point{Y: 2}},
		{"MP-19 unknown", "82 a1 7a 92 01 81 02 03 a1 58 05", point{X: 5}},
		{"MP-19 absent", "80", point{}},
		{"MP-19 repeated", "82 a1 58 01 a1 58 02", point{X: 2}},
		{"MP-19 nil", "c0", point{}},
		{"MP-19 nil pointer", "c0", (*point)(nil)},
		{"MP-19 embedded members", "83 a2 49 44 01 a4 4d 6f 72 65 a1 6d aa 6f 74 68 65 72 5f 6e 61 6d 65 a1 72", labelled{base: base{ID: 1}, Extra: &Extra{"m"}, Renamed: "r"}},
		{"MP-19 left out", "82 a6 48 69 64 64 65 6e a1 78 a7 70 72 69 76 61 74 65 01", labelled{}},
		{"MP-19 number keys", "82 01 c2 ff c3", map[int8]bool{-1: true, 1: false}},
		{"MP-20 an enum", "a4 42 6c 75 65", colour(2)},
		{"MP-20 a text", "a2 4c 37", level(7)},
		{"MP-20 as keys", "81 a5 47 72 65 65 6e a2 4c 32", map[colour]level{1: 2}},
		{"MP-21 bin", "c4 05 00 01 7f 80 ff", []byte{0, 1, 127, 128, 255}},
		{"MP-21 a string for bytes", "a1 78", []byte("x")},
		{"MP-21 an array for bytes", "92 01 cc ff", []byte{1, 255}},
		{"MP-21 nil for bytes", "c0", []byte(nil)},
		{"MP-22 32 bits", "d6 ff 58 ec 1c 80", time.Unix(0x58ec1c80, 0).UTC()},
		{"MP-22 64 bits", "d7 ff bc 1c bd 00 69 a4 32 70", time.Date(2026, 3, 1, 12, 34, 56, 789e6, time.UTC)},
		{"MP-22 96 bits", "c7 0c ff 00 00 00 05 ff ff ff ff ff ff ff ff", time.Unix(-1, 5).UTC()},
		{"MP-24 any width", "d3 00 00 00 00 00 00 00 01", uint8(1)},
		{"MP-24 any sign", "cf 00 00 00 00 00 00 00 7f", int8(127)},
		{"MP-24 negative", "d0 ff", int64(-1)},
		{"MP-24 the largest", "cf ff ff ff ff ff ff ff ff", uint64(math.MaxUint64)},
		{"MP-25 integer for a float", "02", 2.0},
		{"MP-25 negative for a float", "fe", float32(-2)},
		{"MP-25 float32 for a float64", "ca 3f c0 00 00", 1.5},
		{"MP-25 float64 for a float32", "cb 3f f8 00 00 00 00 00 00", float32(1.5)},
		{"MP-24 json.Number", "94 fe cf ff ff ff ff ff ff ff ff cb 3f f8 00 00 00 00 00 00 ca 3f c0 00 00", []json.Number{"-2", "18446744073709551615", "1.5", "1.5"}},
		{"MP-24 untyped", "96 01 cf ff ff ff ff ff ff ff ff ff cb 40 04 00 00 00 00 00 00 ca 40 20 00 00 c3", []any{int64(1), uint64(math.MaxUint64), int64(-1), 2.5, 2.5, true}},
		{"MP-24 untyped object", "81 a1 61 95 a1 78 c0 c4 01 01 d6 ff 00 00 00 01 80", map[string]any{"a": []any{"x", nil, []byte{1}, time.Unix(1, 0).UTC(), map[string]any{}}}},
		{"MP-19 nil string", "c0", ""},
		{"MP-19 nil slice", "c0", []int(nil)},
		{"MP-19 empty slice", "90", []int{}},
		{"MP-19 nil map", "c0", map[string]int(nil)},
		{"MP-19 nil elements", "92 c0 01", []*int{nil, new(1)}},
		{"MP-19 an array", "92 01 02", [2]int{1, 2}},
		{"MP-19 nil array", "c0", [2]int{}},
		{"MP-16 bool", "c3", true},
		{"MP-16 raw", "93 01 02 03", hubproto.Raw{0x93, 1, 2, 3}},
		{"MP-05 broken UTF-8", "a2 ff 78", "\uFFFDx"},
	}
	for _, test := range tests {
		t.Run(test.id, func(t *testing.T) {
			t.Parallel()
			data := unhex(t, test.data)
			into := reflect.New(reflect.TypeOf(test.want))
			if strings.Contains(test.id, "untyped") {
				into = reflect.New(reflect.TypeFor[any]())
			}
			err := hubproto.NewMessagePack(nil).Unmarshal(data, into.Interface())
			clear(data) // what was read must not alias it
			if got := into.Elem().Interface(); err != nil || !reflect.DeepEqual(got, test.want) {
				t.Errorf("got %#v, %v, want %#v", got, err, test.want)
			}
		})
	}
}

func TestMessagePackUnmarshalRefuses(t *testing.T) {
	t.Parallel()
	tests := []struct {
		id, data string
		into     any
	}{
		{"MP-19 an array for an object", "93 01 02 c0", new(point)},
		{"MP-19 a number for a key", "81 01 02", new(point)},
		{"MP-19 nil for a number", "c0", new(int32)},
		{"MP-19 nil for a bool", "c0", new(bool)},
		{"MP-19 nil for a time", "c0", new(time.Time)},
		{"MP-19 nil member", "81 a1 58 c0", new(point)},
		{"MP-19 nil key", "81 c0 01", new(map[string]int)},
		{"MP-20 a number for an enum", "02", new(colour)},
		{"MP-20 another name", "a4 50 69 6e 6b", new(colour)},
		{"MP-20 the name's case", "a4 62 6c 75 65", new(colour)},
		{"MP-20 a number for a text", "02", new(level)},
		{"MP-20 nil for a text", "c0", new(level)},
		{"MP-21 bin for a string", "c4 01 78", new(string)},
		{"MP-21 not bytes", "91 cd 01 00", new([]byte)},
		{"MP-21 strings for bytes", "91 a1 78", new([]byte)},
		{"MP-22 a string for a time", "a1 78", new(time.Time)},
		{"MP-22 a number for a time", "01", new(time.Time)},
		{"MP-22 another extension", "d6 01 00 00 00 00", new(time.Time)},
		{"MP-22 of two bytes", "d5 ff 00 00", new(time.Time)},
		{"MP-22 a billion nanoseconds", "d7 ff ee 6b 28 00 00 00 00 00", new(time.Time)},
		{"MP-22 untyped extension", "d6 01 00 00 00 00", new(any)},
		{"MP-24 float for an integer", "cb 3f f0 00 00 00 00 00 00", new(int32)},
		{"MP-24 string for an integer", "a1 31", new(int32)},
		{"MP-24 bool for an integer", "c3", new(int32)},
		{"MP-24 integer for a string", "01", new(string)},
		{"MP-24 integer for a bool", "01", new(bool)},
		{"MP-24 overflow", "cd 01 00", new(uint8)},
		{"MP-24 signed overflow", "cc 80", new(int8)},
		{"MP-24 64 bits overflow", "cf ff ff ff ff ff ff ff ff", new(int64)},
		{"MP-24 a sign too many", "ff", new(uint64)},
		{"MP-25 string for a float", "a1 31", new(float64)},
		{"MP-25 overflow", "cb 7f ef ff ff ff ff ff ff", new(float32)},
		{"MP-24 a word for json.Number", "a1 31", new(json.Number)},
		{"MP-19 too many elements", "93 01 02 03", new([2]int)},
		{"MP-19 too few elements", "91 01", new([2]int)},
		{"MP-19 a map for a slice", "80", new([]int)},
		{"MP-19 a slice for a map", "90", new(map[string]int)},
		{"MP-19 untyped keys", "81 01 02", new(any)},
		{"MP-19 an interface with methods", "a1 78", new(fmt.Stringer)},
		{"MP-19 a channel", "a1 78", new(chan int)},
		{"MP-26 four billion elements", "dd ff ff ff ff", new([]int)},
		{"MP-26 four billion untyped", "dd ff ff ff ff", new(any)},
		{"MP-26 four billion members", "df ff ff ff ff", new(map[string]int)},
		{"MP-26 four gigabytes", "c6 ff ff ff ff", new([]byte)},
		{"MP-26 cut off", "cd 01", new(int)},
		{"MP-26 cut off in a member", "82 a1 58 01 a1 59", new(point)},
		{"MP-26 cut off in an own form", "a4 42", new(colour)},
		{"MP-18 nothing", "", new(any)},
		{"MP-18 never used", "c1", new(any)},
		{"MP-18 bytes behind", "01 02", new(int)},
		{"MP-18 not a pointer", "01", 1},
		{"MP-18 a nil pointer", "01", (*int)(nil)},
	}
	for _, test := range tests {
		t.Run(test.id, func(t *testing.T) {
			t.Parallel()
			err := hubproto.NewMessagePack(nil).Unmarshal(unhex(t, test.data), test.into)
			var wrong *hubproto.ValueError
			if !errors.As(err, &wrong) || wrong.ErrorName() != "MessagePackSerializationException" {
				t.Errorf("got %v and error %v", reflect.ValueOf(test.into), err)
			}
		})
	}
}

// TestMessagePackDepth: MP-26, a value nests as deep as in .NET and no deeper,
// whatever is made of it; but an envelope is read however deep its values are.
func TestMessagePackDepth(t *testing.T) {
	t.Parallel()
	codec := hubproto.NewMessagePack(nil)
	nested := func(depth int, one byte) []byte {
		return append(bytes.Repeat([]byte{one}, depth), 0xc0)
	}
	var value any
	if err := codec.Unmarshal(nested(500, 0x91), &value); err != nil {
		t.Errorf("500 deep: %v", err)
	}
	if _, err := codec.Marshal(value); err != nil {
		t.Errorf("marshal 500 deep: %v", err)
	}
	type list []list
	deep := nested(1<<20, 0x91)
	for _, into := range []any{new(any), new(list)} {
		if err := codec.Unmarshal(deep, into); err == nil {
			t.Errorf("read a million levels into %T", into)
		}
	}
	if err := codec.Unmarshal(append(bytes.Repeat([]byte{0x81, 0xa4, 'S', 'e', 'l', 'f'}, 502), 0xc0), new(loop)); err == nil {
		t.Error("read 501 levels into structs")
	}
	item := append(unhex(t, "94 02 80 a1 31"), deep...)
	if _, err := codec.Parse(item); err != nil {
		t.Errorf("parse: %v", err)
	}
}

// TestMessagePackBoundsAllocation: MP-26, what is only announced costs
// nothing, and a broken array no more than a small multiple of its bytes.
func TestMessagePackBoundsAllocation(t *testing.T) { //nolint:paralleltest // it counts what the whole process allocates
	type wide struct{ Numbers [1 << 10]int64 }
	codec := hubproto.NewMessagePack(nil)
	claims := append(unhex(t, "dd 00 00 ff ff c1"), make([]byte, 1<<16)...)
	for _, into := range []any{new([]wide), new(any), new([]byte), new(map[string]wide)} {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		err := codec.Unmarshal(claims, into)
		runtime.ReadMemStats(&after)
		if err == nil {
			t.Errorf("%T: no error", into)
		}
		if got := after.TotalAlloc - before.TotalAlloc; got > 1<<20 {
			t.Errorf("%T: %d bytes allocated for an array without elements", into, got)
		}
	}
}

// TestEncodingsAgree: what one encoding carries, the other carries too.
func TestEncodingsAgree(t *testing.T) {
	t.Parallel()
	label := "l"
	values := []any{
		"é中\U0001F600", true, int64(math.MinInt64), uint64(math.MaxUint64), -1.5, float32(0.25),
		point{1, -2, &label},
		&point{},
		[]byte{0, 255},
		[]byte(nil),
		[]string{},
		[]string(nil),
		map[string][]int{"a": {1, 2}},
		time.Date(2026, 3, 1, 12, 34, 56, 789, time.UTC), colour(1), new(level(3)), json.Number("12"),
		[2]bool{true, false},
		map[int]string{-1: "x"},
		shape{Points: []point{{X: 1}}, Sides: map[string]int{"a": 1}, Made: time.Unix(1, 0).UTC(), Next: &shape{Made: time.Unix(2, 0).UTC()}},
	}
	for _, codec := range []hubproto.Codec{hubproto.NewJSON(nil), hubproto.NewMessagePack(nil)} {
		for _, value := range values {
			raw, err := codec.Marshal(value)
			if err != nil {
				t.Errorf("%s: marshal %#v: %v", codec.Name(), value, err)
				continue
			}
			into := reflect.New(reflect.TypeOf(value))
			if err := codec.Unmarshal(raw, into.Interface()); err != nil || !reflect.DeepEqual(into.Elem().Interface(), value) {
				t.Errorf("%s: %#v became %#v, %v", codec.Name(), value, into.Elem(), err)
			}
		}
	}
}

func TestMessagePackOptions(t *testing.T) {
	t.Parallel()
	codec := hubproto.NewMessagePack(&hubproto.MessagePackOptions{
		Marshal:   func(v any) ([]byte, error) { return v.([]byte), nil },
		Unmarshal: func([]byte, any) error { return errors.ErrUnsupported },
	})
	if got, err := codec.Marshal([]byte{0x91, 1}); err != nil || !bytes.Equal(got, []byte{0x91, 1}) {
		t.Errorf("got % x, %v", got, err)
	}
	for _, unsound := range [][]byte{nil, {0x91}, {1, 2}} {
		if _, err := codec.Marshal(unsound); err == nil {
			t.Errorf("% x went into a message", unsound)
		}
	}
	if err := codec.Unmarshal(hubproto.Raw{1}, new(int)); !errors.Is(err, errors.ErrUnsupported) {
		t.Errorf("got %v", err)
	}
}
