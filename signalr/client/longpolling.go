package client

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"time"
)

const (
	// pollTimeout bounds one poll. It is above a server's default PollTimeout
	// (90 s), and what the official clients wait.
	pollTimeout = 100 * time.Second

	// releaseTimeout bounds the last request, which a server answers at once.
	releaseTimeout = time.Second

	// maxLostPolls is how many polls in a row may stay without an answer.
	maxLostPolls = 3
)

var errPollTimeout = errors.New("poll timed out")

// longPolling is the transport of repeated requests: each GET waits until there
// is something to bring, messages go to the server by POST.
type longPolling struct {
	*web

	// Owned by the reader.
	poll  context.Context //nolint:containedctx // of the poll under way, which outlives a Receive
	end   func()          // frees poll's timer
	body  io.ReadCloser   // of the poll under way; nil between two
	lost  int             // polls in a row without an answer
	over  bool            // the server has ended the connection
	chunk [receiveChunk]byte
}

// openLongPolling returns when the first poll was answered: the server does so
// at once, with nothing (LP-02).
func openLongPolling(ctx context.Context, w *web) (*longPolling, error) {
	response, err := w.get(ctx, "")
	if err != nil {
		w.cancel()
		return nil, err
	}
	stop := context.AfterFunc(ctx, w.cancel)
	discard(response)
	if !stop() {
		return nil, context.Cause(ctx)
	}
	return &longPolling{web: w}, nil
}

// Receive polls until there is something. The time that it may take is the
// polls' own (LP-15).
func (p *longPolling) Receive(buf []byte, _ time.Duration) ([]byte, error) {
	for {
		if p.body == nil {
			if err := p.next(); err != nil {
				return buf, err
			}
			continue
		}
		n, err := p.body.Read(p.chunk[:])
		buf = append(buf, p.chunk[:n]...)
		if err != nil {
			if err = p.endBody(err); err != nil {
				return buf, err
			}
		}
		if n > 0 {
			return buf, nil
		}
	}
}

// next polls. That a poll was in vain is no error.
func (p *longPolling) next() error {
	p.poll, p.end = context.WithTimeoutCause(p.ctx, pollTimeout, errPollTimeout)
	response, err := p.do(p.poll, http.MethodGet, "", nil)
	if err != nil {
		return p.failed(err)
	}
	p.lost = 0
	switch response.StatusCode {
	case http.StatusOK:
		p.body = response.Body
		return nil
	case http.StatusNoContent: // LP-05
		discard(response)
		p.end()
		p.over = true
		return io.EOF
	default:
		p.over = true
		defer p.end()
		defer discard(response)
		return fmt.Errorf("poll: %w", refusal(response))
	}
}

// endBody ends a poll whose body could be read up to err.
func (p *longPolling) endBody(err error) error {
	p.body.Close()
	p.body = nil
	if errors.Is(err, io.EOF) {
		p.end()
		return nil
	}
	return p.failed(err)
}

// failed explains the error of a poll; nil if it was only in vain.
func (p *longPolling) failed(err error) error {
	defer p.end()
	err = fmt.Errorf("poll: %w", err)
	if !errors.Is(context.Cause(p.poll), errPollTimeout) {
		return err
	}
	if p.lost++; p.lost < maxLostPolls {
		return nil
	}
	return fmt.Errorf("%w: %d polls of %v without an answer", ErrServerTimeout, p.lost, pollTimeout)
}

// Release tells a server that has not ended the connection itself that no
// other poll will come, which it would wait for (LP-12). It is called behind the
// last Receive.
func (p *longPolling) Release() {
	if p.over {
		return
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(p.ctx), releaseTimeout)
	defer cancel()
	if response, err := p.do(ctx, http.MethodDelete, "", nil); err == nil {
		discard(response) // whatever it says, the connection is over here
	}
}

// Finish does nothing: the Close message has told the server, which answers
// the polls to their end.
func (*longPolling) Finish() error { return nil }

// NeedsPings is false: the polls show that both ends are there.
func (*longPolling) NeedsPings() bool { return false }

var (
	_ transport = (*longPolling)(nil)
	_ releaser  = (*longPolling)(nil)
)
