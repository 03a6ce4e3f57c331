package golden

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/fanfare-hub/fanfare/signalr/hubproto"
)

// The types of the recorded hub that .NET writes in one way in JSON and in
// another in MessagePack (MP-20, MP-23).

// colour is a number in JSON, a name in MessagePack.
type colour int32 //nolint:recvcheck // one method reads, the other writes, as is usual

const blue colour = 2

var errNoColour = errors.New("no such colour")

func colours() []string { return []string{"Red", "Green", "Blue"} }

func (c colour) MarshalMessagePack() ([]byte, error) {
	if c < 0 || int(c) >= len(colours()) {
		return nil, errNoColour
	}
	return pack1(colours()[c])
}

func (c *colour) UnmarshalMessagePack(data []byte) error {
	var name string
	if err := hubproto.NewMessagePack(nil).Unmarshal(data, &name); err != nil {
		return err
	}
	i := slices.Index(colours(), name)
	if i < 0 {
		return errNoColour
	}
	*c = colour(i) //nolint:gosec // one of three
	return nil
}

// decimal is a number in JSON, a string in MessagePack.
type decimal json.Number

func (d decimal) MarshalJSON() ([]byte, error) { return json.Marshal(json.Number(d)) }

func (d decimal) MarshalMessagePack() ([]byte, error) { return pack1(string(d)) }

// offsetTime is an RFC 3339 text in JSON; in MessagePack the local clock, as if
// it were UTC, and its offset in minutes.
type offsetTime struct{ time.Time }

func (t offsetTime) MarshalMessagePack() ([]byte, error) {
	_, seconds := t.Zone()
	offset := time.Duration(seconds) * time.Second
	return pack1([]any{t.UTC().Add(offset), int64(offset / time.Minute)})
}

// timeSpan is days and a clock in JSON, a number of 100 ns in MessagePack.
type timeSpan time.Duration

func (s timeSpan) MarshalJSON() ([]byte, error) {
	d := time.Duration(s)
	days, d := d/(24*time.Hour), d%(24*time.Hour)
	clock := time.Time{}.Add(d)
	return json.Marshal(fmt.Sprintf("%d.%s", days, clock.Format("15:04:05.0000000")))
}

func (s timeSpan) MarshalMessagePack() ([]byte, error) {
	return pack1(time.Duration(s).Nanoseconds() / 100)
}

func pack1(value any) ([]byte, error) { return hubproto.NewMessagePack(nil).Marshal(value) }
