package hubproto

import (
	"bytes"
	"encoding"
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strconv"
	"time"
)

var errTooDeep = errors.New("the object graph exceeds the maximum depth allowed of " + strconv.Itoa(maxPackDepth))

func packValue(v any) ([]byte, error) {
	p := packer{}
	if p.common(v) {
		return p.buf, nil
	}
	err := p.value(reflect.ValueOf(v), 0)
	return p.buf, err
}

// common writes the values that are sent most, without reflection.
func (p *packer) common(v any) bool {
	switch v := v.(type) {
	case nil:
		p.null()
	case string:
		p.buf = make([]byte, 0, len(v)+maxPrefix)
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
		p.buf = make([]byte, 0, len(v)+maxPrefix)
		p.binary(v)
	default:
		return false
	}
	return true
}

// value writes v, which lies that deep in other values.
func (p *packer) value(v reflect.Value, depth int) error {
	for ; v.Kind() == reflect.Pointer || v.Kind() == reflect.Interface; depth++ {
		if v.IsNil() {
			p.null()
			return nil
		}
		if depth > maxPackDepth {
			return errTooDeep // a pointer to itself
		}
		v = v.Elem()
	}
	if depth > maxPackDepth {
		return errTooDeep
	}
	if !v.IsValid() {
		p.null()
		return nil
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
		return p.elements(v, depth)
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

func (p *packer) elements(v reflect.Value, depth int) error {
	if v.Kind() == reflect.Slice && v.IsNil() {
		p.null()
		return nil
	}
	p.array(v.Len())
	for i := range v.Len() {
		if err := p.value(v.Index(i), depth+1); err != nil {
			return err
		}
	}
	return nil
}

// pairs writes a map in the order of its encoded keys, so that the same map
// always gives the same bytes.
func (p *packer) pairs(v reflect.Value, depth int) error {
	if v.IsNil() {
		p.null()
		return nil
	}
	type pair struct {
		key   []byte
		value reflect.Value
	}
	pairs := make([]pair, 0, v.Len())
	for key, value := range v.Seq2() {
		k := packer{}
		if err := k.key(key); err != nil {
			return err
		}
		pairs = append(pairs, pair{k.buf, value})
	}
	slices.SortFunc(pairs, func(a, b pair) int { return bytes.Compare(a.key, b.key) })
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
		if err := p.value(member, depth+1); err != nil {
			return err
		}
	}
	return nil
}
