package client

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/fanfare-hub/fanfare/signalr/hubproto"
)

const (
	// maxRedirects is what the official clients follow (NEG-19).
	maxRedirects = 100

	// maxNegotiateBody is far above any real answer.
	maxNegotiateBody = 1 << 20
)

// negotiate asks for a connection, goes where it is redirected to, and makes
// target the address of the transport.
func (c *Client) negotiate(ctx context.Context, target *endpoint) error {
	for range maxRedirects + 1 {
		answer, err := c.ask(ctx, target)
		if err != nil {
			return err
		}
		if answer.URL == "" {
			return target.attach(answer)
		}
		if err := target.redirect(answer); err != nil {
			return err
		}
	}
	return fmt.Errorf("redirected more than %d times", maxRedirects)
}

// ask makes one negotiate request.
func (c *Client) ask(ctx context.Context, target *endpoint) (*hubproto.Negotiation, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, target.negotiateURL(), http.NoBody)
	if err != nil {
		return nil, err
	}
	request.Header = target.header.Clone()
	// Keeps servers with cookie logins from answering with their login page.
	request.Header.Set("X-Requested-With", "XMLHttpRequest")
	response, err := c.options.HTTPClient.Do(request)
	if err != nil {
		return nil, err
	}
	defer response.Body.Close()
	body, err := io.ReadAll(io.LimitReader(response.Body, maxNegotiateBody))
	if err != nil {
		return nil, fmt.Errorf("read answer: %w", err)
	}
	if response.StatusCode != http.StatusOK {
		return nil, refusal(response, body)
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

// refusal is an HTTP answer that is none to negotiate from, with its text if
// it has one (NEG-21).
func refusal(response *http.Response, body []byte) error {
	text := strings.TrimSpace(string(body))
	if text == "" {
		text = http.StatusText(response.StatusCode)
	}
	return &NegotiateError{StatusCode: response.StatusCode, Message: text}
}

// negotiateURL is the negotiate resource beside the hub's own, with the hub's
// query.
func (e *endpoint) negotiateURL() string {
	u := *e.url
	u.Path = strings.TrimSuffix(u.Path, "/") + "/negotiate"
	u.RawPath = ""
	if !u.Query().Has("negotiateVersion") {
		addQuery(&u, "negotiateVersion", "1")
	}
	return u.String()
}

// redirect points e to where an answer sends it.
func (e *endpoint) redirect(answer *hubproto.Negotiation) error {
	next, err := e.url.Parse(answer.URL)
	if err != nil {
		return fmt.Errorf("redirect: %w", err)
	}
	if e.url, err = parseURL(next.String()); err != nil {
		return fmt.Errorf("redirect: %w", err)
	}
	e.authorize(answer.AccessToken)
	return nil
}

// attach points e to the connection that the server has made.
func (e *endpoint) attach(answer *hubproto.Negotiation) error {
	offersWebSockets := func(t hubproto.TransportInfo) bool {
		return t.Transport == hubproto.TransportWebSockets && slices.Contains(t.TransferFormats, hubproto.FormatText)
	}
	if !slices.ContainsFunc(answer.Transports, offersWebSockets) {
		return errors.New("server does not offer the WebSockets transport")
	}
	if answer.ConnectionToken == "" {
		return errors.New("server gave no connection token")
	}
	e.id = answer.ConnectionID
	addQuery(e.url, "id", answer.ConnectionToken)
	return nil
}

// addQuery appends a parameter and leaves the others as they are written.
func addQuery(u *url.URL, name, value string) {
	if u.RawQuery != "" {
		u.RawQuery += "&"
	}
	u.RawQuery += name + "=" + url.QueryEscape(value)
}
