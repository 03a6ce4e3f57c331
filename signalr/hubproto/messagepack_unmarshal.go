package hubproto

import (
	"bytes"
	"encoding"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"reflect"
	"strconv"
)

var errNoPointer = errors.New("a value can only be read into what a pointer points to")

func unpackValue(data []byte, v any) error {
	into := reflect.ValueOf(v)
	if into.Kind() != reflect.Pointer || into.IsNil() {
		return errNoPointer
	}
	u := unpacker{data: data}
	if err := u.value(into.Elem(), 0); err != nil {
		return err
	}
	if u.left() > 0 {
		return errBehind
	}
	return nil
}

// value reads the next value into v, which lies that deep in other values.
func (u *unpacker) value(v reflect.Value, depth int) error {
	for hops := 0; v.Kind() == reflect.Pointer; hops++ {
		if u.null() {
			v.SetZero()
			return nil
		}
		if hops > maxPackDepth {
			return errTooDeep // a type of pointers to itself
		}
		if v.IsNil() {
			v.Set(reflect.New(v.Type().Elem()))
		}
		v = v.Elem()
	}
	if depth > maxPackDepth {
		return errTooDeep
	}
	known := packTypeOf(v.Type())
	switch known.reads {
	case formOwn:
		return u.own(v)
	case formText:
		return u.textValue(v)
	case formTime:
		return u.timeValue(v)
	case formNumber:
		return u.digits(v)
	case formBytes:
		return u.bytesValue(v)
	case formKind:
	}
	switch v.Kind() {
	case reflect.Interface:
		return u.untypedValue(v, depth)
	case reflect.Slice:
		return u.slice(v, known, depth)
	case reflect.Array:
		return u.fixedArray(v, known, depth)
	case reflect.Map:
		return u.mapping(v, depth)
	case reflect.Struct:
		return u.structure(v, known, depth)
	default:
		return u.scalar(v)
	}
}

// mismatch says that a value does not fit a type (MP-24).
func mismatch(h packHead, v reflect.Value) error {
	return fmt.Errorf("%w for a %s", unexpected(h.code), v.Type())
}

func (u *unpacker) scalar(v reflect.Value) error {
	h, err := u.head()
	if err != nil {
		return err
	}
	fits := false
	switch v.Kind() {
	case reflect.Bool:
		if fits = h.kind == packBool; fits {
			v.SetBool(h.bits > 0)
		}
	case reflect.String:
		if fits = h.kind == packString || h.kind == packNil; fits {
			v.SetString(u.text(h))
		}
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		n, ok := h.integer()
		if fits = ok && !v.OverflowInt(n); fits {
			v.SetInt(n)
		}
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64, reflect.Uintptr:
		if fits = h.kind == packUnsigned && !v.OverflowUint(h.bits); fits {
			v.SetUint(h.bits)
		}
	case reflect.Float32, reflect.Float64:
		f, ok := h.float()
		if fits = ok && (math.IsInf(f, 0) || !v.OverflowFloat(f)); fits {
			v.SetFloat(f)
		}
	default:
	}
	if !fits {
		return mismatch(h, v)
	}
	return nil
}

func (u *unpacker) own(v reflect.Value) error {
	start := u.pos
	if err := u.skip(); err != nil {
		return err
	}
	itself, ok := v.Addr().Interface().(MessagePackUnmarshaler)
	if !ok {
		return errNoPointer
	}
	return itself.UnmarshalMessagePack(u.data[start:u.pos:u.pos])
}

func (u *unpacker) textValue(v reflect.Value) error {
	h, err := u.head()
	if err != nil {
		return err
	}
	itself, ok := v.Addr().Interface().(encoding.TextUnmarshaler)
	if h.kind != packString || !ok {
		return mismatch(h, v)
	}
	return itself.UnmarshalText([]byte(u.text(h)))
}

func (u *unpacker) timeValue(v reflect.Value) error {
	h, err := u.headOf(packExt)
	if err != nil {
		return err
	}
	t, err := u.instant(h)
	v.Set(reflect.ValueOf(t))
	return err
}

func (u *unpacker) digits(v reflect.Value) error {
	h, err := u.head()
	if err != nil {
		return err
	}
	switch h.kind {
	case packUnsigned:
		v.SetString(strconv.FormatUint(h.bits, 10))
	case packNegative:
		v.SetString(strconv.FormatInt(int64(h.bits), 10))
	case packFloat32, packFloat64:
		f, _ := h.float()
		text, err := json.Marshal(f)
		v.SetString(string(text))
		return err
	default:
		return mismatch(h, v)
	}
	return nil
}

// bytesValue reads bin, and what else ASP.NET Core takes for bytes (MP-21).
func (u *unpacker) bytesValue(v reflect.Value) error {
	h, err := u.head()
	if err != nil {
		return err
	}
	switch h.kind {
	case packNil:
		v.SetZero()
		return nil
	case packBinary, packString:
		v.SetBytes(bytes.Clone(u.bytes(h)))
		return nil
	case packArray:
		data := make([]byte, h.bits)
		for i := range data {
			element, err := u.head()
			if err != nil {
				return err
			}
			if element.kind != packUnsigned || element.bits > math.MaxUint8 {
				return mismatch(element, v)
			}
			data[i] = byte(element.bits)
		}
		v.SetBytes(data)
		return nil
	default:
		return mismatch(h, v)
	}
}

// part reads an element or a member, on the short way if it is plain.
func (u *unpacker) part(v reflect.Value, plain bool, depth int) error {
	if plain && depth <= maxPackDepth {
		return u.scalar(v)
	}
	return u.value(v, depth)
}

// slice grows with what is really there: a head may announce more (MP-26).
func (u *unpacker) slice(v reflect.Value, known *packType, depth int) error {
	h, err := u.head()
	if err != nil {
		return err
	}
	switch h.kind {
	case packNil:
		v.SetZero()
		return nil
	case packArray:
	default:
		return mismatch(h, v)
	}
	v.Set(reflect.MakeSlice(v.Type(), 0, 0))
	for i := range int(h.bits) {
		if i == v.Cap() {
			v.Grow(1)
		}
		v.SetLen(i + 1)
		v.Index(i).SetZero()
		if err := u.part(v.Index(i), known.plainElements, depth+1); err != nil {
			return err
		}
	}
	return nil
}

func (u *unpacker) fixedArray(v reflect.Value, known *packType, depth int) error {
	h, err := u.head()
	if err != nil {
		return err
	}
	if h.kind == packNil {
		v.SetZero()
		return nil
	}
	if h.kind != packArray || h.bits != uint64(v.Len()) {
		return mismatch(h, v)
	}
	for i := range v.Len() {
		if err := u.part(v.Index(i), known.plainElements, depth+1); err != nil {
			return err
		}
	}
	return nil
}

func (u *unpacker) mapping(v reflect.Value, depth int) error {
	h, err := u.head()
	if err != nil {
		return err
	}
	switch h.kind {
	case packNil:
		v.SetZero()
		return nil
	case packMap:
	default:
		return mismatch(h, v)
	}
	if v.Type() == reflect.TypeFor[map[string]any]() {
		m, err := u.untypedMap(h, depth)
		if err == nil {
			v.Set(reflect.ValueOf(m))
		}
		return err
	}
	v.Set(reflect.MakeMap(v.Type()))
	key, value := reflect.New(v.Type().Key()).Elem(), reflect.New(v.Type().Elem()).Elem()
	for range h.bits {
		key.SetZero()
		if err := u.key(key); err != nil {
			return err
		}
		value.SetZero()
		if err := u.value(value, depth+1); err != nil {
			return err
		}
		v.SetMapIndex(key, value)
	}
	return nil
}

// key reads the key of a map, which must be a scalar and not nil.
func (u *unpacker) key(v reflect.Value) error {
	if u.null() {
		return errors.New("nil for the key of a map")
	}
	switch packTypeOf(v.Type()).reads {
	case formOwn:
		return u.own(v)
	case formText:
		return u.textValue(v)
	default:
		return u.scalar(v)
	}
}

func (u *unpacker) structure(v reflect.Value, known *packType, depth int) error {
	h, err := u.head()
	if err != nil {
		return err
	}
	switch h.kind {
	case packNil:
		v.SetZero()
		return nil
	case packMap:
	default:
		return mismatch(h, v)
	}
	for range h.bits {
		name, err := u.headOf(packString)
		if err != nil {
			return err
		}
		i, ok := known.byName[string(u.bytes(name))]
		if !ok {
			err = u.skip()
		} else {
			err = u.part(known.members[i].in(v), known.members[i].plain, depth+1)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func (u *unpacker) untypedValue(v reflect.Value, depth int) error {
	if v.NumMethod() > 0 {
		return fmt.Errorf("a %s cannot be read: it is not known what to make", v.Type())
	}
	value, err := u.untyped(depth)
	if err != nil || value == nil {
		v.SetZero()
		return err
	}
	v.Set(reflect.ValueOf(value))
	return nil
}

// untyped reads the next value as what its form says it is.
func (u *unpacker) untyped(depth int) (any, error) {
	if depth > maxPackDepth {
		return nil, errTooDeep
	}
	h, err := u.head()
	if err != nil {
		return nil, err
	}
	switch h.kind {
	case packNil:
		return nil, nil //nolint:nilnil // nil is a value
	case packBool:
		return h.bits > 0, nil
	case packString:
		return u.text(h), nil
	case packBinary:
		return bytes.Clone(u.bytes(h)), nil
	case packArray:
		return u.untypedArray(h, depth)
	case packMap:
		return u.untypedMap(h, depth)
	case packExt:
		return u.instant(h)
	case packUnsigned, packNegative:
		if n, ok := h.integer(); ok {
			return n, nil
		}
		return h.bits, nil
	case packFloat32, packFloat64:
	}
	f, _ := h.float()
	return f, nil
}

func (u *unpacker) untypedArray(h packHead, depth int) (any, error) {
	elements := []any{}
	for range h.bits {
		element, err := u.untyped(depth + 1)
		if err != nil {
			return nil, err
		}
		elements = append(elements, element)
	}
	return elements, nil
}

func (u *unpacker) untypedMap(h packHead, depth int) (any, error) {
	members := map[string]any{}
	for range h.bits {
		name, err := u.headOf(packString)
		if err != nil {
			return nil, err
		}
		key := u.text(name)
		if members[key], err = u.untyped(depth + 1); err != nil {
			return nil, err
		}
	}
	return members, nil
}
