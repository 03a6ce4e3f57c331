package fanfare

import (
	"crypto/rand"
	"crypto/sha1" //nolint:gosec // UUIDv5 is defined by SHA-1; nothing secret depends on it
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"strings"
	"time"
)

// NewID returns a new UUIDv7: ids made later, by a millisecond or more, sort
// behind.
func NewID() string {
	var u [16]byte
	rand.Read(u[:])
	ms := uint64(time.Now().UnixMilli())
	binary.BigEndian.PutUint16(u[0:], uint16(ms>>32)) //nolint:gosec // the upper 16 of 48 bits
	binary.BigEndian.PutUint32(u[2:], uint32(ms))     //nolint:gosec // the lower 32 of 48 bits
	return formatUUID(u, 7)
}

// DeriveID returns the UUIDv5 of the parts, joined by newlines, in the URL
// namespace: the same parts give the same id, in every process and for ever. A
// part must hold no newline unless it is the last.
func DeriveID(parts ...string) string {
	// 6ba7b811-9dad-11d1-80b4-00c04fd430c8, RFC 9562's namespace for URLs.
	name := []byte("\x6b\xa7\xb8\x11\x9d\xad\x11\xd1\x80\xb4\x00\xc0\x4f\xd4\x30\xc8")
	name = append(name, strings.Join(parts, "\n")...)
	sum := sha1.Sum(name) //nolint:gosec // see the import
	return formatUUID([16]byte(sum[:16]), 5)
}

// formatUUID sets version and variant and returns the text form.
func formatUUID(u [16]byte, version byte) string {
	u[6] = u[6]&0x0f | version<<4
	u[8] = u[8]&0x3f | 0x80
	return hyphenate(hex.EncodeToString(u[:]))
}

// hyphenate takes 32 hexadecimal digits.
func hyphenate(digits string) string {
	return digits[:8] + "-" + digits[8:12] + "-" + digits[12:16] + "-" + digits[16:20] + "-" + digits[20:]
}

// ParseGUID takes a GUID in any case, with hyphens or without, and returns it
// in lower case with hyphens. The error is CodeInvalidArgument.
func ParseGUID(s string) (string, error) {
	digits := s
	if len(s) == 36 && s[8] == '-' && s[13] == '-' && s[18] == '-' && s[23] == '-' {
		digits = s[:8] + s[9:13] + s[14:18] + s[19:23] + s[24:]
	}
	if raw, err := hex.DecodeString(digits); err != nil || len(raw) != 16 {
		return "", Errorf(CodeInvalidArgument, "%s is no GUID: want 32 hexadecimal digits, as in 6f9619ff-8b86-d011-b42d-00cf4fc964ff", quote(s))
	}
	return hyphenate(strings.ToLower(digits)), nil
}

// MessageID returns the text by which the log knows the event again: the same
// tenant, Service, ID and topic give the same one. It is base64url of SHA-256.
func (e Event) MessageID(tenant string, topic Topic) string {
	sum := sha256.Sum256([]byte(strings.Join([]string{tenant, e.Service, e.ID, topic.String()}, "\n")))
	return base64.RawURLEncoding.EncodeToString(sum[:])
}
