package signalr

import (
	"errors"

	"github.com/fanfare-hub/fanfare/signalr/hubproto"
	"github.com/fanfare-hub/fanfare/signalr/internal/ws"
)

// textClosed is all that a client sees of an error that ends its connection,
// unless detailed errors are on (JSON-06).
const textClosed = "Connection closed with an error."

// EndReason says in a few words why a connection ended. OnDisconnected's error
// is nil for most of them, as in ASP.NET Core (LIFE-08).
type EndReason string

// Why a connection ends.
const (
	EndedByClient   EndReason = "closed by the client"
	EndedByServer   EndReason = "closed by the server" // Abort
	EndedLost       EndReason = "connection lost"
	EndedAway       EndReason = "client stayed away" // no poll, or no new WebSocket, in time
	EndedByShutdown EndReason = "server is shutting down"
	EndedExpired    EndReason = "credentials expired"
	EndedTimedOut   EndReason = "client timed out"
	EndedByError    EndReason = "error" // OnDisconnected's error tells more
)

// ending is how a connection ends: what its client is still told, and what
// OnDisconnected is.
type ending struct {
	last   []byte // whole frames, the last that are written
	reason EndReason
	err    error // for OnDisconnected; nil for an orderly end
}

// finally is an ending that says m, if the handshake is over, and then closes
// the transport with 1000, whatever the reason: clients take any other code
// for an error (WS-12).
func (c *connection) finally(m *hubproto.Close, reason EndReason, err error) ending {
	var last []byte
	if e := c.encoding.Load(); e != nil && m != nil {
		last = e.frame(last, m)
	}
	return ending{last: ws.AppendClose(last, ws.CodeNormal, ""), reason: reason, err: err}
}

// lost: the transport broke off; there is nobody to tell (WS-13).
func (*connection) lost(err error) ending { return ending{reason: EndedLost, err: err} }

// aborted: the application ended it (CLOSE-03).
func (c *connection) aborted() ending { return c.finally(&hubproto.Close{}, EndedByServer, nil) }

// asked: the client's Close message is answered by one (CLOSE-02, LIFE-08).
func (c *connection) asked(m *hubproto.Close) ending {
	var err error
	if m.HasError {
		err = HubError(m.Error)
	}
	return c.finally(&hubproto.Close{}, EndedByClient, err)
}

// elsewhere: the client may come back, here or on another server (CLOSE-06).
func (c *connection) elsewhere(reason EndReason) ending {
	return c.finally(&hubproto.Close{AllowReconnect: true}, reason, nil)
}

// silent: the client timed out (PING-06).
func (c *connection) silent() ending {
	e := c.failed(&namedError{nameCanceled, "Client hasn't sent a message/ping within the configured ClientTimeoutInterval."})
	e.reason = EndedTimedOut
	return e
}

// failed: the connection cannot go on; the client may try a new one (CLOSE-04).
func (c *connection) failed(err error) ending {
	return c.finally(&hubproto.Close{Error: c.textFor(err), HasError: true, AllowReconnect: true}, EndedByError, err)
}

// refused: OnConnected failed; the client need not try again (LIFE-03).
func (c *connection) refused(err error) ending {
	return c.finally(&hubproto.Close{Error: c.textFor(err), HasError: true}, EndedByError, err)
}

// rejected: the handshake failed, which is told by its answer (HS-03).
func (*connection) rejected(text string) ending {
	answer := hubproto.AppendHandshakeResponse(nil, hubproto.HandshakeResponse{Error: text})
	last := ws.AppendFrame(nil, ws.Text, answer) // text, whatever the client asked for (WS-05)
	return ending{last: ws.AppendClose(last, ws.CodeNormal, ""), reason: EndedByError}
}

// unreadable says how a connection ends whose transport gave err.
func (c *connection) unreadable(err error) ending {
	cut := error(nil)
	if c.intake.pending() && c.encoding.Load() != nil {
		cut = &namedError{nameInvalidData, "Connection terminated while reading a message."} // CLOSE-05
	}
	var closed *ws.CloseError
	var broken *ws.ProtocolError
	switch {
	case errors.As(err, &closed):
		return c.finally(nil, EndedByClient, cut) // WS-10
	case errors.As(err, &broken):
		return ending{last: ws.AppendClose(nil, broken.Code, ""), reason: EndedByError, err: broken}
	default:
		return c.lost(cut)
	}
}

func (c *connection) textFor(err error) string {
	return explain(textClosed, err, c.hub.options.DetailedErrors)
}
