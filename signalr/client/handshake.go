package client

import (
	"context"
	"errors"
	"fmt"
	"os"

	"github.com/fanfare-hub/fanfare/signalr/hubproto"
)

// protocolVersion is the highest that has no numbered messages (HS-08).
const protocolVersion = 1

// shakeHands agrees on the protocol (HS-01), and returns what came behind the
// server's answer (HS-04).
func (c *Client) shakeHands(ctx context.Context, t transport) (unread []byte, err error) {
	ctx, cancel := context.WithTimeout(ctx, c.options.HandshakeTimeout)
	defer cancel()
	stop := context.AfterFunc(ctx, func() { t.Close() })
	unread, err = c.exchange(t)
	switch {
	case !stop():
		return nil, fmt.Errorf("wait for the server: %w", context.Cause(ctx))
	case errors.Is(err, os.ErrDeadlineExceeded): // the same moment, seen first by the transport
		return nil, fmt.Errorf("wait for the server: %w", context.DeadlineExceeded)
	}
	return unread, err
}

func (c *Client) exchange(t transport) (unread []byte, err error) {
	request := hubproto.HandshakeRequest{Protocol: c.codec.Name(), Version: protocolVersion}
	if err := t.Send(hubproto.AppendHandshakeRequest(nil, request), c.options.HandshakeTimeout); err != nil {
		return nil, fmt.Errorf("write: %w", err)
	}
	var record []byte
	for record == nil {
		if unread, err = t.Receive(unread, c.options.HandshakeTimeout); err != nil {
			return nil, fmt.Errorf("read: %w", err)
		}
		if record, unread, err = hubproto.NextRecord(unread, c.options.MaximumMessageSize); err != nil {
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
