package ws_test

import (
	"bytes"
	"fmt"
	"io"
	"net"
	"strings"
	"testing"

	"github.com/fanfare-hub/fanfare/signalr/internal/ws"
)

func TestAppendFrameLengths(t *testing.T) {
	t.Parallel()
	for size, header := range map[int]string{
		0:       "\x81\x00",
		125:     "\x81\x7d",
		126:     "\x81\x7e\x00\x7e",
		1 << 16: "\x81\x7f\x00\x00\x00\x00\x00\x01\x00\x00",
	} {
		payload := bytes.Repeat([]byte("x"), size)
		got := ws.AppendFrame([]byte("before"), ws.Text, payload)
		if want := "before" + header + string(payload); string(got) != want {
			t.Errorf("AppendFrame of %d bytes begins with %q", size, got[:min(len(got), 20)])
		}
		op, gotPayload, rest := ws.NextFrame(append(got[len("before"):], "after"...))
		if op != ws.Text || !bytes.Equal(gotPayload, payload) || string(rest) != "after" {
			t.Errorf("NextFrame of %d bytes: %s, %d bytes, then %q", size, op, len(gotPayload), rest)
		}
	}
}

func TestAppendCloseCutsReason(t *testing.T) {
	t.Parallel()
	frame := ws.AppendClose(nil, ws.CodeNormal, strings.Repeat("é", 100))
	if len(frame) != 2+2+122 {
		t.Errorf("frame of %d bytes, want a reason of 61 whole characters", len(frame))
	}
}

// FuzzReadMessage feeds arbitrary bytes to a server's reader, in arbitrary
// pieces: it must end, not panic, and return no message above its limit.
func FuzzReadMessage(f *testing.F) {
	masked := func(fin, op byte, payload string) string {
		mask := [4]byte{1, 2, 3, 4}
		b := []byte{fin | op, 0x80 | byte(len(payload)), 1, 2, 3, 4}
		for i := range len(payload) {
			b = append(b, payload[i]^mask[i%4])
		}
		return string(b)
	}
	f.Add([]byte(masked(0x80, 1, "hello")), 1)
	f.Add([]byte(masked(0, 1, "h\xc3")+masked(0x80, 9, "ping")+masked(0x80, 0, "\xa9llo")), 3)
	f.Add([]byte(masked(0x80, 2, "\xff")+masked(0x80, 8, "\x03\xe8bye")), 100)
	f.Add([]byte("\x81\xff\xff\xff\xff\xff\xff\xff\xff\xff1234"), 2)
	f.Fuzz(func(t *testing.T, input []byte, piece int) {
		conn := acceptPipe(t, func(peer net.Conn) {
			piece = max(1, piece%64)
			for rest := input; len(rest) > 0; {
				n := min(piece, len(rest))
				if _, err := peer.Write(rest[:n]); err != nil {
					return
				}
				rest = rest[n:]
			}
		})
		const limit = 512
		conn.SetReadLimit(limit)
		conn.OnPing(func([]byte) {})
		for {
			_, message, err := conn.ReadMessage(nil)
			if err != nil {
				return
			}
			if len(message) > limit {
				t.Fatalf("message of %d bytes", len(message))
			}
		}
	})
}

// TestReadRules feeds a server's reader by hand, byte by byte, what a correct
// peer would not send.
func TestReadRules(t *testing.T) {
	t.Parallel()
	const key = "\x00\x00\x00\x00" // a mask that changes nothing
	for name, c := range map[string]struct{ input, want string }{
		"message":               {"\x81\x82" + key + "hi", "text hi, EOF"},
		"empty message":         {"\x82\x80" + key, "binary , EOF"},
		"fragments":             {"\x01\x81" + key + "h\x80\x81" + key + "i", "text hi, EOF"},
		"control between":       {"\x01\x81" + key + "h\x8a\x80" + key + "\x80\x81" + key + "i", "text hi, EOF"},
		"split character":       {"\x01\x81" + key + "\xc3\x80\x81" + key + "\xa9", "text é, EOF"},
		"close":                 {"\x88\x85" + key + "\x03\xe8bye", `websocket closed by the peer: 1000 "bye"`},
		"close without code":    {"\x88\x80" + key, `websocket closed by the peer: 1005 ""`},
		"close of one byte":     {"\x88\x81" + key + "\x03", "websocket protocol: close code of one byte"},
		"close 1005 on wire":    {"\x88\x82" + key + "\x03\xed", "websocket protocol: status code is only application level"},
		"unmasked":              {"\x81\x02hi", "websocket protocol: frames from client to server must be masked"},
		"reserved bit":          {"\xc1\x82" + key + "hi", "websocket protocol: non-zero rsv bits with no extension negotiated"},
		"reserved opcode":       {"\x83\x82" + key + "hi", "websocket protocol: use of reserved op code"},
		"fragmented ping":       {"\x09\x80" + key, "websocket protocol: control frame is not final"},
		"long ping":             {"\x89\xfe\x00\x7e" + key, "websocket protocol: control frame payload limit exceeded"},
		"continuation first":    {"\x80\x80" + key, "websocket protocol: unexpected continuation data frame"},
		"text inside fragments": {"\x01\x80" + key + "\x81\x80" + key, "websocket protocol: unexpected non-continuation data frame"},
		"not UTF-8":             {"\x81\x81" + key + "\xff", "websocket protocol: text is not UTF-8"},
		"cut character":         {"\x81\x81" + key + "\xc3", "websocket protocol: text is not UTF-8"},
		"binary of any bytes":   {"\x82\x81" + key + "\xff", "binary \xff, EOF"},
		"negative length":       {"\x81\xff\xff\xff\xff\xff\xff\xff\xff\xff" + key, "websocket protocol: header error: the most significant bit must be 0"},
		"end in payload":        {"\x81\x82" + key + "h", "read payload: unexpected EOF"},
		"too big":               {"\x81\xff\x00\x00\x00\x01\x00\x00\x00\x00" + key + "h", "websocket protocol: message above 10 bytes"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			conn := acceptPipe(t, func(peer net.Conn) {
				for i := range len(c.input) {
					if _, err := io.WriteString(peer, c.input[i:i+1]); err != nil {
						return
					}
				}
			})
			conn.SetReadLimit(10)
			if got := readAll(conn); got != c.want {
				t.Errorf("got  %q\nwant %q", got, c.want)
			}
		})
	}
}

// readAll lists the messages of a connection and the error that ended them.
func readAll(conn *ws.Conn) string {
	var got strings.Builder
	for {
		op, message, err := conn.ReadMessage(nil)
		if err != nil {
			return got.String() + err.Error()
		}
		fmt.Fprintf(&got, "%s %s, ", op, message)
	}
}
