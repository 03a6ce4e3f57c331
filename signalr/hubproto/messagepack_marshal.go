package hubproto

import (
	"bytes"
	"encoding"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
)

var errTooDeep = errors.New("the object graph exceeds the maximum depth allowed of " + strconv.Itoa(maxPackDepth))

var packers = sync.Pool{New: func() any { return new(packer) }} //nolint:gochecknoglobals // a pool is shared by its nature

// keepPacked is how large a buffer may be to be used again, in bytes.
const keepPacked = 64 << 10

func packValue(v any) ([]byte, error) {
	p, _ := packers.Get().(*packer)
	p.buf = p.buf[:0]
	err := p.any(v, 0)
	data := bytes.Clone(p.buf)
	if cap(p.buf) <= keepPacked {
		packers.Put(p)
	}
	return data, err
}

// any writes v, which lies that deep in other values.
func (p *packer) any(v any, depth int) error {
	if p.common(v) {
		return nil
	}
	switch v := v.(type) {
	case map[string]any:
		return p.object(v, depth)
	case []any:
		return p.list(v, depth)
	default:
		return p.value(reflect.ValueOf(v), depth)
	}
}

func (p *packer) object(m map[string]any, depth int) error {
	switch {
	case m == nil:
		p.null()
		return nil
	case depth >= maxPackDepth && len(m) > 0:
		return errTooDeep
	}
	p.members(len(m))
	for _, name := range slices.Sorted(maps.Keys(m)) {
		p.text(name)
		if err := p.any(m[name], depth+1); err != nil {
			return err
		}
	}
	return nil
}

func (p *packer) list(elements []any, depth int) error {
	switch {
	case elements == nil:
		p.null()
		return nil
	case depth >= maxPackDepth && len(elements) > 0:
		return errTooDeep
	}
	p.array(len(elements))
	for _, element := range elements {
		if err := p.any(element, depth+1); err != nil {
			return err
		}
	}
	return nil
}

// common writes the values that are sent most, without reflection.
func (p *packer) common(v any) bool {
	switch v := v.(type) {
	case nil:
		p.null()
	case string:
		p.text(v)
	case bool:
		p.boolean(v)
	case int:
		p.integer(int64(v))
	case int32:
		p.integer(int64(v))
	case int64:
		p.integer(v)
	case float64:
		p.float64(v)
	case []byte:
		if v == nil {
			p.null()
			return true
		}
		p.binary(v)
	default:
		return false
	}
	return true
}

// value writes v, which lies that deep in other values.
func (p *packer) value(v reflect.Value, depth int) error {
	if depth > maxPackDepth {
		return errTooDeep
	}
	hops := 0
	for ; v.Kind() == reflect.Pointer && !v.IsNil(); hops++ {
		if hops > maxPackDepth {
			return errTooDeep // a type of pointers to itself
		}
		v = v.Elem()
	}
	switch {
	case (v.Kind() == reflect.Pointer || v.Kind() == reflect.Interface) && v.IsNil():
		p.null()
		return nil
	case v.Kind() == reflect.Interface:
		// Through pointers, what it holds may be itself: that must come to an end.
		return p.any(v.Interface(), depth+min(hops, 1))
	}
	known := packTypeOf(v.Type())
	switch known.writes {
	case formOwn, formText:
		return p.own(v, known)
	case formTime:
		return p.timeValue(v)
	case formNumber:
		return p.digits(v.String())
	case formBytes:
		p.bytesValue(v)
		return nil
	case formKind:
	}
	switch v.Kind() {
	case reflect.Slice, reflect.Array:
		return p.elements(v, known, depth)
	case reflect.Map:
		return p.pairs(v, depth)
	case reflect.Struct:
		return p.structure(v, known, depth)
	default:
		return p.scalar(v)
	}
}

func (p *packer) scalar(v reflect.Value) error {
	switch v.Kind() {
	case reflect.Bool:
		p.boolean(v.Bool())
	case reflect.String:
		p.text(v.String())
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		p.integer(v.Int())
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64, reflect.Uintptr:
		p.unsigned(v.Uint())
	case reflect.Float32:
		p.float32(float32(v.Float()))
	case reflect.Float64:
		p.float64(v.Float())
	default:
		return fmt.Errorf("a %s cannot be sent", v.Type())
	}
	return nil
}

// own lets v write itself.
func (p *packer) own(v reflect.Value, known *packType) error {
	if known.byPointer {
		pointer := reflect.New(v.Type())
		pointer.Elem().Set(v)
		v = pointer
	}
	switch itself := v.Interface().(type) {
	case MessagePackMarshaler:
		data, err := itself.MarshalMessagePack()
		if err != nil {
			return err
		}
		if err := checkPacked(data); err != nil {
			return fmt.Errorf("what %s writes of itself: %w", v.Type(), err)
		}
		p.buf = append(p.buf, data...)
		return nil
	case encoding.TextMarshaler:
		text, err := itself.MarshalText()
		p.text(string(text))
		return err
	default:
		return fmt.Errorf("a %s cannot be sent", v.Type())
	}
}

func (p *packer) timeValue(v reflect.Value) error {
	t, ok := reflect.TypeAssert[time.Time](v)
	if !ok {
		return fmt.Errorf("a %s cannot be sent", v.Type())
	}
	p.instant(t)
	return nil
}

// digits writes a json.Number as the number that it is.
func (p *packer) digits(text string) error {
	if n, err := strconv.ParseInt(text, 10, 64); err == nil {
		p.integer(n)
		return nil
	}
	if n, err := strconv.ParseUint(text, 10, 64); err == nil {
		p.unsigned(n)
		return nil
	}
	f, err := json.Number(text).Float64()
	p.float64(f)
	return err
}

func (p *packer) bytesValue(v reflect.Value) {
	if v.IsNil() {
		p.null()
		return
	}
	p.binary(v.Bytes())
}

func (p *packer) elements(v reflect.Value, known *packType, depth int) error {
	if v.Kind() == reflect.Slice && v.IsNil() {
		p.null()
		return nil
	}
	p.array(v.Len())
	for i := range v.Len() {
		if err := p.part(v.Index(i), known.plainElements, depth+1); err != nil {
			return err
		}
	}
	return nil
}

// part writes an element or a member, on the short way if it is plain.
func (p *packer) part(v reflect.Value, plain bool, depth int) error {
	if plain && depth <= maxPackDepth {
		return p.scalar(v)
	}
	return p.value(v, depth)
}

// pairs writes a map in the order of its keys, so that the same map always
// gives the same bytes. Keys that are no strings are sorted as they are
// written.
func (p *packer) pairs(v reflect.Value, depth int) error {
	if m, ok := reflect.TypeAssert[map[string]any](v); ok {
		return p.object(m, depth)
	}
	if v.IsNil() {
		p.null()
		return nil
	}
	type pair struct {
		key   string
		value reflect.Value
	}
	pairs := make([]pair, 0, v.Len())
	for key, value := range v.Seq2() {
		k := packer{}
		if err := k.key(key); err != nil {
			return err
		}
		pairs = append(pairs, pair{string(k.buf), value})
	}
	slices.SortFunc(pairs, func(a, b pair) int { return strings.Compare(a.key, b.key) })
	p.members(len(pairs))
	for _, pair := range pairs {
		p.buf = append(p.buf, pair.key...)
		if err := p.value(pair.value, depth+1); err != nil {
			return err
		}
	}
	return nil
}

// key writes the key of a map, which must be a scalar.
func (p *packer) key(v reflect.Value) error {
	known := packTypeOf(v.Type())
	if known.writes == formText || known.writes == formOwn {
		return p.own(v, known)
	}
	if v.Kind() == reflect.Interface {
		return errors.New("the keys of a map must be of one type")
	}
	return p.scalar(v)
}

func (p *packer) structure(v reflect.Value, known *packType, depth int) error {
	count := len(known.members)
	for i := range known.members {
		if member, ok := known.members[i].of(v); !ok || known.members[i].omitted(member) {
			count--
		}
	}
	p.members(count)
	for i := range known.members {
		member, ok := known.members[i].of(v)
		if !ok || known.members[i].omitted(member) {
			continue
		}
		p.text(known.members[i].name)
		if err := p.part(member, known.members[i].plain, depth+1); err != nil {
			return err
		}
	}
	return nil
}
