package bus

import (
	"context"
	"errors"
	"sync"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"github.com/fanfare-hub/fanfare"
)

// maxWorkers is what one consumer lets wait for jobs at the server's default.
const maxWorkers = 512

// Jobs is the queue of documents that are to be processed. A document has at
// most one stored job, from Publish until a worker has acknowledged it.
type Jobs struct {
	bus *Bus
}

// Publish stores the document's job and returns when it is on disk. A job that
// is stored already counts as success.
func (j *Jobs) Publish(ctx context.Context, id string) error {
	s, err := j.bus.current()
	if err != nil {
		return err
	}
	if id == "" {
		return fanfare.Errorf(fanfare.CodeInvalidArgument, "a job needs the id of its document")
	}
	_, err = s.js.PublishMsg(ctx, nats.NewMsg(jobSubject(id)), jetstream.WithExpectStream(jobStream))
	if jobStored(err) {
		return nil
	}
	return translate("publish job", err)
}

// jobStored recognises the refusal of a second message on a subject. The server
// has one code for all that a store refuses, so its words decide.
func jobStored(err error) bool {
	api := (*jetstream.APIError)(nil)
	return errors.As(err, &api) &&
		api.ErrorCode == jetstream.ErrorCode(server.JSStreamStoreFailedF) &&
		api.Description == server.ErrMaxMsgsPerSubject.Error()
}

// Work hands jobs to handle, up to workers at a time, until ctx ends; delivery
// counts from 1. What handle returns decides: nil removes the job, an error
// brings it again after a pause that doubles from RetryWait up to a minute,
// without end. While handle runs no other worker gets the job.
//
// When ctx ends Work waits for the running handles, whose ctx ends with it, and
// gives back at once what they did not finish. It returns nil then, and
// unavailable when the bus has stopped.
func (j *Jobs) Work(ctx context.Context, workers int, handle func(ctx context.Context, id string, delivery int) error) error {
	s, err := j.bus.current()
	if err != nil {
		return err
	}
	if workers < 1 || workers > maxWorkers {
		return fanfare.Errorf(fanfare.CodeInvalidArgument, "%d workers: 1 to %d are allowed", workers, maxWorkers)
	}
	// One message at a time is pulled, and only when a worker is free: one that
	// waited here would be taken for a silent worker's.
	queue, err := s.jobs.Messages(jetstream.PullMaxMessages(1))
	if err != nil {
		return translate("take jobs", err)
	}
	c := &crew{bus: j.bus, conn: s.conn, queue: queue, handle: handle, drained: make(chan struct{})}
	return c.run(ctx, workers)
}

// crew is the workers of one call of Work.
type crew struct {
	bus     *Bus
	conn    *nats.Conn
	queue   jetstream.MessagesContext
	handle  func(ctx context.Context, id string, delivery int) error
	drained chan struct{} // closed when the server has taken back the last pull
}

// run returns when all workers have ended and nothing is left in hand.
func (c *crew) run(ctx context.Context, workers int) error {
	working, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	var wg sync.WaitGroup
	for range workers {
		wg.Go(func() { stop(c.work(working)) })
	}
	<-working.Done()
	c.drain(working)
	wg.Wait()
	if ctx.Err() != nil {
		return nil
	}
	return translate("take jobs", context.Cause(working))
}

// work takes one job after the other. It returns the end of ctx or of the queue.
func (c *crew) work(ctx context.Context) error {
	for {
		msg, err := c.queue.Next(jetstream.NextContext(ctx))
		switch {
		case err == nil && ctx.Err() == nil:
			c.do(ctx, msg)
		case err == nil:
			c.giveBack(ctx, msg)
		case ctx.Err() != nil || !errors.Is(err, jetstream.ErrNoHeartbeat): // after a missed heartbeat the next call asks again
			return err
		}
	}
}

// drain withdraws the pull, and gives back what the server sent meanwhile.
func (c *crew) drain(ctx context.Context) {
	c.queue.Drain()
	var late []jetstream.Msg
	for {
		msg, err := c.queue.Next()
		if err != nil { // the end of what was sent
			break
		}
		late = append(late, msg)
	}
	close(c.drained)
	for _, msg := range late {
		c.giveBack(ctx, msg)
	}
}
