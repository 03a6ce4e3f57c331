package client

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/url"
	"sync"
	"time"

	"github.com/fanfare-hub/fanfare/signalr/internal/ws"
)

// webSocket is the transport of one WebSocket.
type webSocket struct {
	conn   *ws.Conn
	opcode ws.Opcode // of what is sent (WS-05)
	finish sync.Once
}

// dialWebSocket opens the WebSocket of a connection with the settings of client
// that have a meaning here: its cookies, and its transport's dialer and TLS. If
// it is refused for its token it tries once more with a new one (AUTH-06).
func dialWebSocket(ctx context.Context, client *http.Client, at *endpoint, binary bool) (*webSocket, error) {
	conn, refused, err := dialOnce(ctx, client, at)
	if refused == http.StatusUnauthorized {
		renewed, failure := at.token.renew(ctx)
		if failure != nil {
			return nil, failure
		}
		if renewed {
			conn, _, err = dialOnce(ctx, client, at)
		}
	}
	if err != nil {
		return nil, err
	}
	opcode := ws.Text
	if binary {
		opcode = ws.Binary
	}
	return &webSocket{conn: conn, opcode: opcode}, nil
}

// dialOnce returns the status of the refusal if there was one.
func dialOnce(ctx context.Context, client *http.Client, at *endpoint) (*ws.Conn, int, error) {
	u := *at.url
	u.Scheme = map[string]string{"http": "ws", "https": "wss"}[u.Scheme]
	header := at.requestHeader()
	if client.Jar != nil {
		addCookies(header, client.Jar.Cookies(at.url))
	}
	dialer, err := dialerOf(client, at.url)
	if err != nil {
		return nil, 0, err
	}
	conn, response, err := dialer.Dial(ctx, u.String(), header)
	if response != nil {
		defer response.Body.Close()
		return nil, response.StatusCode, refusal(response)
	}
	return conn, 0, err
}

func addCookies(header http.Header, cookies []*http.Cookie) {
	request := http.Request{Header: header}
	for _, cookie := range cookies {
		request.AddCookie(cookie)
	}
}

// dialerOf is a dialer with the settings of client.
func dialerOf(client *http.Client, target *url.URL) (*ws.Dialer, error) {
	settings := transportOf(client)
	if settings == nil {
		return &ws.Dialer{}, nil
	}
	dial := settings.DialContext
	if dial == nil {
		dial = new(net.Dialer).DialContext
	}
	through, err := proxyDial(settings, target, dial)
	if err != nil {
		return nil, err
	}
	dialer := &ws.Dialer{NetDial: through}
	if settings.TLSClientConfig != nil {
		dialer.TLS = settings.TLSClientConfig.Clone()
		dialer.TLS.NextProtos = nil // the upgrade is HTTP/1.1
	}
	return dialer, nil
}

// transportOf is the HTTP transport of client, nil if it is not of the usual
// kind.
func transportOf(client *http.Client) *http.Transport {
	transport := client.Transport
	if transport == nil {
		transport = http.DefaultTransport
	}
	settings, _ := transport.(*http.Transport)
	return settings
}

// receiveStep is what Receive gathers of a long message before it returns.
const receiveStep = 64 << 10

// Receive returns at the end of a WebSocket message, or when buf has doubled,
// so that a long one is looked at a few times only.
func (w *webSocket) Receive(buf []byte, timeout time.Duration) ([]byte, error) {
	enough := 2*len(buf) + receiveStep
	for len(buf) < enough {
		if err := w.conn.SetReadDeadline(time.Now().Add(timeout)); err != nil {
			return buf, err
		}
		_, more, end, err := w.conn.ReadChunk(buf)
		if err != nil {
			return buf, w.lost(err)
		}
		if buf = more; end {
			break
		}
	}
	return buf, nil
}

// lost tells an orderly end from others.
func (w *webSocket) lost(err error) error {
	var closed *ws.CloseError
	switch {
	case errors.As(err, &closed):
		_ = w.Finish() // an answer for politeness: the end is certain
		if closed.Code == ws.CodeNormal || closed.Code == ws.CodeNoStatus {
			return io.EOF
		}
	case errors.Is(err, io.EOF):
		return io.ErrUnexpectedEOF
	}
	return err
}

func (w *webSocket) Send(data []byte, timeout time.Duration) error {
	if err := w.conn.SetWriteDeadline(time.Now().Add(timeout)); err != nil {
		return err
	}
	return w.conn.WriteMessage(w.opcode, data)
}

func (w *webSocket) Finish() error {
	var err error
	w.finish.Do(func() {
		if err = w.conn.SetWriteDeadline(time.Now().Add(closeTimeout)); err == nil {
			err = w.conn.WriteClose(ws.CodeNormal, "")
		}
	})
	return err
}

func (w *webSocket) Close() error { return w.conn.Close() }

// NeedsPings is true: control frames do not count as life.
func (*webSocket) NeedsPings() bool { return true }

var _ transport = (*webSocket)(nil)
