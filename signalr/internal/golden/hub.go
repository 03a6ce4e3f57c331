package golden

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/fanfare-hub/fanfare/signalr"
)

// message is what the methods that send to others call at the receivers.
const message = signalr.Call1[string]("message")

// newHub returns the hub of the recordings.
func newHub(options signalr.HubOptions) *signalr.Hub {
	hub := signalr.NewHub(&options)
	handleValues(hub)
	handleFailures(hub)
	handleCaller(hub)
	handleGroups(hub)
	handleQuestions(hub)
	handleStreams(hub)
	handleUploads(hub)
	return hub
}

// point and everything have the members of the recorded hub's records.
type point struct {
	X     int32   `json:"x"`
	Y     int32   `json:"y"`
	Label *string `json:"label"`
}

type everything struct {
	Flag       bool           `json:"flag"`
	Tiny       uint8          `json:"tiny"`
	Number     int32          `json:"number"`
	Large      int64          `json:"large"`
	Real       float64        `json:"real"`
	Money      decimal        `json:"money"`
	Text       string         `json:"text"`
	Missing    *string        `json:"missing"`
	Bytes      []byte         `json:"bytes"`
	ID         string         `json:"id" msgpack:"Id"`
	When       time.Time      `json:"when"`
	WhenOffset offsetTime     `json:"whenOffset"`
	Lasting    timeSpan       `json:"lasting"`
	Colour     colour         `json:"colour"`
	List       []int32        `json:"list"`
	Map        map[string]int `json:"map"`
	Inner      point          `json:"inner"`
}

func getEverything() everything {
	label := "in"
	return everything{
		Flag: true, Tiny: 255, Number: -32769, Large: 9007199254740993, Real: 1.5, Money: "12.30",
		Text: "é中\U0001F600<&'\"", Bytes: []byte{0, 1, 127, 128, 255}, ID: "00112233-4455-6677-8899-aabbccddeeff",
		When:       time.Date(2026, 3, 1, 12, 34, 56, 789e6, time.UTC),
		WhenOffset: offsetTime{time.Date(2026, 3, 1, 12, 34, 56, 0, time.FixedZone("", 2*60*60))},
		Lasting:    timeSpan(90061001 * time.Millisecond), Colour: blue, List: []int32{1, 2, 3}, Map: map[string]int{"one": 1},
		Inner: point{X: 3, Y: 4, Label: &label},
	}
}

func handleValues(hub *signalr.Hub) {
	hub.Handle("Echo", func(text string) string { return text })
	hub.Handle("EchoAny", func(value any) any { return value })
	hub.Handle("Add", func(a, b int32) int32 { return a + b })
	hub.Handle("EchoPoint", func(p point) point { return p })
	hub.Handle("EchoBytes", func(data []byte) []byte { return data })
	hub.Handle("EchoColour", func(c colour) colour { return c })
	hub.Handle("EchoTime", func(t time.Time) time.Time { return t })
	hub.Handle("EchoNullable", func(n *int64) *int64 { return n })
	hub.Handle("GetEverything", getEverything)
	hub.Handle("Nothing", func() {})
	hub.Handle("NothingAsync", func(context.Context) error { return nil })
	hub.Handle("Null", func() *string { return nil })
	hub.Handle("renamed", func() string { return "renamed" })
	hub.Handle("Big", func(length int) string { return strings.Repeat("x", length) })
	hub.Handle("Delay", delay)
}

func delay(ctx context.Context, milliseconds int) (string, error) {
	err := sleep(ctx, time.Duration(milliseconds)*time.Millisecond)
	return fmt.Sprintf("after %d", milliseconds), err
}

// invalidOperationError is an error with the name of a .NET exception.
type invalidOperationError string

func (e invalidOperationError) Error() string     { return string(e) }
func (e invalidOperationError) ErrorName() string { return "InvalidOperationException" }

const errSecret = invalidOperationError("secret detail")

func handleFailures(hub *signalr.Hub) {
	hub.Handle("Throw", func() error { return errSecret })
	hub.Handle("ThrowHub", func() error { return signalr.HubError("for the client") })
	hub.Handle("Unserializable", func() any { return func() {} })
	hub.Handle("Abort", func(c *signalr.Caller) { c.Abort() })
	nobody := signalr.Authorize(func(context.Context, *signalr.Caller, []any) error { return errors.New("nobody may") })
	hub.Handle("Forbidden", func() string { return "never" }, nobody)
}

func handleCaller(hub *signalr.Hub) {
	hub.Handle("WhoAmI", whoAmI)
	hub.Handle("KnowsConnection", func(c *signalr.Caller, id string) bool { return c.ConnectionID() == id })
	hub.Handle("Query", func(c *signalr.Caller, name string) string { return c.Request().URL.Query().Get(name) })
	hub.Handle("CallMe", callMe)
	hub.Handle("CallMeNoArguments", func(ctx context.Context, c *signalr.Caller) error { return c.Self().Send(ctx, "noArguments") })
}

func whoAmI(c *signalr.Caller) *string {
	if name := c.UserID(); name != "" {
		return &name
	}
	return nil
}

func callMe(ctx context.Context, c *signalr.Caller, method string, count int32) error {
	call := signalr.Call3[int32, string, point](method)
	for i := range count {
		if err := call.To(ctx, c.Self(), i, fmt.Sprintf("number %d", i), point{X: i, Y: -i}); err != nil {
			return err
		}
	}
	return nil
}

func handleGroups(hub *signalr.Hub) {
	hub.Handle("Join", func(c *signalr.Caller, group string) error { return c.Join(group) })
	hub.Handle("Leave", func(c *signalr.Caller, group string) error { return c.Leave(group) })
	hub.Handle("ToGroup", func(ctx context.Context, group, text string) error {
		return message.To(ctx, hub.Group(group), text)
	})
	hub.Handle("ToOthers", func(ctx context.Context, c *signalr.Caller, text string) error {
		return message.To(ctx, c.Others(), text)
	})
	hub.Handle("ToOthersInGroup", func(ctx context.Context, c *signalr.Caller, group, text string) error {
		return message.To(ctx, c.OthersInGroup(group), text)
	})
}
