package signalr

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"time"
)

// The layout of a connection token, before base64url: it carries all that the
// server must know about a negotiated connection, so that negotiating keeps
// nothing in memory.
const (
	tokenFlags  = 0  // one byte: the negotiate version, and below
	tokenIssued = 1  // milliseconds since 1970, eight bytes
	tokenRandom = 9  // sixteen bytes
	tokenMAC    = 25 // HMAC-SHA-256 of what stands before, cut to sixteen bytes
	tokenSize   = 41
)

// The bits of tokenFlags.
const (
	flagVersion1 = 1 << iota
	flagStateful // the client has asked for stateful reconnect, and may have it
)

// token is a verified connection token.
type token struct {
	text     string
	id       string
	version  int
	stateful bool // the client may come back with it
	issued   time.Time
}

// mint makes and verifies tokens under a key of its own, so that none is good
// in another process or after a restart.
type mint struct{ key [32]byte }

func newMint() *mint {
	m := &mint{}
	_, _ = rand.Read(m.key[:]) // never fails: crypto/rand ends the process instead
	return m
}

// issue makes a token for a connection negotiated in that version.
func (m *mint) issue(version int, stateful bool, now time.Time) token {
	raw := make([]byte, tokenMAC, tokenSize)
	raw[tokenFlags] = byte(version & flagVersion1)
	if stateful {
		raw[tokenFlags] |= flagStateful
	}
	binary.BigEndian.PutUint64(raw[tokenIssued:], uint64(now.UnixMilli()))
	_, _ = rand.Read(raw[tokenRandom:])
	raw = append(raw, m.sum("token", raw)...)
	return m.token(raw, base64.RawURLEncoding.EncodeToString(raw))
}

// verify reads a token that this mint has made; ok is false for any other, and
// for any other spelling of it: decoders pass over line breaks and spare bits,
// and a token of two names could attach twice.
func (m *mint) verify(text string) (t token, ok bool) {
	raw, err := base64.RawURLEncoding.DecodeString(text)
	if err != nil || len(raw) != tokenSize || base64.RawURLEncoding.EncodeToString(raw) != text {
		return token{}, false
	}
	if !hmac.Equal(raw[tokenMAC:], m.sum("token", raw[:tokenMAC])) {
		return token{}, false
	}
	return m.token(raw, text), true
}

func (m *mint) token(raw []byte, text string) token {
	t := token{
		text:     text,
		id:       text, // in version 0 the id is the token (NEG-15)
		version:  int(raw[tokenFlags] & flagVersion1),
		stateful: raw[tokenFlags]&flagStateful != 0,
		issued:   time.UnixMilli(int64(binary.BigEndian.Uint64(raw[tokenIssued:]))), //nolint:gosec // issue made it
	}
	if t.version > 0 {
		// The id says nothing about the token, and needs no table either.
		t.id = base64.RawURLEncoding.EncodeToString(m.sum("id", raw[:tokenMAC]))
	}
	return t
}

// sum keeps apart what is derived for different purposes.
func (m *mint) sum(purpose string, raw []byte) []byte {
	h := hmac.New(sha256.New, m.key[:])
	h.Write([]byte(purpose))
	h.Write(raw)
	return h.Sum(nil)[:tokenSize-tokenMAC]
}

// newID is the id of a connection that was not negotiated (WS-01).
func newID() string {
	var raw [16]byte
	_, _ = rand.Read(raw[:])
	return base64.RawURLEncoding.EncodeToString(raw[:])
}
