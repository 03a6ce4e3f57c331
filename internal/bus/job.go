package bus

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"github.com/nats-io/nats.go/jetstream"
)

// maxRetryWait is long enough not to burn a core on a job that cannot succeed,
// and short enough that somebody who repaired the cause sees it go on.
const maxRetryWait = time.Minute

// giveBackJob is a redelivery after a nanosecond. Unlike one without a delay
// the server notes it in its store, so it holds across a restart.
const giveBackJob = `-NAK {"delay": 1}`

// do lets the handler work on the job and answers the server.
func (c *crew) do(ctx context.Context, msg jetstream.Msg) {
	id, delivery, err := describeJob(msg)
	if err != nil {
		c.discard(ctx, msg, err)
		return
	}
	release := c.hold(ctx, msg)
	err = c.handle(ctx, id, delivery)
	release()
	switch {
	case err == nil:
		c.finish(ctx, msg, id)
	case ctx.Err() != nil:
		c.giveBack(ctx, msg)
	default:
		c.retry(ctx, msg, id, delivery, err)
	}
}

func describeJob(msg jetstream.Msg) (id string, delivery int, err error) {
	meta, err := msg.Metadata()
	if err != nil {
		return "", 0, err
	}
	id, err = parseJobSubject(msg.Subject())
	return id, int(meta.NumDelivered), err //nolint:gosec // a count of deliveries
}

// hold tells the server that the job is being worked on, until release has
// returned. Three times in each AckWait: two may be late.
func (c *crew) hold(ctx context.Context, msg jetstream.Msg) (release func()) {
	done := make(chan struct{})
	var wg sync.WaitGroup
	wg.Go(func() {
		ticker := time.NewTicker(max(c.bus.opts.AckWait/3, time.Millisecond))
		defer ticker.Stop()
		for {
			select {
			case <-done:
				return
			case <-ticker.C:
				c.report(ctx, "A job cannot be held", msg.InProgress())
			}
		}
	})
	return func() {
		close(done)
		wg.Wait()
	}
}

// finish removes the job, and waits for the server's word. Without it the job
// may come again: its handler finds that it is done.
func (c *crew) finish(ctx context.Context, msg jetstream.Msg, id string) {
	ctx, cancel := settling(ctx)
	defer cancel()
	if err := msg.DoubleAck(ctx); err != nil {
		c.bus.log.WarnContext(ctx, "A finished job is not acknowledged and may come again",
			slog.String("document", id), slog.Any("error", err))
	}
}

// retry lets the job come again after a pause.
func (c *crew) retry(ctx context.Context, msg jetstream.Msg, id string, delivery int, cause error) {
	wait := retryWait(c.bus.opts.RetryWait, delivery)
	c.bus.log.WarnContext(ctx, "A job failed and will be tried again",
		slog.String("document", id), slog.Int("delivery", delivery), slog.Duration("wait", wait), slog.Any("error", cause))
	c.report(ctx, "A failed job cannot be put back", msg.NakWithDelay(wait))
}

// giveBack lets another worker have the job now. Before, our own pull must be
// withdrawn: the server would send the job to it, and lose it when the end of
// the subscription overtakes the job. The answer is awaited, because the
// connection may be closed next.
func (c *crew) giveBack(ctx context.Context, msg jetstream.Msg) {
	ctx, cancel := settling(ctx)
	defer cancel()
	select {
	case <-c.drained:
	case <-ctx.Done():
	}
	_, err := c.conn.RequestWithContext(ctx, msg.Reply(), []byte(giveBackJob))
	c.report(ctx, "A job cannot be given back", err)
}

// discard removes what names no document: no delivery would change that.
func (c *crew) discard(ctx context.Context, msg jetstream.Msg, cause error) {
	c.bus.undecodable.Add(1)
	c.bus.log.ErrorContext(ctx, "A job cannot be read and is dropped",
		slog.String("subject", msg.Subject()), slog.Any("error", cause))
	c.report(ctx, "A job cannot be dropped", msg.TermWithReason("it names no document"))
}

// report logs what makes a job come again after AckWait only.
func (c *crew) report(ctx context.Context, message string, err error) {
	if err != nil {
		c.bus.log.WarnContext(ctx, message, slog.Any("error", err)) //nolint:sloglint // each caller's message is a constant
	}
}

// settling outlives the work's context, for a request.
func settling(ctx context.Context) (context.Context, context.CancelFunc) {
	return context.WithTimeout(context.WithoutCancel(ctx), requestTimeout)
}

// retryWait doubles from first with each delivery, up to maxRetryWait.
func retryWait(first time.Duration, delivery int) time.Duration {
	wait := first
	for n := 1; n < delivery && wait < maxRetryWait; n++ {
		wait *= 2
	}
	return min(wait, maxRetryWait)
}
