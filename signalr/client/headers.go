package client

import (
	"context"
	"errors"
	"maps"
)

var errEmptyHeader = errors.New("a header without a name or a value, which a hub takes for an error: leave it out")

type headersKey struct{}

// WithHeaders gives the calls that are made with the context headers, beside
// those that ctx has already; of the same name the newer one counts. They go to
// the hub with the message of an Invoke, a Send or a Stream, and mean nothing to
// SignalR itself: a trace's context is handed on so (traceparent, tracestate,
// baggage; JSON-10). Calls with an empty name or value fail (MP-17). Those of
// the HTTP requests are [Options.Header].
func WithHeaders(ctx context.Context, headers map[string]string) context.Context {
	all := maps.Clone(headersOf(ctx))
	if all == nil {
		all = make(map[string]string, len(headers))
	}
	maps.Copy(all, headers)
	return context.WithValue(ctx, headersKey{}, all)
}

func headersOf(ctx context.Context) map[string]string {
	headers, _ := ctx.Value(headersKey{}).(map[string]string)
	return headers
}

func checkHeaders(headers map[string]string) error {
	for name, value := range headers {
		if name == "" || value == "" {
			return errEmptyHeader
		}
	}
	return nil
}
