package signalr

import (
	"strings"
	"testing"

	"github.com/fanfare-hub/fanfare/signalr/internal/ws"
)

// Messages travel as frames; control frames are nothing to a transport that is
// no WebSocket.
func TestWire(t *testing.T) {
	t.Parallel()
	frames := ws.AppendFrame(ws.AppendFrame(nil, ws.Text, []byte("one")), ws.Binary, []byte("two"))
	frames = ws.AppendClose(frames, ws.CodeNormal, "")
	for want, sink := range map[string]sink{
		"data: one\r\n\r\ndata: two\r\n\r\n": &eventStream{},
		"onetwo":                             &longPolling{},
		string(frames):                       &webSocket{},
	} {
		if got := string(sink.wire([]byte("before "), frames)); got != "before "+want {
			t.Errorf("%T: got %q", sink, got)
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
