package signalr

import (
	"errors"
	"fmt"
	"os"
	"strings"

	"github.com/fanfare-hub/fanfare/signalr/hubproto"
	"github.com/fanfare-hub/fanfare/signalr/internal/ws"
)

const (
	textHandshakeCanceled = "Handshake was canceled."
	textHandshakeFailed   = "An unexpected error occurred during connection handshake."
)

// handshake reads the client's request, answers it and makes the connection
// known to the hub. When it is not ok, the connection ends as it says.
func (c *connection) handshake() (e ending, ok bool) {
	c.transport.deadline(c.hub.options.HandshakeTimeout)
	record, rest, e, ok := c.handshakeRecord()
	if !ok {
		return e, false
	}
	request, err := hubproto.ParseHandshakeRequest(record)
	if err != nil {
		return c.rejected(explain(textHandshakeFailed, err, c.hub.options.DetailedErrors)), false
	}
	chosen, problem := c.hub.choose(request)
	if chosen == nil {
		return c.rejected(problem), false
	}
	if chosen.codec.Binary() && c.transport.kind() == ServerSentEvents { // SSE-06
		return c.rejected(fmt.Sprintf("Cannot use the '%s' protocol on the current transport. "+
			"The transport does not support 'Binary' transfer format.", chosen.codec.Name())), false
	}
	c.intake.rest(rest)
	chosen.users.Add(1)
	c.encoding.Store(chosen)
	if c.token.stateful && request.Version >= hubproto.MaxVersion && c.transport.kind() == WebSockets {
		c.arm() // SR-01
	}
	answer := hubproto.AppendHandshakeResponse(nil, hubproto.HandshakeResponse{})
	register := task{kind: taskRegister, conn: c, bytes: ws.AppendFrame(nil, chosen.opcode, answer)}
	if err := c.post(register); err != nil {
		return ending{}, false // it has ended already
	}
	c.transport.deadline(0)
	// An end that came before has interrupted the reading in vain; but it has
	// cancelled the context first. It does not keep OnConnected from running:
	// the client may know already that it is connected (LIFE-01, LIFE-02).
	return ending{}, true
}

// handshakeRecord reads the first record, which need not come in one piece and
// may have messages behind it (HS-04).
func (c *connection) handshakeRecord() (record, rest []byte, e ending, ok bool) {
	for {
		record, rest, err := hubproto.NextRecord(c.intake.data, c.hub.options.MaximumReceiveMessageSize)
		if err != nil { // HS-11
			return nil, nil, c.rejected(textHandshakeCanceled), false
		}
		if record != nil {
			return record, rest, e, true
		}
		err = c.fill()
		switch {
		case err == nil:
		case errors.Is(err, os.ErrDeadlineExceeded): // HS-10
			return nil, nil, c.rejected(textHandshakeCanceled), false
		default: // HS-15
			return nil, nil, c.unreadable(err), false
		}
	}
}

// choose finds the encoding that a client asks for (HS-05 to HS-07); without
// one it says why.
func (h *Hub) choose(r hubproto.HandshakeRequest) (*encoding, string) {
	for _, e := range h.encodings {
		if !strings.EqualFold(e.codec.Name(), r.Protocol) {
			continue
		}
		if r.Version > hubproto.MaxVersion {
			return nil, fmt.Sprintf("The server does not support version %d of the '%s' protocol.", r.Version, r.Protocol)
		}
		return e, ""
	}
	return nil, fmt.Sprintf("The protocol '%s' is not supported.", r.Protocol)
}
