package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"github.com/fanfare-hub/fanfare"
	"github.com/fanfare-hub/fanfare/internal/app"
	"github.com/fanfare-hub/fanfare/publisher"
)

func publishCommand() *cobra.Command {
	var to remote
	var lines, goOn bool
	var flags eventFlags
	command := &cobra.Command{
		Use:   "publish [-]",
		Short: "Publish an event, or one per line of standard input",
		Long: `Publish one event, told by flags, or with - every line of standard input: JSON
objects, each a CloudEvent or the record of a .NET service. What may be lost on
the way is sent again, and stored once.

Lines go in batches, as they come. A batch with a bad line is not stored at all;
the error names the line, and what stands before its batch is stored. With
--continue the bad line is left out and the others are stored.

Exit status: 0 when everything is stored, 1 when not, 2 on wrong arguments, 130
when it was interrupted before.`,
		Example: `  fanfare publish --document 6f9619ff-8b86-d011-b42d-00cf4fc964ff --status processing --percentage 40
  fanfare publish --framework GDPR --message "3 matches of email" --severity 7 --user ann
  fanfare publish --type ServiceScaled --data '{"old_count":1,"new_count":3,"message":"","reason":"queue"}'
  fanfare publish - < events.ndjson
  tail -f events.ndjson | fanfare publish --json -`,
		Args: onlyDash,
		RunE: func(command *cobra.Command, args []string) error {
			to.fill()
			p, err := publisher.New(publisher.Options{
				URL: to.server, Token: to.token,
				Service: flags.serviceName(), ServiceVersion: app.DefaultConfig().ServiceVersion,
			})
			if err != nil {
				return usage(err)
			}
			show := &receiptView{out: command.OutOrStdout(), lines: lines}
			if len(args) == 1 {
				if given := flags.given(command); given != "" {
					return usage(fmt.Errorf("--%s is of one event: the lines of standard input have members of their own", given))
				}
				return publishLines(command, p, show, goOn)
			}
			if goOn {
				return usage(errors.New("--continue is for the lines of standard input: give - too"))
			}
			return publishOne(command, p, &flags, show)
		},
	}
	addRemote(command, &to)
	flags.add(command)
	command.Flags().BoolVar(&lines, "json", false, "print the receipts as JSON lines")
	command.Flags().BoolVar(&goOn, "continue", false, "leave bad lines of standard input out")
	return command
}

// onlyDash takes no argument but the one that stands for standard input.
func onlyDash(_ *cobra.Command, args []string) error {
	if len(args) > 1 || len(args) == 1 && args[0] != "-" {
		return fmt.Errorf("argument %q: events come from flags, or with - from standard input", args[0])
	}
	return nil
}

func publishOne(command *cobra.Command, p *publisher.Publisher, flags *eventFlags, show *receiptView) error {
	event, err := flags.event(command)
	if err != nil {
		return usage(err)
	}
	receipt, err := p.Publish(command.Context(), event)
	if err != nil {
		return notPublished(command.Context(), err)
	}
	if err := show.stored(receipt); err != nil {
		return failed(err)
	}
	return nil
}

// notPublished says whether the user has ended it, or what was wrong.
func notPublished(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return &exitError{exitInterrupted, errors.New("interrupted before all was stored")}
	}
	return failed(err)
}

// receiptView shows what is stored.
type receiptView struct {
	out   io.Writer
	lines bool // as JSON
}

// stored shows one receipt.
func (v *receiptView) stored(r fanfare.Receipt) error {
	if v.lines {
		return v.json(r)
	}
	again := ""
	if r.Duplicate {
		again = ", as before"
	}
	_, err := fmt.Fprintf(v.out, "stored %s on %s at %d (%s%s)\n", printable(r.ID), printable(r.Topic.String()), r.Seq, printable(r.Durability), again)
	return err
}

// storedBatch shows receipts of many, which are too many for a reader.
func (v *receiptView) storedBatch(receipts []fanfare.Receipt) error {
	if !v.lines {
		return nil
	}
	for _, r := range receipts {
		if err := v.json(r); err != nil {
			return err
		}
	}
	return nil
}

func (v *receiptView) json(r fanfare.Receipt) error {
	data, err := json.Marshal(r)
	if err != nil {
		return err
	}
	_, err = v.out.Write(append(data, '\n'))
	return err
}
