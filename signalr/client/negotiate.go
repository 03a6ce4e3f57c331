package client

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"

	"github.com/fanfare-hub/fanfare/signalr/hubproto"
)

const (
	// maxRedirects is what the official clients follow (NEG-19).
	maxRedirects = 100

	// maxNegotiateBody is far above any real answer.
	maxNegotiateBody = 1 << 20

	// requestTimeout bounds a request that is no transport, as in the official
	// clients.
	requestTimeout = 100 * time.Second
)

// negotiate asks for a connection and goes where it is redirected to: target
// is then the hub that has the connection.
func (c *Client) negotiate(ctx context.Context, target *endpoint) (*hubproto.Negotiation, error) {
	for range maxRedirects + 1 {
		answer, err := c.ask(ctx, target)
		if err != nil {
			return nil, err
		}
		if answer.URL == "" {
			return answer, nil
		}
		if err := target.redirect(answer); err != nil {
			return nil, err
		}
	}
	return nil, fmt.Errorf("redirected more than %d times", maxRedirects)
}

// ask makes one negotiate request, with a token of its own (AUTH-06).
func (c *Client) ask(ctx context.Context, target *endpoint) (*hubproto.Negotiation, error) {
	ctx, cancel := context.WithTimeout(ctx, requestTimeout)
	defer cancel()
	if _, err := target.token.renew(ctx); err != nil {
		return nil, err
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, target.negotiateURL(c.options.StatefulReconnect), http.NoBody)
	if err != nil {
		return nil, err
	}
	request.Header = target.requestHeader()
	setRequestedWith(request.Header)
	response, err := c.options.HTTPClient.Do(request)
	if err != nil {
		return nil, err
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		return nil, refusal(response)
	}
	body, err := io.ReadAll(io.LimitReader(response.Body, maxNegotiateBody))
	if err != nil {
		return nil, fmt.Errorf("read answer: %w", err)
	}
	answer, err := hubproto.ParseNegotiation(body)
	if err != nil {
		return nil, err
	}
	if answer.Error != "" {
		return nil, &NegotiateError{StatusCode: http.StatusOK, Message: answer.Error}
	}
	return answer, nil
}

// setRequestedWith keeps servers with cookie logins from answering with their
// login page.
func setRequestedWith(header http.Header) { header.Set("X-Requested-With", "XMLHttpRequest") }

// maxRefusal bounds what is kept of the text of a refusal, in bytes.
const maxRefusal = 4 << 10

// refusal is an HTTP answer that is none to go on from, with its text if it
// has one (NEG-21).
func refusal(response *http.Response) error {
	body, _ := io.ReadAll(io.LimitReader(response.Body, maxRefusal)) // what cannot be read says nothing
	text := strings.TrimSpace(string(body))
	if text == "" {
		text = http.StatusText(response.StatusCode)
	}
	return &NegotiateError{StatusCode: response.StatusCode, Message: text}
}
