package signalr

import "context"

// A Call is a client's method, typed once, named by its value:
//
//	const message = signalr.Call2[string, string]("ReceiveMessage")
//	err := message.To(ctx, hub.Group("lobby"), "alice", "hello")
//
// The number is that of the arguments. To behaves as [Target.Send].
type (
	Call0                 string // no argument
	Call1[A any]          string // one argument
	Call2[A, B any]       string // two arguments
	Call3[A, B, C any]    string // three arguments
	Call4[A, B, C, D any] string // four arguments
)

// To calls the method of every connection of a target.
func (c Call0) To(ctx context.Context, t Target) error { return t.Send(ctx, string(c)) }

// To calls the method of every connection of a target.
func (c Call1[A]) To(ctx context.Context, t Target, a A) error { return t.Send(ctx, string(c), a) }

// To calls the method of every connection of a target.
func (c Call2[A, B]) To(ctx context.Context, t Target, a A, b B) error {
	return t.Send(ctx, string(c), a, b)
}

// To calls the method of every connection of a target.
func (c Call3[A, B, C]) To(ctx context.Context, t Target, a A, b B, d C) error {
	return t.Send(ctx, string(c), a, b, d)
}

// To calls the method of every connection of a target.
func (c Call4[A, B, C, D]) To(ctx context.Context, t Target, a A, b B, d C, e D) error {
	return t.Send(ctx, string(c), a, b, d, e)
}
