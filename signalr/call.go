package signalr

import "context"

// Call0 is a client's method without arguments, typed once, named by its value.
// CallN is one with N arguments:
//
//	const message = signalr.Call2[string, string]("ReceiveMessage")
//	err := message.To(ctx, hub.Group("lobby"), "operator", "hello")
type Call0 string

// Call1 is a client's method with one argument.
type Call1[A any] string

// Call2 is a client's method with two arguments.
type Call2[A, B any] string

// Call3 is a client's method with three arguments.
type Call3[A, B, C any] string

// Call4 is a client's method with four arguments.
type Call4[A, B, C, D any] string

// To calls the method of every connection of a target, as [Target.Send] does.
func (c Call0) To(ctx context.Context, t Target) error { return t.Send(ctx, string(c)) }

// To calls the method of every connection of a target, as [Target.Send] does.
func (c Call1[A]) To(ctx context.Context, t Target, a A) error { return t.Send(ctx, string(c), a) }

// To calls the method of every connection of a target, as [Target.Send] does.
func (c Call2[A, B]) To(ctx context.Context, t Target, a A, b B) error {
	return t.Send(ctx, string(c), a, b)
}

// To calls the method of every connection of a target, as [Target.Send] does.
func (c Call3[A, B, C]) To(ctx context.Context, t Target, a A, b B, d C) error {
	return t.Send(ctx, string(c), a, b, d)
}

// To calls the method of every connection of a target, as [Target.Send] does.
func (c Call4[A, B, C, D]) To(ctx context.Context, t Target, a A, b B, d C, e D) error {
	return t.Send(ctx, string(c), a, b, d, e)
}
