package client

import (
	"context"
	"errors"
	"fmt"
	"os"

	"github.com/fanfare-hub/fanfare/signalr/hubproto"
)

const (
	// protocolVersion is the highest that has no numbered messages (HS-08): old
	// servers refuse a higher one.
	protocolVersion = 1

	// statefulVersion is the one with them.
	statefulVersion = 2

	// maxHandshake bounds the server's answer in bytes, far above any real one.
	maxHandshake = 64 << 10
)

// shakeHands agrees on the protocol (HS-01), and returns what came behind the
// server's answer (HS-04).
func (c *Client) shakeHands(ctx context.Context, l *link) (unread []byte, err error) {
	ctx, cancel := context.WithTimeout(ctx, c.options.HandshakeTimeout)
	defer cancel()
	stop := context.AfterFunc(ctx, func() { l.transport.Close() })
	unread, err = c.exchange(l)
	switch {
	case !stop():
		return nil, fmt.Errorf("wait for the server: %w", context.Cause(ctx))
	case errors.Is(err, os.ErrDeadlineExceeded): // the same moment, seen first by the transport
		return nil, fmt.Errorf("wait for the server: %w", context.DeadlineExceeded)
	}
	return unread, err
}

func (c *Client) exchange(l *link) (unread []byte, err error) {
	t, request := l.transport, hubproto.HandshakeRequest{Protocol: c.codec.Name(), Version: protocolVersion}
	if l.stateful {
		request.Version = statefulVersion
	}
	if err := t.Send(hubproto.AppendHandshakeRequest(nil, request), c.options.HandshakeTimeout); err != nil {
		return nil, fmt.Errorf("write: %w", err)
	}
	var record []byte
	for record == nil {
		if unread, err = t.Receive(unread, c.options.HandshakeTimeout); err != nil {
			return nil, fmt.Errorf("read: %w", err)
		}
		if record, unread, err = hubproto.NextRecord(unread, min(c.options.MaximumMessageSize, maxHandshake)); err != nil {
			return nil, err
		}
	}
	response, err := hubproto.ParseHandshakeResponse(record)
	if err != nil {
		return nil, err
	}
	if response.Error != "" {
		return nil, &HandshakeError{Message: response.Error}
	}
	return unread, nil
}
