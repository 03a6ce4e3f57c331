package golden

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"
)

// errUnplayed says that a step needs what the player cannot do.
var errUnplayed = errors.New("not played: nothing can be sent over a stream of events")

// Player plays scenarios against a server. It may play several at once.
type Player struct {
	// BaseURL is where the hub of the recordings is: http://host:port.
	BaseURL string
	// Patience bounds the wait for what must come; 0 is 30 s.
	Patience time.Duration
	// Quiet is how long nothing more may come after what was recorded; 0 is
	// 100 ms. What comes later is found by the next step that looks.
	Quiet time.Duration
	// Open is how long a connection that was recorded as still open must stay
	// so; 0 is 1 s.
	Open time.Duration
}

// Play plays one scenario and returns the first difference from it, or nil.
func (p *Player) Play(ctx context.Context, s *Scenario) error {
	r := newRun(p)
	ctx, cancel := context.WithCancel(ctx)
	defer r.stop()
	defer cancel()
	for i := range s.Steps {
		if err := r.play(ctx, &s.Steps[i]); err != nil {
			return fmt.Errorf("%s, step %d: %w", s.Name, i+1, err)
		}
	}
	for name, c := range r.channels {
		if c.isEvents() {
			continue // some recordings end before they have looked at all of them
		}
		if surplus := c.settle(ctx, r.player.quiet()); len(surplus) > 0 {
			return fmt.Errorf("%s: %s received %q after the end", s.Name, name, surplus)
		}
	}
	return nil
}

func (p *Player) patience() time.Duration { return cmp.Or(p.Patience, 30*time.Second) }

func (p *Player) quiet() time.Duration { return cmp.Or(p.Quiet, 100*time.Millisecond) }

func (p *Player) open() time.Duration { return cmp.Or(p.Open, time.Second) }

// run is one scenario under way.
type run struct {
	player   *Player
	client   *http.Client
	names    map[string]string // {a.token} -> what the server made up
	channels map[string]*channel
	started  map[string]chan reply // requests under way
}

// reply is what came of a request.
type reply struct {
	response *Response
	err      error
}

func newRun(p *Player) *run {
	return &run{
		player: p,
		client: &http.Client{
			// As the recorder: every request on a connection of its own.
			Transport:     &http.Transport{DisableKeepAlives: true, DisableCompression: true},
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		},
		names:    map[string]string{},
		channels: map[string]*channel{},
		started:  map[string]chan reply{},
	}
}

// stop ends what is under way; the context of the requests has ended.
func (r *run) stop() {
	for _, started := range r.started {
		<-started
	}
	for _, c := range r.channels {
		c.drop()
		c.wait()
	}
}

// fill puts what the server made up in place of its names.
func (r *run) fill(text string) string {
	for name, made := range r.names {
		text = strings.ReplaceAll(text, name, made)
	}
	return text
}

func (r *run) name(prefix, kind, made string) {
	if made != "" {
		r.names["{"+prefix+"."+kind+"}"] = made
	}
}

func (r *run) play(ctx context.Context, s *Step) error {
	switch {
	case s.Request != nil:
		return r.request(ctx, s)
	case s.Finish != "":
		return r.finish(s)
	case s.Open != "":
		return r.open(ctx, s)
	case s.Events != "":
		return r.events(ctx, s)
	case s.Wait > 0:
		return sleep(ctx, time.Duration(s.Wait)*time.Millisecond)
	}
	c := r.channels[cmp.Or(s.Send, s.Receive, s.Closed, s.Close, s.Drop)]
	if c == nil {
		return errUnplayed
	}
	switch {
	case c.isEvents() && (s.Send != "" || s.Close != ""):
		return errUnplayed
	case s.Send != "" && s.Base64 != nil:
		c.send(s.Base64, true)
	case s.Send != "" && s.Pack != nil:
		frame, err := pack(r.fill(string(s.Pack)))
		if err != nil {
			return err
		}
		c.send(frame, true)
	case s.Send != "":
		c.send([]byte(r.fill(s.Text)), false)
	case s.Receive != "":
		return r.receive(ctx, s, c)
	case s.Closed != "":
		return r.closed(ctx, s, c)
	case s.Close != "":
		return c.close(s.Code, s.Reason)
	default:
		c.drop()
	}
	return nil
}

func (r *run) receive(ctx context.Context, s *Step, c *channel) error {
	got := c.take(ctx, len(s.Messages), sieve{pings: s.Pings, acks: s.Acks}, r.player)
	if s.Asked != "" && len(got) > 0 {
		r.name(s.Asked, "ask", invocationID(got[0]))
	}
	if s.AtLeast {
		got = got[:min(len(got), len(s.Messages))]
	}
	if len(got) != len(s.Messages) {
		return fmt.Errorf("received %q, recorded %s", got, s.Messages)
	}
	for i, recorded := range s.Messages {
		want, err := recordedMeaning(recorded)
		if err != nil {
			return err
		}
		if err := compareJSON(r.fill(want), got[i]); err != nil {
			return fmt.Errorf("received %w", err)
		}
	}
	return nil
}

// invocationID returns the id in a question. A message without one gives none
// and differs from the recorded one.
func invocationID(message string) string {
	var object struct{ InvocationID string }
	if json.Unmarshal([]byte(message), &object) == nil {
		return object.InvocationID
	}
	var items []any
	_ = json.Unmarshal([]byte(message), &items)
	if len(items) < 3 {
		return ""
	}
	id, _ := items[2].(string)
	return id
}

func (r *run) closed(ctx context.Context, s *Step, c *channel) error {
	if s.StillOpen {
		if c.ended(ctx, r.player.open()) {
			return fmt.Errorf("closed with %d, recorded as still open", c.code)
		}
		return nil
	}
	if !c.ended(ctx, r.player.patience()) {
		return fmt.Errorf("still open, recorded as closed with %d", s.Code)
	}
	if s.Ended != c.isEvents() || c.code != s.Code || c.reason != s.Reason {
		return fmt.Errorf("closed with %d %q, recorded %d %q, ended %t", c.code, c.reason, s.Code, s.Reason, s.Ended)
	}
	return nil
}

func sleep(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
