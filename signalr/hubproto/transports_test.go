package hubproto_test

import (
	"testing"

	"github.com/fanfare-hub/fanfare/signalr/hubproto"
)

// NEG-09: the names on the wire, and back.
func TestTransports(t *testing.T) {
	t.Parallel()
	for want, set := range map[string]hubproto.Transports{
		"":            0,
		"LongPolling": hubproto.LongPolling,
		"WebSockets, ServerSentEvents, LongPolling": hubproto.AllTransports,
	} {
		if got := set.String(); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
	for name, want := range map[string]hubproto.Transports{
		"WebSockets": hubproto.WebSockets, "ServerSentEvents": hubproto.ServerSentEvents, "LongPolling": hubproto.LongPolling,
		"": 0, "ForeverFrame": 0, "websockets": 0,
	} {
		if got := hubproto.TransportNamed(name); got != want {
			t.Errorf("%q: got %v", name, got)
		}
	}
}
