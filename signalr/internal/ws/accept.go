package ws

import (
	"crypto/sha1" //nolint:gosec // the protocol wants it
	"encoding/base64"
	"fmt"
	"net"
	"net/http"
	"strings"

	"github.com/gobwas/ws"
)

// IsUpgrade says whether a request asks for a WebSocket. It need not be a
// correct one: that is for Accept to find out.
func IsUpgrade(r *http.Request) bool {
	return hasToken(r.Header, "Connection", "upgrade") && hasToken(r.Header, "Upgrade", "websocket")
}

// Accept turns a request into a WebSocket. A request that is none is answered
// with a 4xx status, on a connection that stays a plain HTTP one. The request
// and the writer must not be used afterwards, and the handler may return: the
// connection lives on. Deadlines of the HTTP server are lifted. A writer that
// has a method Detach() (net.Conn, []byte) is asked for the connection, without
// deadlines, and what has been read of it too far.
func Accept(w http.ResponseWriter, r *http.Request) (*Conn, error) {
	if err := checkUpgrade(w, r); err != nil {
		return nil, err
	}
	if w, ok := w.(interface{ Detach() (net.Conn, []byte) }); ok {
		conn, early := w.Detach()
		return acceptOn(conn, r.Header.Get("Sec-Websocket-Key"), early)
	}
	conn, rw, _, err := ws.UpgradeHTTP(r, w)
	if err != nil {
		if conn != nil {
			_ = conn.Close()
		}
		return nil, fmt.Errorf("upgrade: %w", err)
	}
	early, _ := rw.Peek(rw.Reader.Buffered())
	return newConn(conn, ws.StateServerSide, append([]byte(nil), early...)), nil
}

// acceptOn says yes, in the words of UpgradeHTTP.
func acceptOn(conn net.Conn, key string, early []byte) (*Conn, error) {
	const yes = "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: "
	sum := sha1.Sum([]byte(key + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11")) //nolint:gosec // RFC 6455, 4.2.2
	buffer, _ := buffers.Get().(*[bufferSize]byte)
	defer buffers.Put(buffer)
	out := base64.StdEncoding.AppendEncode(append(buffer[:0], yes...), sum[:])
	if _, err := conn.Write(append(out, "\r\n\r\n"...)); err != nil {
		_ = conn.Close()
		return nil, fmt.Errorf("upgrade: %w", err)
	}
	return newConn(conn, ws.StateServerSide, early), nil
}

// checkUpgrade looks before the connection is taken from the HTTP server, so
// that a refusal is an ordinary response (WS-02).
func checkUpgrade(w http.ResponseWriter, r *http.Request) error {
	var status int
	var reason string
	switch version := r.Header.Get("Sec-Websocket-Version"); {
	case r.Method != http.MethodGet:
		status, reason = http.StatusMethodNotAllowed, "method is not GET"
	case !IsUpgrade(r), !r.ProtoAtLeast(1, 1), r.ProtoMajor > 1, r.Host == "":
		status, reason = http.StatusBadRequest, "not an upgrade to websocket"
	case version == "" || len(r.Header.Get("Sec-Websocket-Key")) != keySize:
		status, reason = http.StatusBadRequest, "bad websocket key or version"
	case version != "13":
		w.Header().Set("Sec-Websocket-Version", "13")
		status, reason = http.StatusUpgradeRequired, "websocket version is not 13"
	default:
		return nil
	}
	http.Error(w, reason, status)
	return fmt.Errorf("upgrade: %s", reason)
}

// keySize is 16 bytes in base64.
const keySize = 24

func hasToken(h http.Header, name, token string) bool {
	for _, line := range h.Values(name) {
		for word := range strings.SplitSeq(line, ",") {
			if strings.EqualFold(strings.TrimSpace(word), token) {
				return true
			}
		}
	}
	return false
}
