package signalr_test

import (
	"encoding/json"
	"fmt"
	"sync/atomic"
	"testing"

	"github.com/fanfare-hub/fanfare/signalr"
	"github.com/fanfare-hub/fanfare/signalr/hubproto"
)

// TestFanOutEncodesOnce: once for each encoding that somebody uses, however
// many there are, and whatever else they get.
func TestFanOutEncodesOnce(t *testing.T) {
	t.Parallel()
	for name, audience := range map[string]struct{ text, binary, wantText, wantBinary int }{
		"nobody":     {0, 0, 1, 0}, // to find out that it cannot be encoded
		"one":        {1, 0, 1, 0},
		"many":       {30, 0, 1, 0},
		"both kinds": {20, 20, 1, 1},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var text, binary atomic.Int64
			b := setup(t, options{hub: &signalr.HubOptions{
				JSON: &hubproto.JSONOptions{Marshal: func(v any) ([]byte, error) {
					text.Add(1)
					return json.Marshal(v)
				}},
				MessagePack: &hubproto.MessagePackOptions{Marshal: func(any) ([]byte, error) {
					binary.Add(1)
					return []byte{0xc0}, nil
				}},
			}})
			var clients []*client
			for range audience.text {
				clients = append(clients, b.connect(t))
			}
			for range audience.binary {
				clients = append(clients, b.connectPacked(t).client)
			}
			if err := message.To(t.Context(), b.hub.All(), "m"); err != nil {
				t.Fatal(err)
			}
			for i, c := range clients {
				if _, _, err := c.conn.ReadMessage(nil); err != nil {
					t.Fatalf("client %d: %v", i, err)
				}
			}
			got := fmt.Sprint(text.Load(), binary.Load())
			if want := fmt.Sprint(audience.wantText, audience.wantBinary); got != want {
				t.Errorf("encoded %s times as text and as binary, want %s", got, want)
			}
		})
	}
}
