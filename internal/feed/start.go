package feed

import (
	"time"

	"github.com/fanfare-hub/fanfare"
)

// From is where a subscription begins.
type From int

// The beginnings.
const (
	FromSnapshot  From = iota // with the topic's present state, then everything after it
	FromBeginning             // with the oldest event that is stored
	FromNow                   // with the next event
	FromTime                  // with the first event stored at Start.At or later
	FromCursor                // with the first event after Start.Cursor
)

// Start is where a subscription begins. The zero Start is the snapshot.
type Start struct {
	From   From
	At     time.Time      // for FromTime
	Cursor fanfare.Cursor // for FromCursor
}

// ParseStart reads what a client asked for: a cursor of the topic, or one of
// snapshot, start, now and an RFC 3339 time, or neither, which is the fallback.
// The error is CodeInvalidCursor or CodeInvalidArgument.
func ParseStart(topic fanfare.Topic, cursor, from string, fallback From) (Start, error) {
	switch {
	case cursor != "" && from != "":
		return Start{}, fanfare.Errorf(fanfare.CodeInvalidArgument, "both cursor and from are given: give one of them")
	case cursor != "":
		c, err := fanfare.ParseCursor(cursor, topic)
		return Start{From: FromCursor, Cursor: c}, err
	}
	switch from {
	case "":
		return Start{From: fallback}, nil
	case "snapshot":
		return Start{From: FromSnapshot}, nil
	case "start":
		return Start{From: FromBeginning}, nil
	case "now":
		return Start{From: FromNow}, nil
	}
	at, err := time.Parse(time.RFC3339, from)
	if err != nil {
		return Start{}, fanfare.Errorf(fanfare.CodeInvalidArgument,
			"from is %.40q: want snapshot, start, now, or a time such as 2026-11-23T10:00:00Z", from)
	}
	return Start{From: FromTime, At: at.UTC()}, nil
}

// Receipt is what a subscription is answered with.
type Receipt struct {
	Topic   fanfare.Topic
	Cursor  string // before the first event of the subscription
	Resumed bool   // it goes on after the cursor that was given, and nothing is missing
}
