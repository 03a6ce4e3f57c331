package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"

	"github.com/spf13/cobra"

	"github.com/fanfare-hub/fanfare"
	"github.com/fanfare-hub/fanfare/publisher"
)

// linePublisher publishes the lines of standard input.
type linePublisher struct {
	publisher *publisher.Publisher
	show      *receiptView
	progress  *progress
	notes     io.Writer
	goOn      bool // leaves bad lines out
}

func publishLines(command *cobra.Command, p *publisher.Publisher, show *receiptView, goOn bool) error {
	notes := command.ErrOrStderr()
	l := &linePublisher{publisher: p, show: show, progress: newProgress(notes), notes: notes, goOn: goOn}
	err := l.run(command.Context(), command.InOrStdin())
	l.progress.clear()
	fmt.Fprintln(notes, l.progress.summary())
	if err == nil && l.progress.bad > 0 {
		err = failed(errors.New("bad lines were left out"))
	}
	return err
}

// run publishes what a goroutine reads ahead, by one batch: reading cannot be
// interrupted. When it is left in the middle of a read it ends with the process.
func (l *linePublisher) run(ctx context.Context, in io.Reader) error {
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	batches := make(chan lineBatch)
	go newLineReader(in).run(ctx, batches)
	for {
		select {
		case <-ctx.Done():
			return notPublished(ctx, ctx.Err())
		case b := <-batches:
			if err := l.publish(ctx, b.lines); err != nil {
				return err
			}
			if errors.Is(b.err, io.EOF) {
				return nil
			}
			if b.err != nil {
				return failed(fmt.Errorf("read standard input: %w", b.err))
			}
		}
	}
}

// publish stores a batch, without its bad lines if that is wanted.
func (l *linePublisher) publish(ctx context.Context, lines []line) error {
	for len(lines) > 0 {
		at := slices.IndexFunc(lines, func(one line) bool { return one.err != nil })
		if at < 0 {
			var err error
			if lines, err = l.send(ctx, lines); err != nil {
				return err
			}
			continue
		}
		if err := l.leaveOut(lines[at]); err != nil {
			return err
		}
		lines = slices.Delete(lines, at, at+1)
	}
	return nil
}

// send publishes lines and returns those that are not stored, the one at fault
// among them with its error.
func (l *linePublisher) send(ctx context.Context, lines []line) ([]line, error) {
	events := make([]fanfare.Event, 0, len(lines))
	for _, one := range lines {
		events = append(events, one.event)
	}
	receipts, err := l.publisher.PublishAll(ctx, events)
	l.progress.add(len(receipts))
	if shown := l.show.storedBatch(receipts); shown != nil {
		return nil, failed(shown)
	}
	rest := lines[len(receipts):]
	if bad, ok := errors.AsType[*fanfare.BatchError](err); ok {
		lines[bad.Index].err = bad.Err
		return rest, nil
	}
	if err != nil && ctx.Err() == nil {
		err = fmt.Errorf("from line %d on: %w", rest[0].number, err)
	}
	if err != nil {
		return nil, notPublished(ctx, err)
	}
	return rest, nil
}

// leaveOut tells of a bad line, which is the end unless that was asked for.
func (l *linePublisher) leaveOut(bad line) error {
	if !l.goOn {
		return failed(fmt.Errorf("line %d: %w; nothing of its batch is stored", bad.number, bad.err))
	}
	l.progress.clear()
	l.progress.bad++
	fmt.Fprintf(l.notes, "fanfare: line %d is left out: %s\n", bad.number, printable(bad.err.Error()))
	return nil
}
