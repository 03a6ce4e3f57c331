package signalr

import (
	"strings"
	"testing"

	"github.com/fanfare-hub/fanfare/signalr/internal/ws"
)

// A message for many is turned once for each transport; control frames are
// nothing to those that are no WebSocket.
func TestWireOnce(t *testing.T) {
	t.Parallel()
	s := &shard{}
	frames := ws.AppendFrame(ws.AppendFrame(nil, ws.Text, []byte("one")), ws.Binary, []byte("two"))
	frames = ws.AppendClose(frames, ws.CodeNormal, "")
	for want, transport := range map[string]transport{
		"data: one\r\n\r\ndata: two\r\n\r\n": &eventStream{},
		"onetwo":                             &longPolling{},
		string(frames):                       &webSocket{},
	} {
		first := s.wire(&connection{transport: transport}, frames)
		second := s.wire(&connection{transport: transport}, frames)
		if string(first) != want || &first[0] != &second[0] {
			t.Errorf("%s: got %q, then another", transport.kind(), first)
		}
		if other := s.wire(&connection{transport: transport}, frames[:len("xxone")]); len(other) >= len(first) {
			t.Errorf("%s: other frames gave the same", transport.kind())
		}
	}
}

func TestTransportsString(t *testing.T) {
	t.Parallel()
	for want, set := range map[string]Transports{
		"": 0, "LongPolling": LongPolling, "WebSockets, ServerSentEvents, LongPolling": allTransports,
	} {
		if got := set.String(); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}

// SSE-03: the table of the reference.
func TestAppendEvent(t *testing.T) {
	t.Parallel()
	for payload, want := range map[string]string{
		"Hello, World":   "data: Hello, World\r\n\r\n",
		"Hello\nWorld":   "data: Hello\r\ndata: World\r\n\r\n",
		"Hello\r\nWorld": "data: Hello\r\ndata: World\r\n\r\n",
		"Hello\n":        "data: Hello\r\ndata: \r\n\r\n",
		"\r\n\r\n":       "data: \r\ndata: \r\ndata: \r\n\r\n",
		"":               "\r\n",
	} {
		if got := string(appendEvent(nil, []byte(payload))); got != want {
			t.Errorf("%q: got %q, want %q", payload, got, want)
		}
	}
}

// FuzzAppendEvent: what a client makes of an event is what was sent, but for
// the kind of its line ends (SEC-04).
func FuzzAppendEvent(f *testing.F) {
	f.Add([]byte("a\r\nb\n\n"))
	f.Fuzz(func(t *testing.T, payload []byte) {
		event := string(appendEvent(nil, payload))
		body, ok := strings.CutSuffix(event, "\r\n")
		if !ok {
			t.Fatalf("no end: %q", event)
		}
		var lines []string
		for line := range strings.SplitSeq(strings.TrimSuffix(body, "\r\n"), "\r\n") {
			data, ok := strings.CutPrefix(line, "data: ")
			if !ok && len(payload) > 0 {
				t.Fatalf("a line without a field: %q", event)
			}
			lines = append(lines, data)
		}
		if got, want := strings.Join(lines, "\n"), strings.ReplaceAll(string(payload), "\r\n", "\n"); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	})
}
