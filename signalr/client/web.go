package client

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"time"
)

// web makes the HTTP requests of a connection that has no WebSocket.
type web struct {
	client *http.Client // without a timeout of its own: polls and streams take long
	at     *endpoint
	format string // the media type of what is sent
	// ctx is the connection's own, which ends all its requests: no method's
	// caller lives as long.
	ctx    context.Context //nolint:containedctx // see above
	cancel context.CancelFunc
}

func (c *Client) newWeb(ctx context.Context, at *endpoint) *web {
	client := *c.options.HTTPClient
	client.Timeout = 0
	w := &web{client: &client, at: at, format: "text/plain;charset=UTF-8"}
	if c.codec.Binary() {
		w.format = "application/octet-stream"
	}
	w.ctx, w.cancel = context.WithCancel(context.WithoutCancel(ctx))
	return w
}

// do makes a request, and once more with a new token if it is refused for the
// old one (AUTH-06). The response's body is the caller's to close.
func (w *web) do(ctx context.Context, method, accept string, body []byte) (*http.Response, error) {
	response, err := w.once(ctx, method, accept, body)
	if err != nil || response.StatusCode != http.StatusUnauthorized {
		return response, err
	}
	renewed, err := w.at.token.renew(ctx)
	if err != nil {
		discard(response)
		return nil, err
	}
	if !renewed {
		return response, nil
	}
	discard(response)
	return w.once(ctx, method, accept, body)
}

func (w *web) once(ctx context.Context, method, accept string, body []byte) (*http.Response, error) {
	request, err := http.NewRequestWithContext(ctx, method, w.at.url.String(), bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	request.Header = w.at.requestHeader()
	setRequestedWith(request.Header)
	if accept != "" {
		request.Header.Set("Accept", accept)
	}
	if method == http.MethodPost {
		request.Header.Set("Content-Type", w.format)
	}
	return w.client.Do(request)
}

// Send posts messages.
func (w *web) Send(data []byte, timeout time.Duration) error {
	ctx, cancel := context.WithTimeout(w.ctx, timeout)
	defer cancel()
	response, err := w.do(ctx, http.MethodPost, "", data)
	if err != nil {
		return err
	}
	defer discard(response)
	if response.StatusCode/100 != 2 {
		return refusal(response)
	}
	return nil
}

// get begins a GET request that goes on as long as the connection, but ctx
// bounds the wait for the response. The response's status is 200.
func (w *web) get(ctx context.Context, accept string) (*http.Response, error) {
	stop := context.AfterFunc(ctx, w.cancel)
	response, err := w.do(w.ctx, http.MethodGet, accept, nil) //nolint:contextcheck // it goes on when ctx, the opening's, has ended
	switch {
	case !stop():
		if err == nil {
			response.Body.Close()
		}
		return nil, context.Cause(ctx)
	case err != nil:
		return nil, err
	case response.StatusCode != http.StatusOK:
		defer discard(response)
		return nil, refusal(response)
	}
	return response, nil
}

// batches says that a Send is a request of its own.
func (*web) batches() {}

// Close ends all requests.
func (w *web) Close() error {
	w.cancel()
	return nil
}

// discard reads what is left of a short body, so that the TCP connection can be
// used again.
func discard(response *http.Response) {
	_, _ = io.CopyN(io.Discard, response.Body, maxRefusal)
	response.Body.Close()
}

var _ batcher = (*web)(nil)
