package hubproto

import (
	"encoding"
	"encoding/json"
	"reflect"
	"slices"
	"strings"
	"sync"
	"time"
)

// packForm is how values of a type travel.
type packForm uint8

const (
	formKind   packForm = iota // as their reflect.Kind says
	formOwn                    // MessagePackMarshaler, MessagePackUnmarshaler
	formText                   // encoding.TextMarshaler, encoding.TextUnmarshaler
	formTime                   // time.Time
	formNumber                 // json.Number
	formBytes                  // slices of bytes
)

// packType is what is known of a type, found out once.
type packType struct {
	writes, reads packForm
	byPointer     bool // it writes itself by methods of the pointer
	plainElements bool
	members       []packMember
	byName        map[string]int // index in members
}

// packMember is a member of a struct.
type packMember struct {
	name      string
	index     []int
	plain     bool
	omitEmpty bool
	omitZero  bool
}

var packTypes sync.Map //nolint:gochecknoglobals // a cache of what never changes: reflect.Type to *packType

// packTypeOf returns what is known of t, which is no pointer.
func packTypeOf(t reflect.Type) *packType {
	if known, ok := packTypes.Load(t); ok {
		found, _ := known.(*packType)
		return found
	}
	p := &packType{writes: writtenForm(t), reads: readForm(t)}
	switch p.writes {
	case formOwn:
		p.byPointer = !t.Implements(reflect.TypeFor[MessagePackMarshaler]())
	case formText:
		p.byPointer = !t.Implements(reflect.TypeFor[encoding.TextMarshaler]())
	default:
	}
	if t.Kind() == reflect.Slice || t.Kind() == reflect.Array {
		p.plainElements = isScalar(t.Elem())
	}
	if t.Kind() == reflect.Struct {
		p.members = packMembers(t)
		p.byName = make(map[string]int, len(p.members))
		for i, member := range p.members {
			p.byName[member.name] = i
		}
	}
	packTypes.Store(t, p)
	return p
}

func writtenForm(t reflect.Type) packForm {
	pointer := reflect.PointerTo(t)
	switch {
	case t.Kind() == reflect.Interface:
		return formKind // what it holds counts
	case pointer.Implements(reflect.TypeFor[MessagePackMarshaler]()):
		return formOwn
	case t == reflect.TypeFor[time.Time]():
		return formTime
	case t == reflect.TypeFor[json.Number]():
		return formNumber
	case pointer.Implements(reflect.TypeFor[encoding.TextMarshaler]()):
		return formText
	case isBytes(t) && writtenForm(t.Elem()) == formKind:
		return formBytes
	default:
		return formKind
	}
}

func readForm(t reflect.Type) packForm {
	pointer := reflect.PointerTo(t)
	switch {
	case t.Kind() == reflect.Interface:
		return formKind
	case pointer.Implements(reflect.TypeFor[MessagePackUnmarshaler]()):
		return formOwn
	case t == reflect.TypeFor[time.Time]():
		return formTime
	case t == reflect.TypeFor[json.Number]():
		return formNumber
	case pointer.Implements(reflect.TypeFor[encoding.TextUnmarshaler]()):
		return formText
	case isBytes(t) && readForm(t.Elem()) == formKind:
		return formBytes
	default:
		return formKind
	}
}

// isScalar says whether a value of type t has no parts and no form of its own.
func isScalar(t reflect.Type) bool {
	switch t.Kind() {
	case reflect.Bool, reflect.String, reflect.Float32, reflect.Float64,
		reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64,
		reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64, reflect.Uintptr:
		return writtenForm(t) == formKind && readForm(t) == formKind
	default:
		return false
	}
}

func isBytes(t reflect.Type) bool {
	return t.Kind() == reflect.Slice && t.Elem().Kind() == reflect.Uint8
}

// packMembers lists the members of a struct by Go's own rules for promoted
// fields, in the order of their declaration.
func packMembers(t reflect.Type) []packMember {
	var members []packMember
	var closed [][]int // embedded structs that keep their members
	for _, field := range reflect.VisibleFields(t) {
		tag, options, _ := strings.Cut(field.Tag.Get("msgpack"), ",")
		inside := slices.ContainsFunc(closed, func(outer []int) bool {
			return len(field.Index) > len(outer) && slices.Equal(field.Index[:len(outer)], outer)
		})
		if inside {
			continue
		}
		if field.Anonymous && tag == "" && plainStruct(field.Type) {
			if !reachable(field) {
				closed = append(closed, field.Index)
			}
			continue // its members follow
		}
		closed = append(closed, field.Index)
		if tag == "-" && options == "" || !field.IsExported() {
			continue
		}
		member := packMember{name: tag, index: field.Index, plain: isScalar(field.Type)}
		if tag == "" {
			member.name = field.Name
		}
		for option := range strings.SplitSeq(options, ",") {
			member.omitEmpty = member.omitEmpty || option == "omitempty"
			member.omitZero = member.omitZero || option == "omitzero"
		}
		members = append(members, member)
	}
	return members
}

// plainStruct says whether t is a struct, or a pointer to one, without a form
// of its own.
func plainStruct(t reflect.Type) bool {
	if t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	return t.Kind() == reflect.Struct && writtenForm(t) == formKind && readForm(t) == formKind
}

// reachable says whether the members of an embedded struct can be set: a nil
// pointer to an unexported one cannot be replaced.
func reachable(field reflect.StructField) bool {
	return field.Type.Kind() != reflect.Pointer || field.IsExported()
}

// of returns the member's value in a struct; ok is false where it lies behind
// an embedded nil pointer.
func (m *packMember) of(v reflect.Value) (member reflect.Value, ok bool) {
	if len(m.index) == 1 {
		return v.Field(m.index[0]), true
	}
	member, err := v.FieldByIndexErr(m.index)
	return member, err == nil
}

// in returns the member's value in a struct that is being read, and makes what
// it lies behind.
func (m *packMember) in(v reflect.Value) reflect.Value {
	for i, index := range m.index {
		if i > 0 && v.Kind() == reflect.Pointer {
			if v.IsNil() {
				v.Set(reflect.New(v.Type().Elem()))
			}
			v = v.Elem()
		}
		v = v.Field(index)
	}
	return v
}

// omitted says whether the member is left out, by encoding/json's rules.
func (m *packMember) omitted(v reflect.Value) bool {
	if m.omitZero && v.IsZero() {
		return true
	}
	if !m.omitEmpty {
		return false
	}
	switch v.Kind() {
	case reflect.Array, reflect.Map, reflect.Slice, reflect.String:
		return v.Len() == 0
	case reflect.Struct:
		return false
	default:
		return v.IsZero()
	}
}
