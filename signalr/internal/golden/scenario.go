package golden

import (
	"bytes"
	"embed"
	"encoding/json"
	"fmt"
	"path"
)

//go:embed testdata/exchanges/*.json
var exchanges embed.FS

// Scenario is one recorded exchange.
type Scenario struct {
	Name  string `json:"name"` // area/name
	Note  string `json:"note"`
	Steps []Step `json:"steps"`
}

// Step is one thing done or seen. Which one it is tells the field that is set:
// Request, Finish, Open, Events, Send, Receive, Closed, Close, Drop or Wait; the names
// in all but the first two and the last are those of channels.
type Step struct {
	Request  *Request  `json:"request"`
	Save     string    `json:"save"` // keep connectionId and connectionToken as {save.id}, {save.token}
	Response *Response `json:"response"`
	Start    string    `json:"start"`  // do not wait for the response of the request
	Finish   string    `json:"finish"` // wait for the response of the request started so

	Open    string            `json:"open"`   // a WebSocket
	Events  string            `json:"events"` // Server-Sent Events
	Path    string            `json:"path"`
	Headers map[string]string `json:"headers"`
	Binary  bool              `json:"binary"`
	Raw     bool              `json:"raw"`
	Opened  json.RawMessage   `json:"opened"` // true, or the response of Server-Sent Events
	Refused *Response         `json:"refused"`

	Send   string          `json:"send"` // one frame: text, or base64 or pack in a binary one
	Text   string          `json:"text"`
	Base64 []byte          `json:"base64"`
	Means  json.RawMessage `json:"means"`
	Pack   json.RawMessage `json:"pack"` // messages to encode, with names in them

	Receive  string            `json:"receive"` // all messages until a quiet moment
	Messages []json.RawMessage `json:"messages"`
	Pings    bool              `json:"pings"`   // do not leave out pings
	Acks     bool              `json:"acks"`    // do not leave out Acks
	AtLeast  bool              `json:"atLeast"` // more may follow
	Asked    string            `json:"asked"`   // keep the first message's invocationId as {asked.ask}

	Closed    string `json:"closed"` // the server closes, or with StillOpen does not
	StillOpen bool   `json:"stillOpen"`
	Ended     bool   `json:"ended"` // said of Server-Sent Events
	Close     string `json:"close"` // the client closes
	Code      int    `json:"code"`
	Reason    string `json:"reason"`
	Drop      string `json:"drop"` // the client cuts the connection
	Wait      int    `json:"wait"` // milliseconds
}

// Request is an HTTP request.
type Request struct {
	Method  string            `json:"method"`
	Path    string            `json:"path"`
	Headers map[string]string `json:"headers"`
	Body    string            `json:"body"`
	Base64  []byte            `json:"base64"`
}

// Response is what is compared of an HTTP response.
type Response struct {
	Status  int               `json:"status"`
	Headers map[string]string `json:"headers"`
	Body    string            `json:"body"`
	Base64  []byte            `json:"base64"`
}

// Scenarios returns all recorded scenarios, by area and in recorded order.
func Scenarios() ([]Scenario, error) {
	files, err := exchanges.ReadDir("testdata/exchanges")
	if err != nil {
		return nil, fmt.Errorf("list exchanges: %w", err)
	}
	var all []Scenario
	for _, file := range files {
		data, err := exchanges.ReadFile(path.Join("testdata/exchanges", file.Name()))
		if err != nil {
			return nil, fmt.Errorf("read exchanges: %w", err)
		}
		// A member unknown here is a step that the player would not play.
		decoder := json.NewDecoder(bytes.NewReader(data))
		decoder.DisallowUnknownFields()
		var area []Scenario
		if err := decoder.Decode(&area); err != nil {
			return nil, fmt.Errorf("read %s: %w", file.Name(), err)
		}
		all = append(all, area...)
	}
	return all, nil
}

//go:embed testdata/differences.json
var differences []byte

// Difference is a recorded scenario that the server does not meet.
type Difference struct {
	Scenario string `json:"scenario"`
	Reason   string `json:"reason"`
}

// Differences returns the scenarios that are not met, with reasons.
func Differences() ([]Difference, error) {
	var all []Difference
	if err := json.Unmarshal(differences, &all); err != nil {
		return nil, fmt.Errorf("read the differences: %w", err)
	}
	return all, nil
}
