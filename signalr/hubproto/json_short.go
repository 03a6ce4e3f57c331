package hubproto

import (
	"bytes"
	"encoding/json"
	"reflect"
	"strconv"
	"sync"
	"unicode/utf8"
)

// Most of what calls carry is single texts and numbers. They take a way past
// encoding/json, which has much to set up for each value; what comes of them
// is the same.

// marshalShort encodes a value that needs no encoder; ok says whether it is one.
func marshalShort(v any) (out []byte, ok bool) {
	var dst []byte
	switch v := v.(type) {
	case nil:
		return append(dst, "null"...), true
	case string:
		if !utf8.ValidString(v) {
			return nil, false // encoding/json has its own way with it
		}
		return appendString(make([]byte, 0, len(v)+quotes), v), true
	case bool:
		return strconv.AppendBool(dst, v), true
	case int:
		return strconv.AppendInt(dst, int64(v), 10), true
	case int64:
		return strconv.AppendInt(dst, v, 10), true
	default:
		return nil, false
	}
}

const quotes = len(`""`)

// unmarshalShort decodes a text without escapes, or a number for an untyped
// value. Of anything else it says false, and leaves v as it is.
func unmarshalShort(data []byte, v any) bool {
	switch into := v.(type) {
	case *string:
		if text, ok := shortText(data); ok {
			*into = text
			return true
		}
	case *any:
		if *into != nil {
			return false // it may point to what encoding/json is to fill
		}
		if text, ok := shortText(data); ok {
			*into = text
			return true
		}
		if number, ok := shortNumber(data); ok {
			*into = number
			return true
		}
	}
	return false
}

func shortText(data []byte) (string, bool) {
	s := scanner{data: data}
	text, ok := s.text()
	if !ok || s.pos != len(data) || bytes.IndexByte(text, '\\') >= 0 || !utf8.Valid(text) {
		return "", false
	}
	return string(text), true
}

func shortNumber(data []byte) (json.Number, bool) {
	s := scanner{data: data}
	digits, ok := s.number()
	if !ok || len(digits) != len(data) {
		return "", false
	}
	return json.Number(digits), true
}

// numberless remembers which types hold no untyped value, and so no number
// that must keep its digits: json.Unmarshal is the short way to them.
var numberless sync.Map //nolint:gochecknoglobals // reflect.Type to bool, the same for everybody

func isNumberless(t reflect.Type) bool {
	if known, ok := numberless.Load(t); ok {
		without, _ := known.(bool)
		return without
	}
	without := !holdsUntyped(t, map[reflect.Type]bool{})
	numberless.Store(t, without)
	return without
}

// holdsUntyped looks for an interface in t and all that it is made of; seen
// are the types that were looked at.
func holdsUntyped(t reflect.Type, seen map[reflect.Type]bool) bool {
	if seen[t] {
		return false
	}
	seen[t] = true
	switch t.Kind() {
	case reflect.Interface:
		return true
	case reflect.Pointer, reflect.Slice, reflect.Array, reflect.Map:
		return holdsUntyped(t.Elem(), seen)
	case reflect.Struct:
		for field := range t.Fields() {
			if holdsUntyped(field.Type, seen) {
				return true
			}
		}
		return false
	default:
		return false
	}
}
