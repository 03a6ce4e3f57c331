package client

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
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

// dialWebSocket opens the WebSocket of target with the settings of client that
// have a meaning here: its cookies, and its transport's dialer and TLS.
func dialWebSocket(ctx context.Context, client *http.Client, target *endpoint) (*webSocket, error) {
	u := *target.url
	u.Scheme = map[string]string{"http": "ws", "https": "wss"}[u.Scheme]
	header := target.header.Clone()
	if client.Jar != nil {
		addCookies(header, client.Jar.Cookies(target.url))
	}
	conn, response, err := dialerOf(client).Dial(ctx, u.String(), header)
	if response != nil {
		defer response.Body.Close()
		body, _ := io.ReadAll(response.Body) // what cannot be read says nothing
		return nil, fmt.Errorf("open websocket: %w", refusal(response, body))
	}
	if err != nil {
		return nil, fmt.Errorf("open websocket: %w", err)
	}
	return &webSocket{conn: conn, opcode: ws.Text}, nil
}

func addCookies(header http.Header, cookies []*http.Cookie) {
	request := http.Request{Header: header}
	for _, cookie := range cookies {
		request.AddCookie(cookie)
	}
}

func dialerOf(client *http.Client) *ws.Dialer {
	settings, ok := client.Transport.(*http.Transport)
	if !ok {
		return &ws.Dialer{}
	}
	dialer := &ws.Dialer{NetDial: settings.DialContext}
	if settings.TLSClientConfig != nil {
		dialer.TLS = settings.TLSClientConfig.Clone()
		dialer.TLS.NextProtos = nil // the upgrade is HTTP/1.1
	}
	return dialer
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

var _ transport = (*webSocket)(nil)
