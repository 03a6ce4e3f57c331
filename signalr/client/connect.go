package client

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
)

// endpoint is where to connect: what the options say at first, and what
// negotiation makes of it.
type endpoint struct {
	url    *url.URL // http or https
	header http.Header
	id     string // the connection's; empty without negotiation
}

// connect makes a connection on which the handshake is done.
func (c *Client) connect(ctx context.Context) (*connection, error) {
	target, err := c.locate(ctx)
	if err != nil {
		return nil, err
	}
	t, err := dialWebSocket(ctx, c.options.HTTPClient, target)
	if err != nil {
		return nil, err
	}
	unread, err := c.shakeHands(ctx, t)
	if err != nil {
		t.Close()
		return nil, fmt.Errorf("handshake: %w", err)
	}
	return c.newConnection(target.id, t, unread), nil
}

// locate finds the address of the transport.
func (c *Client) locate(ctx context.Context) (*endpoint, error) {
	target, err := c.firstEndpoint(ctx)
	if err != nil {
		return nil, err
	}
	if c.options.SkipNegotiation {
		return target, nil
	}
	if err := c.negotiate(ctx, target); err != nil {
		return nil, fmt.Errorf("negotiate: %w", err)
	}
	return target, nil
}

func (c *Client) firstEndpoint(ctx context.Context) (*endpoint, error) {
	u, err := parseURL(c.url)
	if err != nil {
		return nil, err
	}
	target := &endpoint{url: u, header: c.options.Header.Clone()}
	if target.header == nil {
		target.header = make(http.Header)
	}
	if c.options.AccessToken == nil {
		return target, nil
	}
	token, err := c.options.AccessToken(ctx)
	if err != nil {
		return nil, fmt.Errorf("access token: %w", err)
	}
	target.authorize(token)
	return target, nil
}

func (e *endpoint) authorize(token string) {
	if token != "" {
		e.header.Set("Authorization", "Bearer "+token)
	}
}

// parseURL takes the address of a hub in any of its four schemes.
func parseURL(raw string) (*url.URL, error) {
	u, err := url.Parse(raw)
	if err != nil {
		return nil, fmt.Errorf("hub address: %w", err)
	}
	switch u.Scheme {
	case "http", "https":
	case "ws":
		u.Scheme = "http"
	case "wss":
		u.Scheme = "https"
	default:
		return nil, fmt.Errorf("hub address %q: scheme is not http, https, ws or wss", u.Redacted())
	}
	return u, nil
}
