package main

import (
	"errors"
	"fmt"
	"net/url"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"github.com/fanfare-hub/fanfare"
)

// tailOptions are what the flags of tail say.
type tailOptions struct {
	remote
	topic         fanfare.Topic
	from, cursor  string
	lines         bool
	limit         int
	untilTerminal bool
}

func tailCommand() *cobra.Command {
	var o tailOptions
	command := &cobra.Command{
		Use:   "tail TOPIC",
		Short: "Follow a topic, live",
		Long: `Follow a topic, live: document:GUID, service:NAME, user:ID or presence:NAME. First
comes the topic's present state, or what --from or --cursor names, then every
event as it is stored. A lost connection is made again, and goes on where it was;
what may be missing is said. At the end standard error has the cursor to go on
from.

Exit status: 0 when --limit or --until-terminal is reached, 1 when something
failed, 2 on wrong arguments, 130 when it was interrupted before.`,
		Example: `  fanfare tail service:fanfare
  fanfare tail document:6f9619ff-8b86-d011-b42d-00cf4fc964ff --until-terminal
  fanfare tail user:ann --from 2026-11-23T10:00:00Z
  fanfare tail service:fanfare --from start --limit 100 --json > events.ndjson`,
		Args: cobra.ExactArgs(1),
		RunE: func(command *cobra.Command, args []string) error {
			o.fill()
			var err error
			if o.topic, err = fanfare.ParseTopic(args[0]); err != nil {
				return usage(err)
			}
			if err := o.check(); err != nil {
				return usage(err)
			}
			return tail(command, o)
		},
	}
	addRemote(command, &o.remote)
	flags := command.Flags()
	flags.StringVar(&o.from, "from", "", "where to begin: snapshot (the default), start, now, or a time as in 2026-11-23T10:00:00Z")
	flags.StringVar(&o.cursor, "cursor", "", "begin behind this cursor")
	flags.BoolVar(&o.lines, "json", false, "print whole envelopes as JSON lines")
	flags.IntVar(&o.limit, "limit", 0, "end after this many events")
	flags.BoolVar(&o.untilTerminal, "until-terminal", false, "end when the document is completed or failed")
	return command
}

// check refuses what the server would, before anything is connected.
func (o *tailOptions) check() error {
	if base, err := url.Parse(o.server); err != nil || base.Scheme != "http" && base.Scheme != "https" || base.Host == "" {
		return fmt.Errorf("--server is %q: want the server's address, as in http://127.0.0.1:8080", o.server)
	}
	if o.limit < 0 {
		return fmt.Errorf("--limit is %d: want a number from 0", o.limit)
	}
	if o.cursor != "" && o.from != "" {
		return errors.New("--cursor and --from are both given: want one")
	}
	if o.cursor != "" {
		_, err := fanfare.ParseCursor(o.cursor, o.topic)
		return err
	}
	switch o.from {
	case "", fromSnapshot, "start", fromNow:
		return nil
	}
	if _, err := time.Parse(time.RFC3339Nano, o.from); err != nil {
		return fmt.Errorf("--from is %q: want snapshot, start, now, or a time as in 2026-11-23T10:00:00Z", o.from)
	}
	return nil
}

// tail follows until there is enough, and says where to go on.
func tail(command *cobra.Command, o tailOptions) error {
	ctx, notes := command.Context(), command.ErrOrStderr()
	f := newTopicFollower(o, newTailView(command.OutOrStdout(), o.lines), notes)
	err := f.run(ctx)
	if cursor := f.cursor(); cursor != "" {
		fmt.Fprintf(notes, "To go on from here: --cursor %s\n", cursor)
	}
	switch {
	case err == nil:
		return nil
	case errors.Is(err, syscall.EPIPE):
		return &exitError{exitFailed, nil}
	case ctx.Err() != nil:
		return &exitError{exitInterrupted, nil}
	}
	return failed(err)
}
