package signalr

import (
	"strings"
	"testing"

	"github.com/fanfare-hub/fanfare/signalr/hubproto"
)

// longer is an argument that grows by as many bytes when others are conflated
// into it.
type longer int

func (longer) MarshalJSON() ([]byte, error) { return []byte(`""`), nil }

func (l longer) Covering(uint64, int) any { return strings.Repeat("x", int(l)) }

// The bound counts what a conflated message takes: as long as it waits what it
// may grow by, and all of it once it is in hand.
func TestConflationIsCountedAsItIsSent(t *testing.T) {
	t.Parallel()
	for _, growth := range []int{0, againRoom - 2, 10_000} {
		hub := NewHub(nil)
		e := newEncoding(0, hubproto.NewJSON(nil))
		q, how := &queue{}, &handling{key: key{toGroups, "g"}, conflate: true, logged: true}
		how.again = keepConflatable(hub, "m", []any{longer(growth)})
		frame, err := e.call("", "m", how.again.args)
		if err != nil {
			t.Fatal(err)
		}
		const limit = 1000
		q.put(frame, how, limit)
		if result, _, _ := q.put(frame, how, limit); result != conflated {
			t.Fatalf("got %v", result)
		}
		waits := q.waitingLocked()
		sent := q.take(nil, 1, e, (*webSocket)(nil).wire)
		if got, want := len(sent), len(frame)+growth; got < want || got > want+2 { // a longer length of the WebSocket frame
			t.Errorf("%d bytes are sent, want %d", got, want)
		}
		if growth < againRoom && len(sent) > waits-entryCost {
			t.Errorf("%d bytes waited as %d", len(sent), waits)
		}
		other := &handling{key: key{toGroups, "other"}, logged: true}
		if result, _, _ := q.put(frame, other, limit); (result == forgone) != (len(sent) > limit-len(frame)-entryCost) {
			t.Errorf("with %d bytes in hand: %v", len(sent), result)
		}
		if q.sent(len(sent)); q.waitingLocked() > len(frame)+entryCost {
			t.Errorf("%d bytes wait", q.waitingLocked())
		}
	}
}
