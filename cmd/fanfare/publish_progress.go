package main

import (
	"fmt"
	"io"
	"time"
)

// progressPause is the time between two drawings of the progress line.
const progressPause = 100 * time.Millisecond

// progress counts events, and shows them in one line where that is a terminal.
type progress struct {
	out    io.Writer
	shows  bool
	begun  time.Time
	drawn  time.Time // zero: the line is empty
	events int
	bad    int
}

func newProgress(out io.Writer) *progress {
	_, shows := terminal(out)
	return &progress{out: out, shows: shows, begun: time.Now()}
}

func (p *progress) add(events int) {
	p.events += events
	if !p.shows || time.Since(p.drawn) < progressPause {
		return
	}
	p.drawn = time.Now()
	fmt.Fprintf(p.out, "\r%s\x1b[K", p.summary())
}

// clear makes room for something else.
func (p *progress) clear() {
	if !p.drawn.IsZero() {
		fmt.Fprint(p.out, "\r\x1b[K")
		p.drawn = time.Time{}
	}
}

func (p *progress) summary() string {
	rate := float64(p.events) / max(time.Since(p.begun).Seconds(), 0.001)
	text := fmt.Sprintf("%s stored, %.0f/s", count(p.events, "event"), rate)
	if p.bad > 0 {
		text += fmt.Sprintf(", %s left out", count(p.bad, "bad line"))
	}
	return text
}
