package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"

	"github.com/fanfare-hub/fanfare"
	apphub "github.com/fanfare-hub/fanfare/internal/app/hub"
	"github.com/fanfare-hub/fanfare/signalr/client"
)

const (
	firstReconnect = 100 * time.Millisecond
	maxReconnect   = 5 * time.Second
)

// Where to begin, as the hub knows it.
const (
	fromSnapshot = "snapshot"
	fromNow      = "now"
)

// errEnough ends a follower that has shown what was asked for.
var errEnough = errors.New("enough")

// finalError is an answer that another try would not change.
type finalError struct{ error }

// topicFollower follows one topic over one connection after the other. It
// misses nothing: each goes on where the last one was.
type topicFollower struct {
	options tailOptions
	show    *tailView
	notes   io.Writer

	chain   fanfare.Chain
	placed  string // a cursor before all that may come, for as long as chain has none
	reached bool   // the hub has answered once: it is worth waiting for
	begun   bool   // a stream was asked for
	shown   int
}

func newTopicFollower(o tailOptions, show *tailView, notes io.Writer) *topicFollower {
	state := o.topic.Kind == fanfare.KindDocument || o.topic.Kind == fanfare.KindService
	switch {
	case o.cursor != "" || o.from != "" && o.from != fromSnapshot:
	case state:
		o.from = fromSnapshot
	default:
		o.from = fromNow // these topics have no state to tell
	}
	return &topicFollower{options: o, show: show, notes: notes, placed: o.cursor}
}

// cursor is where to go on, "" while that is nowhere.
func (f *topicFollower) cursor() string {
	if cursor := f.chain.Cursor(); cursor != "" {
		return cursor
	}
	return f.placed
}

// run follows until there is enough, something is final, or ctx ends.
func (f *topicFollower) run(ctx context.Context) error {
	pause := firstReconnect
	for {
		before := f.shown
		err := f.connection(ctx)
		var final finalError
		switch {
		case errors.Is(err, errEnough):
			return nil
		case ctx.Err() != nil:
			return context.Cause(ctx)
		case errors.As(err, &final):
			return final.error
		case !f.reached:
			return err
		}
		if f.shown > before {
			pause = firstReconnect
		}
		fmt.Fprintf(f.notes, "Reconnecting: %s\n", printable(err.Error()))
		if err := sleep(ctx, pause); err != nil {
			return err
		}
		pause = min(2*pause, maxReconnect)
	}
}

// connection follows for as long as one connection lasts.
func (f *topicFollower) connection(ctx context.Context) error {
	url := strings.TrimSuffix(f.options.server, "/") + apphub.Path
	hub := client.New(url, &client.Options{AccessToken: f.token()})
	if err := hub.Start(ctx); err != nil {
		return judge(fmt.Errorf("connect to the hub at %s: %w", f.options.server, err))
	}
	f.reached = true
	defer func() {
		stopping, cancel := context.WithTimeout(context.WithoutCancel(ctx), demoStop)
		defer cancel()
		_ = hub.Stop(stopping) // it is left in any case
	}()
	if err := f.place(ctx, hub); err != nil {
		return judge(err)
	}
	for item, err := range client.Stream[json.RawMessage](ctx, hub, "StreamTopic", f.options.topic.String(), f.start()) {
		if err != nil {
			return judge(err)
		}
		if err := f.take(item); err != nil {
			return err
		}
	}
	return errors.New("the hub has ended the stream")
}

func (f *topicFollower) token() func(context.Context) (string, error) {
	if f.options.token == "" {
		return nil
	}
	return func(context.Context) (string, error) { return f.options.token, nil }
}

// place takes a cursor at the topic's end where the start is one that moves:
// without it, who loses the connection before the first event could not go on.
func (f *topicFollower) place(ctx context.Context, hub *client.Client) error {
	if f.cursor() != "" || f.options.from != fromNow && f.options.from != fromSnapshot {
		return nil
	}
	topic := f.options.topic.String()
	var receipt struct {
		Cursor string `json:"cursor"`
	}
	if err := hub.Invoke(ctx, &receipt, "Subscribe", topic, map[string]string{"from": fromNow}); err != nil {
		return err
	}
	f.placed = receipt.Cursor
	return hub.Invoke(ctx, nil, "Unsubscribe", topic)
}

// start is the second argument of StreamTopic. A document's state is asked for
// until something has come, since it tells all; a service's only once, since
// what came meanwhile may stand before it.
func (f *topicFollower) start() map[string]string {
	again := f.begun
	f.begun = true
	if f.chain.Cursor() != "" || f.options.cursor != "" || f.options.from == fromNow {
		return map[string]string{"cursor": f.cursor()}
	}
	if again && f.options.from == fromSnapshot && f.options.topic.Kind == fanfare.KindService {
		return map[string]string{"cursor": f.placed}
	}
	return map[string]string{"from": f.options.from}
}

// take checks and shows one envelope.
func (f *topicFollower) take(item json.RawMessage) error {
	e, err := fanfare.DecodeEnvelope(item)
	if err != nil {
		return finalError{fmt.Errorf("read envelope: %w", err)}
	}
	if err := f.chain.Follow(e); err != nil {
		return err // the next connection reads what is missing
	}
	if e.Gap != nil {
		fmt.Fprintf(f.notes, "Events may be missing here: the log has none left after %d.\n", e.Gap.After)
	}
	if err := f.show.envelope(e, item); err != nil {
		return finalError{err}
	}
	if e.GapOnly() {
		return nil
	}
	f.shown++
	if f.shown == f.options.limit || f.options.untilTerminal && e.Event.Terminal() {
		return errEnough
	}
	return nil
}

// judge marks the answers of the hub that another try would not change.
func judge(err error) error {
	if answer, ok := errors.AsType[*client.HubError](err); ok {
		return judgeAnswer(answer.Message)
	}
	if refused, ok := errors.AsType[*client.NegotiateError](err); ok {
		switch refused.StatusCode {
		case http.StatusUnauthorized, http.StatusForbidden, http.StatusNotFound, http.StatusMethodNotAllowed:
			return finalError{err}
		}
	}
	return err
}

// judgeAnswer reads the code of an answer. One without is a failure within the
// hub, which may pass.
func judgeAnswer(message string) error {
	_, told, ok := strings.Cut(message, "HubException: ")
	if !ok {
		return errors.New(message)
	}
	code, _, _ := strings.Cut(told, ": ")
	switch fanfare.Code(code) {
	case fanfare.CodeUnavailable, fanfare.CodeRateLimited, fanfare.CodeInternal:
		return errors.New(told)
	default:
		return finalError{errors.New(told)}
	}
}

// sleep waits, unless ctx ends before.
func sleep(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}
