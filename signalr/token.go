package signalr

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"hash"
	"sync"
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
	tokenMAC    = 37 // the first half of the HMAC-SHA-256 of what stands before
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
	version  uint8 // of negotiate
	stateful bool  // the client may come back with it
	path     uint32
	user     fingerprint
}

// token is a verified connection token.
type token struct {
	claim

	text   string
	id     string
	issued int64 // ms since 1970
}

// age is the time since negotiate.
func (t token) age() time.Duration { return time.Since(time.UnixMilli(t.issued)) }

// mint makes and verifies tokens under a key of its own, so that none is good
// in another process or after a restart.
type mint struct{ hashes sync.Pool }

func newMint() *mint {
	key := make([]byte, sha256.BlockSize)
	_, _ = rand.Read(key) // never fails: crypto/rand ends the process instead
	return &mint{sync.Pool{New: func() any { return hmac.New(sha256.New, key) }}}
}

// issue makes a token for a connection that is negotiated now.
func (m *mint) issue(c claim, now time.Time) token {
	raw := make([]byte, tokenMAC, tokenSize)
	raw[tokenFlags] = c.version & flagVersion1
	if c.stateful {
		raw[tokenFlags] |= flagStateful
	}
	binary.BigEndian.PutUint32(raw[tokenPath:], c.path)
	binary.BigEndian.PutUint64(raw[tokenIssued:], uint64(now.UnixMilli()))
	copy(raw[tokenUser:], c.user[:])
	_, _ = rand.Read(raw[tokenRandom:])
	sum := m.sum("token", raw)
	raw = append(raw, sum[:tokenSize-tokenMAC]...)
	return newToken(raw, base64.RawURLEncoding.EncodeToString(raw), sum)
}

// verify reads a token that this mint has made; ok is false for any other, and
// for any other spelling of it: decoders pass over line breaks and spare bits,
// and a token of two names could attach twice.
func (m *mint) verify(text string) (t token, ok bool) {
	raw, err := base64.RawURLEncoding.DecodeString(text)
	if err != nil || len(raw) != tokenSize {
		return token{}, false
	}
	own := base64.RawURLEncoding.EncodeToString(raw) // not a piece of the request, which it would keep alive
	if own != text {
		return token{}, false
	}
	sum := m.sum("token", raw[:tokenMAC])
	if !hmac.Equal(raw[tokenMAC:], sum[:tokenSize-tokenMAC]) {
		return token{}, false
	}
	return newToken(raw, own, sum), true
}

func newToken(raw []byte, text string, sum [sha256.Size]byte) token {
	t := token{
		claim: claim{
			version:  raw[tokenFlags] & flagVersion1,
			stateful: raw[tokenFlags]&flagStateful != 0,
			path:     binary.BigEndian.Uint32(raw[tokenPath:]),
		},
		text:   text,
		id:     text,                                              // in version 0 the id is the token (NEG-15)
		issued: int64(binary.BigEndian.Uint64(raw[tokenIssued:])), //nolint:gosec // issue made it
	}
	copy(t.user[:], raw[tokenUser:])
	if t.version > 0 {
		// The id is the half of the sum that the token does not have: it says
		// nothing about the other one, and needs no table either.
		t.id = base64.RawURLEncoding.EncodeToString(sum[tokenSize-tokenMAC:])
	}
	return t
}

// fingerprint is that of the user with this id.
func (m *mint) fingerprint(id string) (f fingerprint) {
	sum := m.sum("user", []byte(id))
	copy(f[:], sum[:])
	return f
}

// sum keeps apart what is derived for different purposes.
func (m *mint) sum(purpose string, raw []byte) (sum [sha256.Size]byte) {
	h, _ := m.hashes.Get().(hash.Hash)
	defer m.hashes.Put(h)
	h.Reset()
	h.Write([]byte(purpose))
	h.Write(raw)
	h.Sum(sum[:0])
	return sum
}

// newID is the id of a connection that was not negotiated (WS-01).
func newID() string {
	var raw [16]byte
	_, _ = rand.Read(raw[:])
	return base64.RawURLEncoding.EncodeToString(raw[:])
}
