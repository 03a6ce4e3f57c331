package ws

import "unicode/utf8"

// utf8Check validates text that comes in pieces: a character may be split
// between two of them.
type utf8Check struct {
	rest [utf8.UTFMax]byte // the beginning of a split character
	n    int
}

// valid says whether the text can still be valid with p added to it.
func (u *utf8Check) valid(p []byte) bool {
	for u.n > 0 && len(p) > 0 {
		u.rest[u.n], p = p[0], p[1:]
		u.n++
		if utf8.FullRune(u.rest[:u.n]) {
			if !utf8.Valid(u.rest[:u.n]) {
				return false
			}
			u.n = 0
		}
	}
	tail := splitTail(p)
	u.n += copy(u.rest[u.n:], p[len(p)-tail:])
	return utf8.Valid(p[:len(p)-tail])
}

// complete says whether the text ends with a whole character.
func (u *utf8Check) complete() bool { return u.n == 0 }

// splitTail counts the bytes at the end of p that begin a character which p
// does not hold whole.
func splitTail(p []byte) int {
	for i := 1; i < utf8.UTFMax && i <= len(p); i++ {
		if b := p[len(p)-i]; utf8.RuneStart(b) {
			if utf8.FullRune(p[len(p)-i:]) {
				return 0
			}
			return i
		}
	}
	return 0
}
