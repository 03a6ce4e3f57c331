package golden_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/fanfare-hub/fanfare/signalr/internal/golden"
	"github.com/fanfare-hub/fanfare/signalr/internal/ws"
)

// server answers a request to /json with a negotiate document, and on a
// WebSocket plays a fixed part.
func server(t *testing.T, part func(*ws.Conn)) *golden.Player {
	t.Helper()
	handler := func(w http.ResponseWriter, r *http.Request) {
		if !ws.IsUpgrade(r) {
			w.Header().Set("Content-Type", "application/json")
			fmt.Fprint(w, `{"connectionId":"x1","connectionToken":"x2","availableTransports":[{"transport":"WebSockets"},{"transport":"LongPolling"}]}`)
			return
		}
		conn, err := ws.Accept(w, r)
		if err != nil {
			t.Error(err)
			return
		}
		defer conn.Close()
		part(conn)
	}
	s := httptest.NewServer(http.HandlerFunc(handler))
	t.Cleanup(s.Close)
	return &golden.Player{BaseURL: s.URL, Patience: 20 * time.Second, Quiet: 20 * time.Millisecond, Open: 20 * time.Second}
}

func recorded(body string) *golden.Response {
	return &golden.Response{Status: 200, Headers: map[string]string{"content-type": "application/json", "content-length": "1"}, Body: body}
}

func TestPlayerComparesResponses(t *testing.T) {
	t.Parallel()
	const all = `{"availableTransports":[{"transport":"WebSockets"},{"transport":"LongPolling"}],"connectionToken":"{a.token}","connectionId":"{a.id}"}`
	cached := recorded(all)
	cached.Headers["cache-control"] = "no-cache"
	plain := recorded(all)
	delete(plain.Headers, "content-type")
	missing := recorded(all)
	missing.Status = 404
	tests := []struct {
		name string
		want *golden.Response
		diff string
	}{
		{"the same", recorded(all), ""},
		{"another value", recorded(strings.Replace(all, "Web", "", 1)), "recorded"},
		{"another id", recorded(strings.Replace(all, "{a.id}", "{b.id}", 1)), "recorded"},
		{"a member more", recorded(strings.Replace(all, "{", `{"more":null,`, 1)), "recorded"},
		{"another status", missing, "status 200, recorded 404"},
		{"a header more", cached, `header cache-control "", recorded "no-cache"`},
		{"a header less", plain, `header content-type "application/json", not in the recording`},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			player := server(t, nil)
			step := golden.Step{Request: &golden.Request{Method: http.MethodPost, Path: "/json"}, Save: "a", Response: test.want}
			expect(t, player.Play(t.Context(), &golden.Scenario{Steps: []golden.Step{step}}), test.diff)
		})
	}
}

func TestPlayerComparesMessages(t *testing.T) {
	t.Parallel()
	open := golden.Step{Open: "a", Path: "/", Opened: []byte("true")}
	receive := func(messages ...string) golden.Step {
		step := golden.Step{Receive: "a"}
		for _, message := range messages {
			step.Messages = append(step.Messages, fmt.Appendf(nil, "%q", message))
		}
		return step
	}
	one := `{"type":3,"result":1}`
	closed := golden.Step{Closed: "a", Code: 1000}
	tests := []struct {
		name  string
		steps []golden.Step
		diff  string
	}{
		{"the same", []golden.Step{open, receive(one, `{"error":"x JsonException: other words"}`), closed}, ""},
		{"a message less", []golden.Step{open, receive(one)}, "step 2: received"},
		{"a message more", []golden.Step{open, receive(one, one, one)}, "step 2: received"},
		{"another message", []golden.Step{open, receive(one, one)}, "step 2: received"},
		{"messages not looked at", []golden.Step{open}, "after the end"},
		{"another code", []golden.Step{open, {Closed: "a", Code: 1011}}, "closed with 1000"},
		{"still open", []golden.Step{open, {Closed: "a", StillOpen: true}}, "closed with 1000"},
		{"refused", []golden.Step{{Open: "a", Path: "/", Refused: missing()}}, "recorded as refused with 404"},
		{"no such channel", []golden.Step{receive(one)}, "not played"},
		{"a binary message", []golden.Step{open, {Receive: "a", Messages: []json.RawMessage{json.RawMessage(`{"base64":""}`), json.RawMessage(`{}`)}}}, "not played"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			player := server(t, func(conn *ws.Conn) {
				_ = conn.WriteMessage(ws.Text, []byte(`{"result":1,"type":3}`+"\x1e"+`{"type":6}`+"\x1e"+`{"error":"x Json`))
				_ = conn.WriteMessage(ws.Text, []byte(`Exception: some words"}`+"\x1e"))
				_ = conn.WriteClose(ws.CodeNormal, "")
				_, _, _ = conn.ReadMessage(nil)
			})
			expect(t, player.Play(t.Context(), &golden.Scenario{Steps: test.steps}), test.diff)
		})
	}
}

// TestPlayerComparesPackedMessages: MessagePack is compared as what it means,
// whatever its form, and sent as it is written in a pack step.
func TestPlayerComparesPackedMessages(t *testing.T) {
	t.Parallel()
	open := golden.Step{Open: "a", Path: "/", Binary: true, Opened: []byte("true")}
	shake := golden.Step{Send: "a", Text: "shake"}
	answer := golden.Step{Receive: "a", Messages: []json.RawMessage{[]byte(`"{}"`)}}
	question := golden.Step{Receive: "a", Asked: "a", Messages: []json.RawMessage{[]byte(`{"base64":"","means":[1,{},"{a.ask}",[1,2.5,{"$bytes":"AQ=="},{"$time":"1970-01-01T00:00:01.000Z"},{"$int":"9007199254740993"}]]}`)}}
	pack := golden.Step{Send: "a", Pack: []byte(`[[3,{},"{a.ask}",3,{"X":300}],[6]]`)}
	thanks := func(text string) golden.Step {
		return golden.Step{Receive: "a", Messages: []json.RawMessage{fmt.Appendf(nil, `{"means":[%q]}`, text)}}
	}
	closed := golden.Step{Closed: "a", Code: 1000}
	tests := []struct {
		name  string
		steps []golden.Step
		diff  string
	}{
		{"the same", []golden.Step{open, shake, answer, shake, question, pack, thanks("thanks"), closed}, ""},
		{"another text", []golden.Step{open, shake, answer, shake, question, pack, thanks("no")}, `["thanks"], recorded ["no"]`},
		{"another meaning", []golden.Step{open, shake, answer, shake, thanks("no")}, `step 5: received [1,{},"q1",[1,2.5`},
		{"text frames", []golden.Step{{Open: "a", Path: "/", Opened: []byte("true")}, shake, answer}, "a frame of the other kind"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			player := server(t, func(conn *ws.Conn) {
				_, _, _ = conn.ReadMessage(nil)
				_ = conn.WriteMessage(ws.Binary, []byte("{}\x1e\x02\x91")) // the Ping goes on in the next frame
				_, _, _ = conn.ReadMessage(nil)
				_ = conn.WriteMessage(ws.Binary, []byte("\x06\x24\x94\x01\x80\xa2q1\x95\xcc\x01\xcb\x40\x04\x00\x00\x00\x00\x00\x00\xc4\x01\x01\xd6\xff\x00\x00\x00\x01"))
				_ = conn.WriteMessage(ws.Binary, []byte("\xcf\x00\x20\x00\x00\x00\x00\x00\x01"))
				_, got, _ := conn.ReadMessage(nil)
				if string(got) == "\x0d\x95\x03\x80\xa2q1\x03\x81\xa1X\xcd\x01\x2c\x02\x91\x06" {
					_ = conn.WriteMessage(ws.Binary, []byte("\x08\x91\xa6thanks"))
				}
				_ = conn.WriteClose(ws.CodeNormal, "")
				_, _, _ = conn.ReadMessage(nil)
			})
			expect(t, player.Play(t.Context(), &golden.Scenario{Steps: test.steps}), test.diff)
		})
	}
}

func missing() *golden.Response { return &golden.Response{Status: 404} }

func expect(t *testing.T, err error, diff string) {
	t.Helper()
	if diff == "" && err != nil || diff != "" && (err == nil || !strings.Contains(err.Error(), diff)) {
		t.Errorf("got difference %v, want %q", err, diff)
	}
}
