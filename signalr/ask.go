package signalr

import "context"

// Ask0 is a client's method without arguments that returns an R, typed once,
// named by its value. AskN is one with N arguments, whose types come first:
//
//	const confirm = signalr.Ask1[string, bool]("Confirm")
//	sure, err := confirm.From(ctx, c.Self(), "Delete it?")
type Ask0[R any] string

// Ask1 is a client's method with one argument that returns an R.
type Ask1[A, R any] string

// Ask2 is a client's method with two arguments that returns an R.
type Ask2[A, B, R any] string

// Ask3 is a client's method with three arguments that returns an R.
type Ask3[A, B, C, R any] string

// Ask4 is a client's method with four arguments that returns an R.
type Ask4[A, B, C, D, R any] string

// From calls the method of one connection and waits for its result, as [Ask]
// does.
func (q Ask0[R]) From(ctx context.Context, t Target) (R, error) { return Ask[R](ctx, t, string(q)) }

// From calls the method of one connection and waits for its result, as [Ask]
// does.
func (q Ask1[A, R]) From(ctx context.Context, t Target, a A) (R, error) {
	return Ask[R](ctx, t, string(q), a)
}

// From calls the method of one connection and waits for its result, as [Ask]
// does.
func (q Ask2[A, B, R]) From(ctx context.Context, t Target, a A, b B) (R, error) {
	return Ask[R](ctx, t, string(q), a, b)
}

// From calls the method of one connection and waits for its result, as [Ask]
// does.
func (q Ask3[A, B, C, R]) From(ctx context.Context, t Target, a A, b B, c C) (R, error) {
	return Ask[R](ctx, t, string(q), a, b, c)
}

// From calls the method of one connection and waits for its result, as [Ask]
// does.
func (q Ask4[A, B, C, D, R]) From(ctx context.Context, t Target, a A, b B, c C, d D) (R, error) {
	return Ask[R](ctx, t, string(q), a, b, c, d)
}

// Ask calls a client's method and waits for its result (CR-01). The target must
// be one connection: [Caller.Self] or [Hub.Client]. It works in methods and
// from anywhere else, but not in OnConnected, whose client is not read from yet
// (CR-10).
//
// It waits as long as ctx and [HubOptions.ClientResultTimeout] let it; the
// client is not told when they end (CR-07), and its late answer is ignored. In
// a method ctx should be the method's own or made from it: then the method no
// longer holds up the calls behind it, nor the answer behind those (CR-09).
//
// What the client says, and that it answered wrongly or not in time, is a
// [HubError], which a method may return as it is (CR-03 to CR-05, CR-07). That
// ctx has ended can also be seen by errors.Is. That there is no such
// connection, or that it has ended, is another error (CR-06).
func Ask[R any](ctx context.Context, t Target, method string, args ...any) (R, error) {
	var result R
	err := t.ask(ctx, &result, method, args)
	return result, err
}
