package document

import "strings"

// The longest parts of an address (RFC 5321, section 4.5.3.1).
const (
	maxLocal  = 64
	maxDomain = 255
)

// findEmail takes the address around the @ at next.
func (s *scanner) findEmail() {
	at := s.next
	s.next++
	start, end := s.localStart(at), s.domainEnd(at+1)
	if start == at || end == at+1 {
		return
	}
	confidence := 0.8
	if s.hint(start).has(hintEmail) || s.before(start).has(hintEmail) {
		confidence = maxConfidence
	}
	s.take(&s.email, start, end, confidence, maskEmail(s.buf[start:at], s.buf[at+1:end]))
}

// localStart is where the local part before the @ begins, or at if there is none.
func (s *scanner) localStart(at int) int {
	start, floor := at, max(s.taken, s.where.index)
	for start > floor && isLocal(s.buf[start-1]) {
		start--
		if at-start > maxLocal {
			return at
		}
	}
	for start < at && strings.IndexByte(".-'", s.buf[start]) >= 0 {
		start++ // what stands before an address, as a quote or a dash
	}
	if start < at && s.buf[at-1] == '.' {
		return at
	}
	return start
}

// isLocal leaves out what is allowed but stands for something else in texts, as
// = and / in the address of a page.
func isLocal(b byte) bool { return isWord(b) || strings.IndexByte(".-+%'", b) >= 0 }

// domainEnd is where the domain that starts at i ends, or i if there is none.
func (s *scanner) domainEnd(i int) int {
	stop := i
	for stop < len(s.buf) && stop-i <= maxDomain && isDomain(s.buf[stop]) {
		stop++
	}
	if stop-i > maxDomain {
		return i
	}
	for stop > i && !isLetter(s.buf[stop-1]) {
		stop-- // the end of a sentence, or a dash after it
	}
	name := string(s.buf[i:stop])
	if !isDomainName(name) {
		return i
	}
	return stop
}

func isDomain(b byte) bool { return isDigit(b) || isLetter(b) || b == '.' || b == '-' }

// isDomainName reports whether name has at least two labels, the last of letters,
// as every top-level domain but the internationalized ones.
func isDomainName(name string) bool {
	labels := strings.Split(name, ".")
	for _, label := range labels {
		if label == "" || len(label) > 63 || label[0] == '-' || label[len(label)-1] == '-' {
			return false
		}
	}
	top := labels[len(labels)-1]
	return len(labels) > 1 && len(top) > 1 && !strings.ContainsAny(top, "0123456789-") && !isFileExtension(top)
}

// isFileExtension knows what stands behind an @ in file names, as icon@2x.png.
func isFileExtension(top string) bool {
	switch strings.ToLower(top) {
	case "png", "jpg", "jpeg", "gif", "svg", "webp", "css", "js":
		return true
	default:
		return false
	}
}

// maskEmail leaves the first letters and the top-level domain.
func maskEmail(local, domain []byte) string {
	name := string(domain)
	return string(local[:1]) + "***@" + name[:1] + "***" + name[strings.LastIndexByte(name, '.'):]
}
