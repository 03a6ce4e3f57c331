package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/fanfare-hub/fanfare"
)

// tailView shows envelopes: a line for people, or the whole as JSON.
type tailView struct {
	out    io.Writer
	lines  bool
	colour bool
}

func newTailView(out io.Writer, lines bool) *tailView {
	_, screen := terminal(out)
	return &tailView{out: out, lines: lines, colour: screen && os.Getenv("NO_COLOR") == ""}
}

// envelope shows one, whose JSON is as it arrived.
func (v *tailView) envelope(e fanfare.Envelope, raw json.RawMessage) error {
	var b bytes.Buffer
	switch {
	case v.lines:
		if err := json.Compact(&b, raw); err != nil {
			return err
		}
	case e.GapOnly():
		return nil // it is told beside
	default:
		b.WriteString(v.line(e))
	}
	b.WriteByte('\n')
	_, err := v.out.Write(b.Bytes())
	return err
}

// line is an event for people: time, type, service, what it tells.
func (v *tailView) line(e fanfare.Envelope) string {
	text, colour := tell(e)
	line := fmt.Sprintf("%s  %-19s  %s  %s", e.Event.Time.UTC().Format("2006-01-02T15:04:05.000Z"), e.Event.Type,
		printable(e.Event.Service), v.paint(colour, printable(text)))
	var notes []string
	if e.Snapshot {
		notes = append(notes, "present state")
	}
	if e.Covers > 0 {
		notes = append(notes, fmt.Sprintf("with %d before it", e.Covers))
	}
	if len(notes) > 0 {
		line += "  " + v.paint(dim, "("+strings.Join(notes, ", ")+")")
	}
	return line
}

func (v *tailView) paint(colour, text string) string {
	if !v.colour || colour == "" {
		return text
	}
	return "\x1b[" + colour + "m" + text + "\x1b[0m"
}

// tell is what an event says, and its colour.
func tell(e fanfare.Envelope) (text, colour string) {
	switch p := e.Event.Payload.(type) {
	case fanfare.DocumentPayload:
		return tellDocument(p, e.Topic), colourOf(p.Status)
	case fanfare.AlertPayload:
		return fmt.Sprintf("%d %s: %s", p.Severity, p.Framework, p.Message), colourOfAlert(p.Severity)
	case fanfare.HealthPayload:
		return fmt.Sprintf("%s, %.0f MB, %.1f %% of the CPU", p.Status, p.Metrics.MemoryUsageMB, p.Metrics.CPUUsage), colourOfHealth(p.Status)
	case fanfare.ScaledPayload:
		return join(fmt.Sprintf("%d to %d", p.OldCount, p.NewCount), p.Message, p.Reason), ""
	case fanfare.PresencePayload:
		return join(p.UserID, p.ConnectionID, p.DisconnectReason), ""
	}
	return "", ""
}

func tellDocument(p fanfare.DocumentPayload, topic fanfare.Topic) string {
	text := fmt.Sprintf("%-10s %3d %%", p.Status, p.Percentage)
	if p.Error != nil {
		text = join(text, p.Error.Code, p.Error.Message)
	}
	text = join(text, p.Message)
	if topic.Kind != fanfare.KindDocument {
		text = join(text, p.DocumentID)
	}
	return text
}

// join puts what is not empty in a row.
func join(parts ...string) string {
	var told []string
	for _, part := range parts {
		if part != "" {
			told = append(told, part)
		}
	}
	return strings.Join(told, "  ")
}

func colourOfAlert(severity int) string {
	switch {
	case severity >= 8:
		return red
	case severity >= 5:
		return yellow
	}
	return cyan
}

func colourOfHealth(status fanfare.HealthStatus) string {
	switch status {
	case fanfare.HealthHealthy:
		return green
	case fanfare.HealthCritical:
		return red
	case fanfare.HealthDegraded, fanfare.HealthWarning:
		return yellow
	case fanfare.HealthUnknown:
	}
	return ""
}
