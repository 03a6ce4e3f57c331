package client

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"strings"
	"sync"

	"github.com/fanfare-hub/fanfare/signalr/hubproto"
)

// handlers are the functions registered with On, by name in lower case.
type handlers struct {
	mu     sync.RWMutex // guards byName
	byName map[string]*handler
}

func (h *handlers) add(name string, fn any) error {
	bound, err := bind(fn)
	if err != nil {
		return err
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	key := strings.ToLower(name)
	if h.byName[key] != nil {
		return errors.New("name has a handler already")
	}
	if h.byName == nil {
		h.byName = make(map[string]*handler)
	}
	h.byName[key] = bound
	return nil
}

func (h *handlers) find(name string) *handler {
	h.mu.RLock()
	defer h.mu.RUnlock()
	return h.byName[strings.ToLower(name)]
}

// handler is a function whose shape was read once, when it was registered.
type handler struct {
	fn          reflect.Value
	withContext bool
	arguments   []reflect.Type
	withResult  bool
	withError   bool
}

func bind(fn any) (*handler, error) {
	value := reflect.ValueOf(fn)
	if value.Kind() != reflect.Func || value.IsNil() {
		return nil, fmt.Errorf("handler is %T, not a function", fn)
	}
	shape := value.Type()
	if shape.IsVariadic() {
		return nil, errors.New("handler is variadic: a call has a fixed number of arguments")
	}
	h := &handler{fn: value}
	for i := range shape.NumIn() {
		if i == 0 && shape.In(0) == reflect.TypeFor[context.Context]() {
			h.withContext = true
			continue
		}
		h.arguments = append(h.arguments, shape.In(i))
	}
	return h, h.bindResults(shape)
}

func (h *handler) bindResults(shape reflect.Type) error {
	results := shape.NumOut()
	h.withError = results > 0 && shape.Out(results-1) == reflect.TypeFor[error]()
	if h.withError {
		results--
	}
	if results > 1 {
		return errors.New("handler returns more than a value and an error")
	}
	h.withResult = results == 1
	return nil
}

// decode turns the arguments of a call into those of the function (CLI-09).
func (h *handler) decode(codec hubproto.Codec, call *hubproto.Invocation) ([]reflect.Value, error) {
	if call.ArgumentsError != nil {
		return nil, call.ArgumentsError
	}
	args := call.Arguments
	if len(args) != len(h.arguments) {
		return nil, fmt.Errorf("call has %d arguments, handler takes %d", len(args), len(h.arguments))
	}
	values := make([]reflect.Value, len(args))
	for i, arg := range args {
		value := reflect.New(h.arguments[i])
		if err := codec.Unmarshal(arg, value.Interface()); err != nil {
			return nil, fmt.Errorf("argument %d: %w", i+1, err)
		}
		values[i] = value.Elem()
	}
	return values, nil
}

// call runs the function on decoded arguments.
func (h *handler) call(ctx context.Context, args []reflect.Value) (result any, err error) {
	if h.withContext {
		args = append([]reflect.Value{reflect.ValueOf(ctx)}, args...)
	}
	out := h.fn.Call(args)
	if h.withError {
		err, _ = out[len(out)-1].Interface().(error)
	}
	if h.withResult {
		result = out[0].Interface()
	}
	return result, err
}
