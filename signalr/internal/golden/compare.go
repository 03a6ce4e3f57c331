package golden

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
)

// compareResponse says in what got is not the recorded response.
func compareResponse(want, got *Response) error {
	if want == nil {
		return fmt.Errorf("unexpected response %d %q", got.Status, got.Body)
	}
	if want.Status != got.Status {
		return fmt.Errorf("status %d, recorded %d", got.Status, want.Status)
	}
	if err := compareHeaders(want.Headers, got.Headers); err != nil {
		return err
	}
	if strings.HasPrefix(want.Headers["content-type"], "application/json") {
		return compareJSON(want.Body, got.Body)
	}
	if want.Body != got.Body || !bytes.Equal(want.Base64, got.Base64) {
		return fmt.Errorf("body %q, recorded %q", got.Body+string(got.Base64), want.Body+string(want.Base64))
	}
	return nil
}

func compareHeaders(want, got map[string]string) error {
	for name, value := range want {
		if other, ok := got[name]; name != "content-length" && (!ok || other != value) {
			return fmt.Errorf("header %s %q, recorded %q", name, other, value)
		}
	}
	for name, value := range got {
		if _, ok := want[name]; name != "content-length" && !ok {
			return fmt.Errorf("header %s %q, not in the recording", name, value)
		}
	}
	return nil
}

// compareJSON compares texts as JSON values, as texts if the recorded one is
// no JSON.
func compareJSON(want, got string) error {
	wanted, ok := decode(want)
	if !ok {
		wanted = want
	}
	value, ok := decode(got)
	if !ok {
		value = got
	}
	if !same(wanted, value) {
		return fmt.Errorf("%s, recorded %s", got, want)
	}
	return nil
}

func decode(text string) (any, bool) {
	var value any
	decoder := json.NewDecoder(strings.NewReader(text))
	decoder.UseNumber() // 2 is not 2.0, and no digit is lost
	if decoder.Decode(&value) != nil || strings.TrimSpace(text[decoder.InputOffset():]) != "" {
		return nil, false
	}
	return value, true
}

func same(want, got any) bool {
	switch want := want.(type) {
	case string:
		text, ok := got.(string)
		return ok && sameText(want, text)
	case []any:
		list, ok := got.([]any)
		return ok && slices.EqualFunc(want, list, same)
	case map[string]any:
		object, ok := got.(map[string]any)
		if !ok || len(object) != len(want) {
			return false
		}
		for name, value := range want {
			if other, ok := object[name]; !ok || !same(value, other) {
				return false
			}
		}
		return true
	default:
		return want == got
	}
}

// sameText compares up to where the recorded text gives the word to one of
// .NET's decoders.
func sameText(want, got string) bool {
	end := len(want)
	for _, name := range []string{"JsonException", "MessagePackSerializationException", "EndOfStreamException", "FormatException"} {
		if i := strings.Index(want, name+": "); i >= 0 {
			end = min(end, i)
		}
	}
	const before = "deserialize result to Int32. "
	if i := strings.Index(want, before); i >= 0 {
		end = min(end, i+len(before))
	}
	if end == len(want) {
		return want == got
	}
	return strings.HasPrefix(got, want[:end])
}
