package ws

import (
	"bufio"
	"bytes"
	"context"
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"net/http"

	"github.com/gobwas/ws"
)

// refusalBody bounds what is kept of the body of a refusal, in bytes.
const refusalBody = 4096

// Dialer opens connections to a server. The zero value is ready.
type Dialer struct {
	TLS     *tls.Config                                                       // for wss; nil is the default
	NetDial func(ctx context.Context, network, addr string) (net.Conn, error) // nil is net.Dialer's
}

// Dial opens a connection to a ws or wss URL with the zero Dialer.
func Dial(ctx context.Context, url string, header http.Header) (*Conn, *http.Response, error) {
	return (&Dialer{}).Dial(ctx, url, header)
}

// Dial opens a connection to a ws or wss URL. ctx bounds it until it is open.
// When the server answers with another status than 101, the error comes with
// that response; its body, cut to 4 KiB, need not be closed.
func (d *Dialer) Dial(ctx context.Context, url string, header http.Header) (*Conn, *http.Response, error) {
	var refusal *http.Response
	dialer := ws.Dialer{
		Header:    ws.HandshakeHeaderHTTP(header),
		NetDial:   d.NetDial,
		TLSConfig: d.TLS,
		OnStatusError: func(_ int, _ []byte, r io.Reader) {
			refusal = readRefusal(r) //nolint:bodyclose // its body is in memory
		},
	}
	conn, early, _, err := dialer.Dial(ctx, url)
	if err != nil {
		return nil, refusal, fmt.Errorf("dial websocket: %w", err)
	}
	return newConn(conn, ws.StateClientSide, drain(early)), nil, nil
}

// drain copies what was read behind the server's answer and gives the reader
// back.
func drain(r *bufio.Reader) []byte {
	if r == nil {
		return nil
	}
	early, _ := r.Peek(r.Buffered())
	early = bytes.Clone(early)
	ws.PutReader(r)
	return early
}

func readRefusal(r io.Reader) *http.Response {
	response, err := http.ReadResponse(bufio.NewReader(r), nil)
	if err != nil {
		return nil
	}
	// What cannot be read of the body is missing in it; the status says enough.
	body, _ := io.ReadAll(io.LimitReader(response.Body, refusalBody))
	_ = response.Body.Close()
	response.Body = io.NopCloser(bytes.NewReader(body))
	return response
}
