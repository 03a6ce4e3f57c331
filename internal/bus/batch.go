package bus

import (
	"context"
	"crypto/rand"
	"errors"
	"maps"
	"slices"
	"strconv"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
)

// The headers that make messages a batch. The server stores them too, so the
// id is short.
const (
	batchIDHeader     = "Nats-Batch-Id"
	batchSeqHeader    = "Nats-Batch-Sequence"
	batchCommitHeader = "Nats-Batch-Commit"
)

// maxInFlight is how many single messages are sent before the first is
// acknowledged. The server writes them one after another all the same.
const maxInFlight = 64

// commitTogether stores the writes as one batch and answers them. It does
// neither if the batch is refused.
func (c *committer) commitTogether(ctx context.Context, writes []*write) (done bool) {
	msgs := make([]*nats.Msg, 0, maxBatch)
	for _, w := range writes {
		msgs = append(msgs, w.msgs...)
	}
	stored, refused, err := c.publishBatch(ctx, msgs)
	if refused {
		return false
	}
	for _, w := range writes {
		if err == nil {
			c.writer.note(w, stored[:len(w.msgs)])
			stored = stored[len(w.msgs):]
		}
		c.writer.finish(w, err)
	}
	return true
}

// commitSingles stores writes of one message each, and answers them.
func (c *committer) commitSingles(ctx context.Context, writes []*write) {
	for some := range slices.Chunk(writes, maxInFlight) {
		waits := make([]func() (stored, error), len(some))
		for i, w := range some {
			waits[i] = c.publish(ctx, w.msgs[0])
		}
		for i, w := range some {
			at, err := waits[i]()
			if err == nil {
				c.writer.note(w, []stored{at})
			}
			c.writer.finish(w, err)
		}
	}
}

// commitAlone stores a write of several messages up to the first that cannot
// be stored, and answers it: by batches if batched, and where one is refused
// message by message.
func (c *committer) commitAlone(ctx context.Context, w *write, batched bool) {
	for msgs := range slices.Chunk(w.msgs, maxBatch) {
		var list []stored
		var err error
		refused := !batched
		if batched {
			list, refused, err = c.publishBatch(ctx, msgs)
		}
		if refused {
			list, err = c.publishInTurn(ctx, msgs)
		}
		c.writer.note(w, list)
		if err != nil {
			c.writer.finish(w, err)
			return
		}
	}
	c.writer.finish(w, nil)
}

// publishBatch stores all of the messages or, if it is refused, none. After an
// error they are stored or not.
func (c *committer) publishBatch(ctx context.Context, msgs []*nats.Msg) (list []stored, refused bool, err error) {
	ctx, cancel := context.WithTimeout(ctx, requestTimeout)
	defer cancel()
	id := rand.Text()[:12]
	last := len(msgs) - 1
	for i, msg := range msgs[:last] {
		if err := c.writer.conn.PublishMsg(batched(msg, id, i+1, false)); err != nil {
			return nil, false, c.translate(err)
		}
	}
	ack, err := c.writer.js.PublishMsg(ctx, batched(msgs[last], id, len(msgs), true), jetstream.WithRetryAttempts(0))
	if api := (*jetstream.APIError)(nil); errors.As(err, &api) {
		c.writer.split.Add(1)
		return nil, true, nil
	}
	if err != nil {
		return nil, false, c.translate(err)
	}
	return batchStored(ack.Sequence, len(msgs)), false, nil
}

// batched returns the message with the headers of a batch. The message itself
// may have to be published without.
func batched(msg *nats.Msg, id string, seq int, commit bool) *nats.Msg {
	header := make(nats.Header, len(msg.Header)+3)
	maps.Copy(header, msg.Header)
	header[batchIDHeader] = []string{id}
	header[batchSeqHeader] = []string{strconv.Itoa(seq)}
	if commit {
		header[batchCommitHeader] = []string{"1"}
	}
	return &nats.Msg{Subject: msg.Subject, Header: header, Data: msg.Data}
}

// batchStored places n messages: those of a batch follow each other.
func batchStored(last uint64, n int) []stored {
	list := make([]stored, n)
	for i := range list {
		list[i].seq = last - uint64(n-1-i) //nolint:gosec // i < n
	}
	return list
}

// publishInTurn stores the messages until one cannot be stored.
func (c *committer) publishInTurn(ctx context.Context, msgs []*nats.Msg) ([]stored, error) {
	list := make([]stored, 0, len(msgs))
	for _, msg := range msgs {
		at, err := c.publish(ctx, msg)()
		if err != nil {
			return list, err
		}
		list = append(list, at)
	}
	return list, nil
}

// publish sends the message; wait returns what the server answered.
func (c *committer) publish(ctx context.Context, msg *nats.Msg) (wait func() (stored, error)) {
	if ctx.Err() != nil {
		return func() (stored, error) { return stored{}, c.translate(context.Cause(ctx)) }
	}
	future, err := c.writer.js.PublishMsgAsync(msg, jetstream.WithRetryAttempts(0))
	if err != nil {
		return func() (stored, error) { return stored{}, c.translate(err) }
	}
	return func() (stored, error) {
		select {
		case ack := <-future.Ok():
			return stored{seq: ack.Sequence, duplicate: ack.Duplicate}, nil
		case err := <-future.Err(): // after requestTimeout at the latest
			return stored{}, c.translate(err)
		case <-ctx.Done():
			return stored{}, c.translate(context.Cause(ctx))
		}
	}
}

func (c *committer) translate(err error) error {
	return translate("append to "+c.stream, err)
}
