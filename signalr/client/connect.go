package client

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/fanfare-hub/fanfare/signalr/hubproto"
)

// link is a transport that was opened, and what is known of its connection.
type link struct {
	transport transport
	at        *endpoint // where the transport was opened
	id        string    // the connection's; empty without negotiation
	stateful  bool      // the server keeps the connection when the transport is lost
}

// connect makes a connection on which the handshake is done.
func (c *Client) connect(ctx context.Context) (*connection, error) {
	target, err := newEndpoint(c.url, &c.options)
	if err != nil {
		return nil, err
	}
	l, err := c.open(ctx, target)
	if err != nil {
		return nil, err
	}
	unread, err := c.shakeHands(ctx, l)
	if err != nil {
		release(l.transport)
		return nil, fmt.Errorf("handshake: %w", err)
	}
	return c.newConnection(l, unread), nil
}

// open opens a transport of a new connection.
func (c *Client) open(ctx context.Context, target *endpoint) (*link, error) {
	if !c.options.SkipNegotiation {
		return c.openNegotiated(ctx, target)
	}
	if c.options.Transports&WebSockets == 0 {
		return nil, errors.New("negotiation can only be skipped with WebSockets")
	}
	if _, err := target.token.renew(ctx); err != nil {
		return nil, err
	}
	t, err := c.openTransport(ctx, WebSockets, target)
	if err != nil {
		return nil, err
	}
	return &link{transport: t, at: target}, nil
}

// openNegotiated opens the first transport that works of those that the server
// offers, in its order. Each try takes a connection of its own (NEG-18).
func (c *Client) openNegotiated(ctx context.Context, target *endpoint) (*link, error) {
	answer, err := c.negotiate(ctx, target)
	if err != nil {
		return nil, fmt.Errorf("negotiate: %w", err)
	}
	offers := answer.Transports
	var failures openErrors
	for _, offer := range offers {
		kind, err := c.choose(offer)
		if err != nil {
			failures = append(failures, err)
			continue
		}
		if answer == nil {
			if answer, err = c.negotiate(ctx, target); err != nil {
				return nil, fmt.Errorf("negotiate: %w", err)
			}
		}
		l, err := c.openAnswered(ctx, kind, target, answer)
		if err == nil || ctx.Err() != nil {
			return l, err
		}
		failures, answer = append(failures, err), nil
	}
	if len(failures) == 0 {
		return nil, errors.New("server offers no transport")
	}
	return nil, failures
}

// choose says which transport an offer means, or why it cannot be taken.
func (c *Client) choose(offer hubproto.TransportInfo) (Transports, error) {
	kind := hubproto.TransportNamed(offer.Transport)
	format := hubproto.FormatText
	if c.codec.Binary() {
		format = hubproto.FormatBinary
	}
	switch {
	case kind == 0:
		return 0, fmt.Errorf("%q is not known to the client", offer.Transport)
	case c.options.Transports&kind == 0:
		return 0, fmt.Errorf("%v is switched off in the client", kind)
	case !slices.Contains(offer.TransferFormats, format):
		return 0, fmt.Errorf("%v does not carry the protocol %s: it has not the format %s", kind, c.codec.Name(), format)
	default:
		return kind, nil
	}
}

// openAnswered opens a transport of the connection that the server has made.
func (c *Client) openAnswered(ctx context.Context, kind Transports, target *endpoint, answer *hubproto.Negotiation) (*link, error) {
	if answer.ConnectionToken == "" {
		return nil, errors.New("server gave no connection token")
	}
	at := target.attached(answer.ConnectionToken)
	t, err := c.openTransport(ctx, kind, at)
	if err != nil {
		return nil, err
	}
	stateful := c.options.StatefulReconnect && answer.UseStatefulReconnect && kind == WebSockets
	return &link{transport: t, at: at, id: answer.ConnectionID, stateful: stateful}, nil
}

// openTransport opens a transport within the time of a handshake, so that what
// swallows one kind of requests does not keep the client from the next.
func (c *Client) openTransport(ctx context.Context, kind Transports, at *endpoint) (transport, error) {
	ctx, cancel := context.WithTimeout(ctx, c.options.HandshakeTimeout)
	defer cancel()
	switch kind {
	case WebSockets:
		t, err := dialWebSocket(ctx, c.options.HTTPClient, at, c.codec.Binary())
		return opened(t, err, "open websocket")
	case ServerSentEvents:
		t, err := openEventStream(ctx, c.newWeb(ctx, at))
		return opened(t, err, "open event stream")
	default:
		t, err := openLongPolling(ctx, c.newWeb(ctx, at))
		return opened(t, err, "open long polling")
	}
}

// opened is t as a transport, which is nil if there is none.
func opened[T transport](t T, err error, operation string) (transport, error) {
	if err != nil {
		return nil, fmt.Errorf("%s: %w", operation, err)
	}
	return t, nil
}

// openErrors says, for each transport that the server offers, why it was not
// taken.
type openErrors []error

func (e openErrors) Error() string {
	texts := make([]string, len(e))
	for i, err := range e {
		texts[i] = err.Error()
	}
	return strings.Join(texts, "; ")
}

func (e openErrors) Unwrap() []error { return e }
