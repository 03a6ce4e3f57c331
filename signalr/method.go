package signalr

import (
	"context"
	"errors"
	"fmt"
	"reflect"

	"github.com/fanfare-hub/fanfare/signalr/hubproto"
)

// MethodOption is a setting of one method, for [Hub.Handle].
type MethodOption func(*method)

// Authorize lets a method be called only if allow returns nil. It sees the
// arguments as the method would. The client is told that it is unauthorized,
// never why (INV-10).
func Authorize(allow func(ctx context.Context, c *Caller, args []any) error) MethodOption {
	return func(m *method) { m.authorize = append(m.authorize, allow) }
}

// method is a registered function, taken apart once.
type method struct {
	name      string // as registered
	fn        reflect.Value
	context   bool           // takes a context.Context
	caller    bool           // takes a *Caller
	arguments []reflect.Type // of what a call carries
	uploads   []reflect.Type // of the parameters that are streams from the client
	isUpload  []bool         // of the parameters in their order: an upload, or an argument
	result    bool           // returns a result
	streams   bool           // the result is a stream to the client
	fails     bool           // returns an error
	authorize []func(context.Context, *Caller, []any) error
}

func newMethod(name string, fn any, options []MethodOption) (*method, error) {
	m := &method{name: name, fn: reflect.ValueOf(fn)}
	if name == "" {
		return nil, errors.New("handle: a method needs a name")
	}
	if m.fn.Kind() != reflect.Func || m.fn.IsNil() {
		return nil, fmt.Errorf("handle %s: %T is not a function", name, fn)
	}
	if err := m.readParameters(m.fn.Type()); err != nil {
		return nil, fmt.Errorf("handle %s: %w", name, err)
	}
	if err := m.readResults(m.fn.Type()); err != nil {
		return nil, fmt.Errorf("handle %s: %w", name, err)
	}
	for _, option := range options {
		option(m)
	}
	return m, nil
}

func (m *method) readParameters(t reflect.Type) error {
	if t.IsVariadic() {
		return errors.New("a variadic function has no fixed number of arguments")
	}
	next := 0
	take := func(want reflect.Type) bool {
		if next < t.NumIn() && t.In(next) == want {
			next++
			return true
		}
		return false
	}
	m.context = take(reflect.TypeFor[context.Context]())
	m.caller = take(reflect.TypeFor[*Caller]())
	for ; next < t.NumIn(); next++ {
		in := t.In(next)
		if in == reflect.TypeFor[context.Context]() || in == reflect.TypeFor[*Caller]() {
			return fmt.Errorf("parameter %d: %s must stand before the arguments, the context first", next+1, in)
		}
		if err := m.readParameter(in); err != nil {
			return fmt.Errorf("parameter %d: %w", next+1, err)
		}
	}
	return nil
}

// readParameter adds an argument, or a stream, which may stand anywhere among
// them (INV-03).
func (m *method) readParameter(in reflect.Type) error {
	m.isUpload = append(m.isUpload, isStream(in))
	if isStream(in) {
		m.uploads = append(m.uploads, in)
		return checkValue(itemOf(in))
	}
	m.arguments = append(m.arguments, in)
	return checkValue(in)
}

func (m *method) readResults(t reflect.Type) error {
	isError := func(i int) bool { return t.Out(i) == reflect.TypeFor[error]() }
	switch {
	case t.NumOut() == 0:
	case t.NumOut() == 1 && isError(0):
		m.fails = true
	case t.NumOut() == 1:
		m.result = true
	case t.NumOut() == 2 && isError(1) && !isError(0):
		m.result, m.fails = true, true
	default:
		return errors.New("it must return nothing, an error, a result, or a result and an error")
	}
	if !m.result {
		return nil
	}
	out := t.Out(0)
	if m.streams = isStream(out); m.streams {
		out = itemOf(out)
	}
	if err := checkValue(out); err != nil {
		return fmt.Errorf("result: %w", err)
	}
	return nil
}

// checkValue refuses what can never travel.
func checkValue(t reflect.Type) error {
	switch t.Kind() {
	case reflect.Func, reflect.Chan, reflect.UnsafePointer:
		return fmt.Errorf("a %s cannot be sent", t)
	default:
		return nil
	}
}

// bind decodes the arguments of a call (INV-07, INV-08, MP-18).
func (m *method) bind(values hubproto.Values, call *hubproto.Invocation) ([]reflect.Value, error) {
	if call.ArgumentsError != nil {
		return nil, call.ArgumentsError
	}
	raws := call.Arguments
	if len(raws) != len(m.arguments) {
		return nil, &namedError{nameInvalidData, fmt.Sprintf(
			"Invocation provides %d argument(s) but target expects %d.", len(raws), len(m.arguments))}
	}
	args := make([]reflect.Value, len(raws))
	for i, t := range m.arguments {
		v := reflect.New(t)
		if err := values.Unmarshal(raws[i], v.Interface()); err != nil {
			return nil, &namedError{nameInvalidData, "Error binding arguments. Make sure that the types of the provided values match the types of the hub method being invoked."}
		}
		args[i] = v.Elem()
	}
	return args, nil
}

// allow asks the method's policies.
func (m *method) allow(ctx context.Context, c *Caller, args []reflect.Value) error {
	if len(m.authorize) == 0 {
		return nil
	}
	values := valuesOf(args)
	for _, allow := range m.authorize {
		if err := allow(ctx, c, values); err != nil {
			return err
		}
	}
	return nil
}

// call runs the function. The result is nil if it has none.
func (m *method) call(ctx context.Context, c *Caller, args, uploads []reflect.Value) (any, error) {
	in := make([]reflect.Value, 0, len(m.isUpload)+2)
	if m.context {
		in = append(in, reflect.ValueOf(ctx))
	}
	if m.caller {
		in = append(in, reflect.ValueOf(c))
	}
	for _, upload := range m.isUpload {
		from := &args
		if upload {
			from = &uploads
		}
		in = append(in, (*from)[0])
		*from = (*from)[1:]
	}
	out := m.fn.Call(in)
	if m.fails {
		if err, _ := out[len(out)-1].Interface().(error); err != nil {
			return nil, err
		}
	}
	if m.result {
		return out[0].Interface(), nil
	}
	return nil, nil //nolint:nilnil // a method without a result answers null (JSON-16)
}
