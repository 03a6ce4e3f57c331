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
	tokenPath   = 1  // number of the endpoint that issued it, four bytes
	tokenIssued = 5  // milliseconds since 1970, eight bytes
	tokenUser   = 13 // fingerprint of the user who negotiated, eight bytes
	tokenRandom = 21 // sixteen bytes
	tokenMAC    = 37 // HMAC-SHA-256 of what stands before, cut to sixteen bytes
	tokenSize   = 53
)

// The bits of tokenFlags.
const (
	flagVersion1 = 1 << iota
	flagStateful // the client has asked for stateful reconnect, and may have it
)

// fingerprint stands for a user's id in a token. It is made with the mint's
// key, so that nobody learns the id from it or finds another id with the same.
// That of an endpoint which does not compare users is zero.
type fingerprint [tokenRandom - tokenUser]byte

// claim is what a new token says besides its random part.
type claim struct {
	version  int  // of negotiate
	stateful bool // the client may come back with it
	path     uint32
	user     fingerprint
}

// token is a verified connection token.
type token struct {
	claim

	text   string
	id     string
	issued time.Time
}

// mint makes and verifies tokens under a key of its own, so that none is good
// in another process or after a restart.
type mint struct{ key [32]byte }

func newMint() *mint {
	m := &mint{}
	_, _ = rand.Read(m.key[:]) // never fails: crypto/rand ends the process instead
	return m
}

// issue makes a token for a connection that is negotiated now.
func (m *mint) issue(c claim, now time.Time) token {
	raw := make([]byte, tokenMAC, tokenSize)
	raw[tokenFlags] = byte(c.version & flagVersion1)
	if c.stateful {
		raw[tokenFlags] |= flagStateful
	}
	binary.BigEndian.PutUint32(raw[tokenPath:], c.path)
	binary.BigEndian.PutUint64(raw[tokenIssued:], uint64(now.UnixMilli()))
	copy(raw[tokenUser:], c.user[:])
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
		claim: claim{
			version:  int(raw[tokenFlags] & flagVersion1),
			stateful: raw[tokenFlags]&flagStateful != 0,
			path:     binary.BigEndian.Uint32(raw[tokenPath:]),
		},
		text:   text,
		id:     text,                                                              // in version 0 the id is the token (NEG-15)
		issued: time.UnixMilli(int64(binary.BigEndian.Uint64(raw[tokenIssued:]))), //nolint:gosec // issue made it
	}
	copy(t.user[:], raw[tokenUser:])
	if t.version > 0 {
		// The id says nothing about the token, and needs no table either.
		t.id = base64.RawURLEncoding.EncodeToString(m.sum("id", raw[:tokenMAC]))
	}
	return t
}

// fingerprint is that of the user with this id.
func (m *mint) fingerprint(id string) fingerprint { return fingerprint(m.sum("user", []byte(id))) }

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
