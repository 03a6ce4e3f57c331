package hubproto

import (
	"bytes"
	"encoding"
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"strings"
	"time"
)

var (
	errTrailing = errors.New("text after the value")
	errNull     = errors.New("null for a value that cannot be null")
)

// unmarshalJSON is encoding/json without its leniency (JSON-29).
func unmarshalJSON(data []byte, v any) error {
	if unmarshalShort(data, v) {
		return nil
	}
	if err := checkStrict(data, v); err != nil {
		return err
	}
	if t := reflect.TypeOf(v); t != nil && isNumberless(t) {
		return json.Unmarshal(data, v)
	}
	decoder := json.NewDecoder(bytes.NewReader(data))
	decoder.UseNumber()
	if err := decoder.Decode(v); err != nil {
		return err
	}
	if len(bytes.TrimSpace(data[decoder.InputOffset():])) > 0 {
		return errTrailing
	}
	return nil
}

// checkStrict refuses what encoding/json would take silently: null where Go
// has no null, and an array of numbers for bytes.
func checkStrict(data []byte, v any) error {
	into := reflect.TypeOf(v)
	if into == nil || into.Kind() != reflect.Pointer {
		return nil // encoding/json says what is wrong
	}
	if into.Elem() == reflect.TypeFor[[]byte]() && bytes.HasPrefix(bytes.TrimSpace(data), []byte("[")) {
		return fmt.Errorf("array for %s", into.Elem())
	}
	if !bytes.Contains(data, []byte("null")) {
		return nil
	}
	s := scanner{data: data}
	return s.refuseNull(into.Elem())
}

// refuseNull consumes one value that is meant for a t, and fails at a null
// where t cannot hold one. It recurses no deeper than the scanner allows.
func (s *scanner) refuseNull(t reflect.Type) error {
	if s.peek() == 'n' && !nullable(t) {
		return errNull
	}
	for t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	if decodesItself(t) {
		return s.skipElement()
	}
	switch {
	case s.peek() == '[' && (t.Kind() == reflect.Slice || t.Kind() == reflect.Array):
		return s.array(func() error { return s.refuseNull(t.Elem()) })
	case s.peek() == '{' && t.Kind() == reflect.Map:
		return s.object(func([]byte) error { return s.refuseNull(t.Elem()) })
	case s.peek() == '{' && t.Kind() == reflect.Struct:
		return s.object(func(name []byte) error { return s.refuseNullMember(t, plain(name)) })
	default:
		return s.skipElement()
	}
}

func (s *scanner) refuseNullMember(t reflect.Type, name string) error {
	for _, field := range reflect.VisibleFields(t) {
		tag, _, _ := strings.Cut(field.Tag.Get("json"), ",")
		if tag == "" {
			tag = field.Name
		}
		if field.IsExported() && strings.EqualFold(tag, name) {
			return s.refuseNull(field.Type)
		}
	}
	return s.skipElement()
}

func nullable(t reflect.Type) bool {
	if t == reflect.TypeFor[time.Time]() {
		return false
	}
	if decodesItself(t) {
		return true
	}
	switch t.Kind() {
	case reflect.Bool, reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64,
		reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64, reflect.Uintptr,
		reflect.Float32, reflect.Float64:
		return false
	default:
		return true
	}
}

func decodesItself(t reflect.Type) bool {
	p := reflect.PointerTo(t)
	return p.Implements(reflect.TypeFor[json.Unmarshaler]()) || p.Implements(reflect.TypeFor[encoding.TextUnmarshaler]())
}
