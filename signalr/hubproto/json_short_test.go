package hubproto_test

import (
	"reflect"
	"testing"

	"github.com/fanfare-hub/fanfare/signalr/hubproto"
)

// TestJSONShortWay: a value alone, which may take a way of its own, comes out
// as it does inside of another one, which never does.
func TestJSONShortWay(t *testing.T) {
	t.Parallel()
	type holder[T any] struct {
		V T `json:"v"`
	}
	codec := hubproto.NewJSON(nil)
	for _, text := range []string{
		`""`, `"text"`, ` "text" `, `"é😀"`, `"\u0041\"\\"`, "\"\xff\"", "\"\xed\xa0\x80\"", `"a" "b"`, `"a`, `"`, ``, ` `, "\"\x01\"",
		`0`, `-1`, `2.0`, `1e400`, ` 7 `, `01`, `1.`, `-`, `+1`, `1x`, `true`, `false`, `null`, `nul`, `{}`, `[1,"a",null]`, `{"a":2.0}`, `{"a":1}x`,
	} {
		var any1 any
		var any2 holder[any]
		err1, err2 := codec.Unmarshal(hubproto.Raw(text), &any1), codec.Unmarshal(hubproto.Raw(`{"v":`+text+`}`), &any2)
		if (err1 == nil) != (err2 == nil) || err1 == nil && !reflect.DeepEqual(any1, any2.V) {
			t.Errorf("%q: alone %#v, %v; inside %#v, %v", text, any1, err1, any2.V, err2)
		}
		text1, text2 := "before", holder[string]{"before"}
		err1, err2 = codec.Unmarshal(hubproto.Raw(text), &text1), codec.Unmarshal(hubproto.Raw(`{"v":`+text+`}`), &text2)
		if (err1 == nil) != (err2 == nil) || err1 == nil && text1 != text2.V {
			t.Errorf("%q: alone %q, %v; inside %q, %v", text, text1, err1, text2.V, err2)
		}
	}
	for _, value := range []any{nil, true, false, 0, -5, int64(1) << 62, "", "text", "<é😀\x7f\u2028\"\\\n>", "\xff", "\xed\xa0\x80"} {
		alone, err1 := codec.Marshal(value)
		inside, err2 := codec.Marshal(holder[any]{value})
		if err1 != nil || err2 != nil || `{"v":`+string(alone)+`}` != string(inside) {
			t.Errorf("%#v: alone %s, %v; inside %s, %v", value, alone, err1, inside, err2)
		}
	}
}

// TestJSONDigitsStayInside: wherever an untyped value stands, its numbers keep
// their digits (JSON-33).
func TestJSONDigitsStayInside(t *testing.T) {
	t.Parallel()
	type link struct {
		Next *link `json:"next"`
		Any  any   `json:"any"`
	}
	codec := hubproto.NewJSON(nil)
	for _, c := range []struct {
		text string
		into any
	}{
		{`[2.0]`, &[]any{}},
		{`{"a":2.0}`, &map[string]any{}},
		{`{"next":{"next":null,"any":null},"any":[2.0]}`, &link{}},
		{`[[{"next":null,"any":2.0}]]`, &[1][]*link{}},
	} {
		err := codec.Unmarshal(hubproto.Raw(c.text), c.into)
		back, err2 := codec.Marshal(c.into)
		if err != nil || err2 != nil || string(back) != c.text {
			t.Errorf("%s came back as %s (%v, %v)", c.text, back, err, err2)
		}
	}
	var alone struct{ N int }
	if err := codec.Unmarshal(hubproto.Raw(`{"N":5} x`), &alone); err == nil {
		t.Error("text after the value was taken")
	}
}

var kept any // keeps the compiler from leaving the work out

// TestTextAllocations: a text costs itself and its interface.
func TestTextAllocations(t *testing.T) { //nolint:paralleltest // AllocsPerRun counts what all goroutines allocate
	codec := hubproto.NewJSON(nil)
	raw := hubproto.Raw(`"some text of an application"`)
	decode := testing.AllocsPerRun(100, func() {
		var v any
		if err := codec.Unmarshal(raw, &v); err != nil {
			t.Error(err)
		}
		kept = v
	})
	var text any = "some text of an application"
	encode := testing.AllocsPerRun(100, func() {
		raw, err := codec.Marshal(text)
		if err != nil {
			t.Error(err)
		}
		kept = raw
	})
	// Keeping the slice in an interface is the test's own.
	if decode > 3 || encode > 2 {
		t.Errorf("%v allocations to decode a text, %v to encode it; want 3 and 2 at most", decode, encode)
	}
}
