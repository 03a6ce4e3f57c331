package publisher

import (
	"bytes"
	"context"
	"io"
	"math/rand/v2"
	"net/http"
	"time"

	"github.com/fanfare-hub/fanfare"
)

const (
	firstPause = 100 * time.Millisecond
	maxPause   = 3 * time.Second

	// maxAnswer is far above the receipts of the largest batch.
	maxAnswer = 1 << 20
)

// message is the body of a request, the same in every try.
type message struct {
	mediaType string
	body      []byte
}

// failure is a try that has brought no receipt.
type failure struct {
	err   error         // a *fanfare.Error or a *fanfare.BatchError
	again bool          // another try may do better
	after time.Duration // the hub's wish when
}

// send tries until the hub has answered for good, ctx ends or it has been long
// enough.
func (p *Publisher) send(ctx context.Context, m message) ([]byte, error) {
	begun := time.Now()
	for tries := 1; ; tries++ {
		answer, failed := p.try(ctx, m)
		if failed == nil {
			return answer, nil
		}
		if !failed.again {
			return nil, failed.err
		}
		pause := max(backoff(tries), failed.after)
		if time.Since(begun)+pause > p.options.RetryFor {
			return nil, gaveUp(failed.err, tries, time.Since(begun))
		}
		if err := wait(ctx, pause); err != nil {
			return nil, fanfare.Errorf(fanfare.CodeOf(failed.err), "%s: %w", sentence(failed.err), err)
		}
	}
}

// backoff is a random pause that doubles with each try.
func backoff(tries int) time.Duration {
	pause := maxPause
	if shifted := firstPause << min(tries-1, 10); shifted < maxPause {
		pause = shifted
	}
	return pause/2 + rand.N(pause/2) //nolint:gosec // nobody gains by guessing it
}

// wait pauses, unless ctx ends before.
func wait(ctx context.Context, pause time.Duration) error {
	timer := time.NewTimer(pause)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// try makes one request.
func (p *Publisher) try(ctx context.Context, m message) ([]byte, *failure) {
	ctx, cancel := context.WithTimeoutCause(ctx, p.options.TryTimeout, errSilent)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, p.endpoint, bytes.NewReader(m.body))
	if err != nil {
		return nil, &failure{err: fanfare.Errorf(fanfare.CodeInternal, "make request: %w", err)}
	}
	request.Header.Set("Content-Type", m.mediaType)
	request.Header.Set("Accept", "application/json")
	if p.options.Token != "" {
		request.Header.Set("Authorization", "Bearer "+p.options.Token)
	}
	if parent, state := traceContext(ctx); parent != "" {
		request.Header.Set("Traceparent", parent)
		request.Header.Set("Tracestate", state)
	}
	response, err := p.options.HTTPClient.Do(request)
	if err != nil {
		return nil, unreached(ctx, err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(io.LimitReader(response.Body, maxAnswer))
	if err != nil {
		return nil, unreached(ctx, err)
	}
	if response.StatusCode/100 != 2 {
		return nil, refused(response, body)
	}
	return body, nil
}
